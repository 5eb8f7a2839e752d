"""docker-compose.yml and Dockerfile, as far as they can be checked without Docker."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.main import get_command

from service.cli import app
from service.cli.processes import worker_command
from service.settings import Settings

REPOSITORY = Path(__file__).parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((REPOSITORY / "docker-compose.yml").read_text())
DOCKERFILE = (REPOSITORY / "Dockerfile").read_text()
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = [name for name, service in SERVICES.items() if service["image"] == "fitserve"]


def test_the_services_are_those_of_the_readme() -> None:
    assert set(SERVICES) == {"migrate", "api", "worker", "worker-gpu", "redis", "postgres"}
    assert SERVICES["worker-gpu"]["profiles"] == ["gpu"]


@pytest.mark.parametrize("name", SERVICES)
def test_nobody_is_root_and_nothing_is_writable_but_volumes(name: str) -> None:
    service = SERVICES[name]
    assert service["user"] not in ("0", "root", "0:0")
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]


def test_only_the_api_is_published_and_only_on_loopback() -> None:
    published = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    assert published == {"api": ["127.0.0.1:${FITSERVE_PORT:-8000}:8000"]}
    assert COMPOSE["networks"]["inside"] == {"internal": True}


@pytest.mark.parametrize("name", [name for name in SERVICES if name != "migrate"])
def test_whatever_runs_has_a_health_check(name: str) -> None:
    assert SERVICES[name]["healthcheck"]["test"]


def test_the_worker_asks_for_itself() -> None:
    asked = SERVICES["worker"]["healthcheck"]["test"][1]
    assert asked.endswith("--destination fitserve@$$HOSTNAME")
    assert "fitserve@%h" in worker_command(Settings())


@pytest.mark.parametrize("name", OURS)
def test_the_commands_are_commands_of_fitserve(name: str) -> None:
    program, *words = SERVICES[name]["command"]
    commands = getattr(get_command(app), "commands")  # noqa: B009  click's type does not promise it
    assert program == "fitserve"
    assert words[0] in commands


def test_redis_and_postgres_have_passwords_that_must_be_set() -> None:
    text = (REPOSITORY / "docker-compose.yml").read_text()
    assert set(re.findall(r"\$\{(\w+):\?", text)) == {"POSTGRES_PASSWORD", "REDIS_PASSWORD"}
    assert "--requirepass" in " ".join(SERVICES["redis"]["command"])


def test_every_setting_that_is_named_exists() -> None:
    named = re.findall(r"\bFITSERVE_([A-Z_]+)", DOCKERFILE + (REPOSITORY / "docker-compose.yml").read_text())
    assert {name.lower() for name in named} <= set(Settings.model_fields)


def test_workers_have_room_in_dev_shm() -> None:
    assert SERVICES["worker"]["shm_size"] == SERVICES["worker-gpu"]["shm_size"] == "1gb"


def test_the_image_pins_what_the_project_pins_and_is_not_root() -> None:
    pinned = re.search(r"^torch==\S+$", (REPOSITORY / "constraints.txt").read_text(), re.MULTILINE)
    assert pinned is not None
    assert f'ARG TORCH="{pinned[0]}"' in DOCKERFILE
    assert "--constraint constraints.txt" in DOCKERFILE
    assert re.search(r"^USER 10001:10001$", DOCKERFILE, re.MULTILINE)


def test_every_folder_that_the_image_copies_exists_and_is_let_through() -> None:
    ignored = (REPOSITORY / ".dockerignore").read_text().splitlines()
    for line in re.findall(r"^COPY (.+)$", DOCKERFILE, re.MULTILINE):
        for source in line.split()[:-1]:
            assert (REPOSITORY / source).exists()
            assert f"!{source}" in ignored
