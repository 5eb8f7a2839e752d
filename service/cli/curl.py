"""Calls as a person types them: shown, then made by curl itself."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
from pathlib import Path
from typing import Any

from rich.console import Console

QUIETLY = ("--silent", "--show-error", "--fail-with-body", "--noproxy", "*")
FIRST_WITH_JSON = (7, 82)
LONGEST = 72
"""Characters of a value that is shown whole."""


class CurlFailed(Exception):  # noqa: N818  a state to report, not a mishap
    """curl is missing, could not reach the service, or got a problem as its answer."""


class Curl:
    """Shows and makes calls to one service, and shows what came back."""

    def __init__(self, url: str, console: Console) -> None:
        self.url = url
        self.console = console
        self.has_json = _version() >= FIRST_WITH_JSON

    def get(self, path: str) -> Any:
        """GET."""
        return self._call([], path)

    def post(self, path: str, body: dict[str, Any], *headers: str) -> Any:
        """POST a JSON body."""
        text = json.dumps(body)
        data = ["--json", text] if self.has_json else ["-H", "Content-Type: application/json", "-d", text]
        return self._call([*(part for header in headers for part in ("-H", header)), *data], path)

    def send(self, path: str, file: Path) -> Any:
        """Send a file: `curl -T`."""
        return self._call(["-T", str(file)], path)

    def save(self, path: str, file: Path) -> None:
        """GET into a file."""
        self._run(["-o", str(file), self.url + path])

    def _call(self, arguments: list[str], path: str) -> Any:
        answer = json.loads(self._run([*arguments, self.url + path]))
        for line in shown(answer):
            self.console.print(line, style="dim", highlight=False, markup=False, soft_wrap=True)
        return answer

    def _run(self, arguments: list[str]) -> str:
        self.console.print(
            f"$ curl {shlex.join(arguments)}", style="bold", highlight=False, markup=False, soft_wrap=True
        )
        done = subprocess.run(  # noqa: S603  our own arguments
            ["curl", *QUIETLY, *arguments],  # noqa: S607  curl of the PATH
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise CurlFailed((done.stdout or done.stderr).strip())
        return done.stdout


def shown(answer: Any) -> list[str]:
    """The answer as indented JSON, a line for each member; long ones are cut."""
    if not isinstance(answer, dict):
        return [_cut(answer)]
    return ["{", *(f'  "{name}": {_cut(value)}' for name, value in answer.items() if value not in (None, [], {})), "}"]


def _cut(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]} ..."


def _version() -> tuple[int, ...]:
    try:
        told = subprocess.run(["curl", "--version"], capture_output=True, text=True, check=True).stdout  # noqa: S607
    except FileNotFoundError:
        raise CurlFailed("curl is needed and was not found; on Debian or Ubuntu: sudo apt install curl") from None
    found = re.match(r"curl (\d+)\.(\d+)", told)
    return tuple(map(int, found.groups())) if found else (0,)
