"""What every test may ask for: the shared data beside the repository, Fashion-MNIST's files."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[1]

# Two test processes share few cores; whoever imports torch later finds this.
os.environ.setdefault("OMP_NUM_THREADS", "1")


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
    candidates = [Path("/usr/share/datasets/fashion-mnist"), Path("/usr/share/dataset-fashion-mnist")]
    for folder in candidates:
        if (folder / "train-images-idx3-ubyte.gz").is_file():
            return folder
    pytest.skip("no Fashion-MNIST files here (Debian: apt install dataset-fashion-mnist)")
