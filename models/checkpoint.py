"""The bundle on disk: a folder that alone suffices to predict and, with its resume part, to go on fitting.

    manifest.json               format, and size and SHA-256 of every file; its own SHA-256 is the folder's name
    spec.json                   the resolved spec
    state.json                  what the transforms and the task learned; small tensors written out, exactly
    weights.safetensors         the network's parameters and buffers
    metrics.json                epoch, step, and what was measured then
    resume/resume.json          where the fit stands
    resume/resume.safetensors   optimizer, random generators, best weights so far
    clock.json                  seconds used so far: not in the manifest, as equal states shall have equal names

A bundle is whole or absent: written under a temporary name, fsynced, renamed, and the parent folder fsynced.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors import torch as safetensors
from torch import Tensor

from models.errors import CheckpointError, Detail
from models.faults import failpoint

FORMAT = 1

NAMES = {
    "spec.json",
    "state.json",
    "weights.safetensors",
    "metrics.json",
    "resume/resume.json",
    "resume/resume.safetensors",
}
"""What a manifest may list."""

TEMPORARY = "tmp-"
"""Prefix of folders that are being written; older ones of dead processes may be deleted."""


@dataclass(frozen=True)
class Resume:
    """What else is needed to go on: tensors, and JSON values."""

    tensors: dict[str, Tensor]
    values: dict[str, Any]


@dataclass(frozen=True)
class Checkpoint:
    """The content of a bundle. `state` may hold tensors anywhere inside; `resume` is None where one cannot go on."""

    spec: dict[str, Any]
    state: dict[str, Any]
    weights: dict[str, Tensor]
    metrics: dict[str, Any]
    resume: Resume | None = None
    seconds: float = 0.0


@dataclass(frozen=True)
class Saved:
    """A bundle that is complete on disk."""

    folder: Path
    sha256: str
    bytes: int


def save(checkpoint: Checkpoint, into: Path) -> Saved:
    """Write the bundle into a folder of `into` named by its content; equal content is written once.

    Raises OSError (disk full ...), and leaves nothing behind then.
    """
    files = _serialized(checkpoint)
    manifest = _json({"format": FORMAT, "files": {name: _entry(data) for name, data in files.items()}})
    sha256 = hashlib.sha256(manifest).hexdigest()
    folder = into / sha256
    if not _is_whole(folder):
        clock = _json({"seconds": checkpoint.seconds})
        _write_folder(folder, {**files, "clock.json": clock, "manifest.json": manifest})
    return Saved(folder, sha256, len(manifest) + sum(map(len, files.values())))


def load(folder: Path, sha256: str | None = None, resume: bool = True) -> Checkpoint:
    """Read and verify a bundle; the expected hash is `sha256` or the folder's name. Without `resume` that part is left.

    Raises CheckpointError: checkpoint-not-found, checkpoint-corrupt, checkpoint-format-unsupported.
    """
    listed = _manifest(folder, sha256)
    wanted = [name for name in listed if resume or not name.startswith("resume/")]
    files = {name: _verified(folder, name, listed[name]) for name in wanted}
    try:
        return _checkpoint(files, _seconds(folder))
    except (SafetensorError, KeyError, ValueError, TypeError) as error:
        raise _corrupt(f"the content cannot be read: {type(error).__name__}") from error


def _serialized(checkpoint: Checkpoint) -> dict[str, bytes]:
    files = {
        "spec.json": _json(checkpoint.spec),
        "state.json": _json(_written_out(checkpoint.state)),
        "weights.safetensors": _tensors(checkpoint.weights),
        "metrics.json": _json(checkpoint.metrics),
    }
    if checkpoint.resume is not None:
        files["resume/resume.json"] = _json(checkpoint.resume.values)
        files["resume/resume.safetensors"] = _tensors(checkpoint.resume.tensors)
    return files


def _checkpoint(files: dict[str, bytes], seconds: float) -> Checkpoint:
    resume = None
    if "resume/resume.json" in files:
        tensors = safetensors.load(files["resume/resume.safetensors"])
        resume = Resume(tensors, json.loads(files["resume/resume.json"]))
    return Checkpoint(
        spec=json.loads(files["spec.json"]),
        state=_read_back(json.loads(files["state.json"])),
        weights=safetensors.load(files["weights.safetensors"]),
        metrics=json.loads(files["metrics.json"]),
        resume=resume,
        seconds=seconds,
    )


def _json(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()


def _tensors(tensors: dict[str, Tensor]) -> bytes:
    return safetensors.save({name: tensors[name].detach().cpu().contiguous().clone() for name in sorted(tensors)})


def _written_out(value: Any) -> Any:
    """Tensors as JSON objects; Python writes a float with the digits that read back as the same float."""
    if isinstance(value, Tensor):
        dtype = str(value.dtype).removeprefix("torch.")
        return {"tensor": dtype, "shape": list(value.shape), "values": value.flatten().tolist()}
    if isinstance(value, dict):
        return {key: _written_out(each) for key, each in value.items()}
    return [_written_out(each) for each in value] if isinstance(value, list | tuple) else value


_DTYPES = {"float64": torch.float64, "float32": torch.float32, "int64": torch.int64, "bool": torch.bool}


def _read_back(value: Any) -> Any:
    if isinstance(value, dict) and value.keys() == {"tensor", "shape", "values"}:
        return torch.tensor(value["values"], dtype=_DTYPES[value["tensor"]]).reshape(value["shape"])
    if isinstance(value, dict):
        return {key: _read_back(each) for key, each in value.items()}
    return [_read_back(each) for each in value] if isinstance(value, list) else value


def _entry(data: bytes) -> dict[str, Any]:
    return {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}


def _write_folder(folder: Path, files: dict[str, bytes]) -> None:
    failpoint("ckpt.open")
    folder.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix=TEMPORARY, dir=folder.parent))
    try:
        _write_files(temporary, files)
        if folder.exists():  # damaged: a whole one is not written again
            shutil.rmtree(folder)
        temporary.rename(folder)
        failpoint("ckpt.renamed")
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise
    _fsync(folder.parent)
    failpoint("ckpt.dirsynced")


def _write_files(folder: Path, files: dict[str, bytes]) -> None:
    for index, (name, data) in enumerate(files.items()):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(data)
        if index == len(files) // 2:
            failpoint("ckpt.half")
    failpoint("ckpt.written")
    for name in files:
        _fsync(folder / name)
    for inside in [path for path in folder.iterdir() if path.is_dir()]:
        _fsync(inside)
    _fsync(folder)
    failpoint("ckpt.fsynced")


def _fsync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _is_whole(folder: Path) -> bool:
    with suppress(CheckpointError):
        return all(_verified(folder, name, entry) is not None for name, entry in _manifest(folder).items())
    return False


def _manifest(folder: Path, sha256: str | None = None) -> dict[str, Any]:
    try:
        data = (folder / "manifest.json").read_bytes()
    except OSError as error:
        raise CheckpointError(Detail("checkpoint-not-found", "the checkpoint's files are not there")) from error
    expected = sha256 or (folder.name if re.fullmatch(r"[0-9a-f]{64}", folder.name) else None)
    if expected is not None and hashlib.sha256(data).hexdigest() != expected:
        raise _corrupt("the manifest is not the one that was saved")
    try:
        manifest = json.loads(data)
        listed: dict[str, Any] = manifest["files"]
    except (ValueError, KeyError, TypeError) as error:
        raise _corrupt("the manifest cannot be read") from error
    if manifest.get("format") != FORMAT:
        message = f"the checkpoint has format {manifest.get('format')}; this version reads format {FORMAT}"
        raise CheckpointError(Detail("checkpoint-format-unsupported", message))
    if not NAMES.issuperset(listed):
        raise _corrupt("the manifest lists files that do not belong there")
    return listed


def _verified(folder: Path, name: str, entry: dict[str, Any]) -> bytes:
    try:
        data = (folder / name).read_bytes()
    except OSError as error:
        raise _corrupt(f"{name} is missing") from error
    if hashlib.sha256(data).hexdigest() != entry["sha256"]:
        raise _corrupt(f"{name} has changed since it was saved")
    return data


def _seconds(folder: Path) -> float:
    with suppress(OSError, ValueError, KeyError, TypeError):
        return float(json.loads((folder / "clock.json").read_bytes())["seconds"])
    return 0.0


def _corrupt(message: str) -> CheckpointError:
    return CheckpointError(Detail("checkpoint-corrupt", f"the checkpoint is damaged: {message}"))
