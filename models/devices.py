"""Where to compute: the device that a spec asks for, and the settings that make its results repeatable."""

from __future__ import annotations

import torch

from models.errors import Detail, FitError


def choose(wanted: str) -> torch.device:
    """The device for `auto`, `cpu`, `cuda` or `cuda:N`. Raises FitError device-unavailable."""
    if wanted == "cpu" or (wanted == "auto" and not torch.cuda.is_available()):
        return torch.device("cpu")
    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    index = int(wanted.partition(":")[2] or 0)
    if index >= count:
        allowed = ["cpu", *(f"cuda:{number}" for number in range(count))]
        message = f"{wanted} is not there: this machine has {count} CUDA devices"
        raise FitError(Detail("device-unavailable", message, "/device", wanted, allowed))
    return torch.device("cuda", index)


def make_repeatable(device: torch.device) -> None:
    """Ask for kernels that give the same bits each time; on the CPU they do anyway.

    CUDA's matrix products also need CUBLAS_WORKSPACE_CONFIG=:4096:8 in the environment before the first of them.
    """
    if device.type == "cuda":
        torch.backends.cudnn.benchmark = False
        torch.use_deterministic_algorithms(True, warn_only=True)


def use_threads(threads: int | None) -> int:
    """Let torch use so many CPU threads in this process (None: as it is); the number that it uses."""
    if threads is not None and threads != torch.get_num_threads():
        torch.set_num_threads(threads)
    return torch.get_num_threads()
