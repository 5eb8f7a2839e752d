"""The decision records have their form, and govern files that exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
FOLDER = REPOSITORY / "docs" / "decisions"
PAGES = sorted(FOLDER.glob("[0-9]*.md"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_has_its_parts_and_its_files_exist(page: Path) -> None:
    text = page.read_text()
    parts = re.findall(r"^\*\*(.+?)\.\*\*", text, re.MULTILINE)
    assert parts == ["Context", "Decision", "Consequences", "Alternatives considered", "Files"]
    assert text.startswith(f"# {int(page.name[:4])}. ")
    for path in re.findall(
        r"`((?:models|service|workers|tests|migrations)/[\w./]*)`", text.rpartition("**Files.**")[2]
    ):
        assert (REPOSITORY / path).exists(), path


def test_the_index_lists_every_page() -> None:
    listed = re.findall(r"\]\((\d{4}-[a-z-]+\.md)\)", (FOLDER / "README.md").read_text())
    assert listed == [page.name for page in PAGES]
