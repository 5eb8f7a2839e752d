"""README.md keeps its word: its tour runs, and every setting, route and command is in it."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from typer.main import get_command

from service.app import create_app
from service.cli import app
from service.settings import Settings
from tests.processes import Service

REPOSITORY = Path(__file__).parents[2]
README = (REPOSITORY / "README.md").read_text()
TOUR = "\n".join(re.findall(r"```sh\n(.+?)```", README, re.DOTALL))
CURLRC = 'silent\nshow-error\nwrite-out = "%{stderr}HTTP %{http_code}\\n"\n'


def test_the_tour_runs_and_answers_as_it_says(service: Service, tmp_path: Path) -> None:
    """Every call is 2xx but those that a comment announces otherwise."""
    (tmp_path / ".curlrc").write_text(CURLRC)
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", TOUR.replace("localhost:8000", service.url)],
        cwd=tmp_path,
        env=service.environment | {"CURL_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    codes = [int(code) for code in re.findall(r"^HTTP (\d+)$", done.stderr, re.MULTILINE)]
    assert len(codes) == len(re.findall(r"^curl", TOUR, re.MULTILINE))
    assert [code for code in codes if code >= 400] == [int(code) for code in re.findall(r"# (4\d\d)", TOUR)]
    assert '"label":"versicolor"' in done.stdout
    assert "event: done" in done.stdout


def test_every_setting_is_documented_with_its_default() -> None:
    documented = dict(re.findall(r"^\| `FITSERVE_(\w+)` \| `?([^`|]*?)`? \|", README, re.MULTILINE))
    assert documented == {name.upper(): _shown(field.default) for name, field in Settings.model_fields.items()}


def _shown(default: object) -> str:
    if isinstance(default, bool):
        return str(default).lower()
    return f"{default:g}" if isinstance(default, float) else str(default)


def test_every_route_is_documented_and_no_other(tmp_path: Path) -> None:
    table = README.partition("## Endpoints")[2].partition("\n## ")[0]
    documented = set(re.findall(r"`(GET|POST|PUT|DELETE|PATCH) (/[^`]*)`", table))
    paths = create_app(Settings(home=tmp_path)).openapi()["paths"]
    assert documented == {(method.upper(), path) for path, item in paths.items() for method in item}


def test_every_command_is_documented_and_no_other() -> None:
    table = README.partition("## Commands")[2].partition("\n## ")[0]
    documented = set(re.findall(r"`fitserve ([a-z ]+)`", table))
    assert documented == set(_commands(get_command(app)))


def _commands(group: Any, prefix: str = "") -> Iterator[str]:
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from _commands(command, f"{prefix}{name} ")
        else:
            yield f"{prefix}{name}"


def test_every_make_target_that_is_named_exists() -> None:
    pages = README + (REPOSITORY / "CONTRIBUTING.md").read_text()
    named = set(re.findall(r"\bmake ([a-z-]+)\b", "\n".join(re.findall(r"`[^`]+`|```.+?```", pages, re.DOTALL))))
    targets = set(re.findall(r"^([a-z-]+):", (REPOSITORY / "Makefile").read_text(), re.MULTILINE))
    assert named <= targets


def test_every_page_that_is_linked_exists() -> None:
    for page in [*REPOSITORY.glob("*.md"), *(REPOSITORY / "docs").rglob("*.md"), REPOSITORY / "examples" / "README.md"]:
        for link in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text()):
            assert (page.parent / link).exists(), f"{page}: {link}"
