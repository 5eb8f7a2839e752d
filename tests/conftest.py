"""What every test may ask for: a running service, the shared data beside the repository, Fashion-MNIST's files."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from models.data.builtin import fashion
from tests.processes import Service, running

REPOSITORY = Path(__file__).parents[1]

# Two test processes share few cores; whoever imports torch later finds this.
os.environ.setdefault("OMP_NUM_THREADS", "1")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests that use the running service are journeys, and run in one process, so that there is one service."""
    for item in items:
        if "service" in getattr(item, "fixturenames", ()) or "journeys" in item.path.parts:
            item.add_marker(pytest.mark.journey)
            item.add_marker(pytest.mark.xdist_group("journeys"))


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """The real service: `fitserve serve` on a free port with a home of its own, once per session."""
    with running(tmp_path_factory.mktemp("service")) as started:
        yield started


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real data and reference scripts; tests that need it are skipped where it is absent."""
    folder = Path(os.environ.get("FITSERVE_SHARED", REPOSITORY.parent / "shared"))
    if not (folder / "data").is_dir():
        pytest.skip(f"no shared data in {folder} (FITSERVE_SHARED names the folder)")
    return folder


@pytest.fixture(scope="session")
def fashion_files() -> Path:
    """The folder that Debian's package dataset-fashion-mnist fills."""
    folder = fashion.find(fashion.FOLDERS)
    if folder is None:
        pytest.skip("no Fashion-MNIST files here (Debian: apt install dataset-fashion-mnist)")
    return folder
