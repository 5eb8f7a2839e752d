"""The folders of an archive -> part and class of each picture. Pure functions of paths.

`cat/1.png`; `train/cat/1.png`, `test/cat/9.png`; either below one wrapping folder. Deeper folders belong to their
class. Pictures without any folder are pictures without labels.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import NamedTuple

from models.data.archive import Entry
from models.data.description import Notice
from models.data.infer import category_order
from models.data.splits import part_name
from models.data.store import PARTS
from models.errors import DataError, Detail

DOCUMENTS = (".txt", ".md", ".rst", ".html", ".pdf", ".json", ".csv", ".yaml", ".yml", ".xml", "")
"""Suffixes of files at the top of an archive of pictures that are passed over (README, LICENSE, labels.csv ...)."""


class Placed(NamedTuple):
    """A picture with its part ("" without given parts) and class ("" without classes)."""

    part: str
    label: str
    entry: Entry


@dataclass(frozen=True)
class Layout:
    """All pictures in the order in which they are stored: train, validation, test; classes in order; paths in order."""

    pictures: Sequence[Placed]
    classes: Sequence[str]
    notices: tuple[Notice, ...] = ()


def files_of(entries: Sequence[Entry]) -> tuple[list[Entry], tuple[Notice, ...]]:
    """The files that are meant, without those that operating systems leave behind, and a notice that says so."""
    files = [entry for entry in entries if not entry.is_folder]
    meant = [entry for entry in files if not _left_behind(entry.path)]
    return meant, _passed_over("hidden-files", [entry for entry in files if _left_behind(entry.path)])


def layout_of(entries: Sequence[Entry]) -> Layout:
    """Where each picture belongs. Raises class-empty for a named folder without pictures, folders-unclear."""
    files, notices = files_of(entries)
    wrap = _wrapping([_folders(entry.path) for entry in files])
    inside = [(entry, _folders(entry.path)[wrap:]) for entry in files]
    documents = [entry for entry, folders in inside if not folders and _suffix(entry.path) in DOCUMENTS]
    inside = [(entry, folders) for entry, folders in inside if entry not in documents]
    by_part = _has_parts([folders for _, folders in inside])
    placed = sorted((_placed(entry, folders, by_part) for entry, folders in inside), key=_order)
    _refuse_mixture(placed)
    _refuse_empty(entries, files, wrap, by_part)
    classes = sorted({picture.label for picture in placed} - {""}, key=category_order)
    return Layout(placed, classes, (*notices, *_passed_over("files-passed-over", documents), *_lone(placed, classes)))


def _placed(entry: Entry, folders: Sequence[str], by_part: bool) -> Placed:
    part = (part_name(folders[0]) or "") if by_part else ""
    rest = folders[1:] if by_part else folders
    return Placed(part, rest[0] if rest else "", entry)


def _order(picture: Placed) -> tuple[int, tuple[bool, int, str], str]:
    part = PARTS.index(picture.part) if picture.part else 0
    return part, category_order(picture.label), picture.entry.path


def _folders(path: str) -> list[str]:
    return path.rstrip("/").split("/")[: None if path.endswith("/") else -1]


def _suffix(path: str) -> str:
    return PurePosixPath(path).suffix.lower()


def _left_behind(path: str) -> bool:
    names = path.rstrip("/").split("/")
    return any(name.startswith(".") or name == "__MACOSX" for name in names) or names[-1].lower() in (
        "thumbs.db",
        "desktop.ini",
    )


def _wrapping(folders: Sequence[Sequence[str]]) -> int:
    """How many folders all files share above their class: only folders with folders in them, and no part's folder."""
    depth = 0
    while True:
        tops = {tuple(path[depth : depth + 1]) for path in folders}
        deeper = all(len(path) > depth + 1 for path in folders)
        if len(tops) != 1 or not deeper or not folders or part_name(folders[0][depth]):
            return depth
        depth += 1


def _has_parts(folders: Sequence[Sequence[str]]) -> bool:
    """Whether the top folders are parts. A single class called "test" beside other classes is a class."""
    tops = {path[0] for path in folders if path}
    named = {top for top in tops if part_name(top)}
    if named == tops and all(folders):
        return bool(named)
    if all(len(path) < 2 for path in folders if path and path[0] in named):
        return False
    other = next(iter(sorted(tops - named)), "a file without a folder")
    message = f"beside {', '.join(sorted(named))} there is {other}: are these parts or classes?"
    raise DataError(Detail("folders-unclear", message, fix="use train/CLASS/..., or CLASS/... throughout"))


def _refuse_mixture(placed: Sequence[Placed]) -> None:
    labelled = [bool(picture.label) for picture in placed]
    if any(labelled) and not all(labelled):
        path = placed[labelled.index(False)].entry.path
        message = f"{path} is in no class folder, other files are"
        raise DataError(Detail("folders-unclear", message, pointer=path, fix="move it into the folder of its class"))


def _refuse_empty(entries: Sequence[Entry], files: Sequence[Entry], wrap: int, by_part: bool) -> None:
    used = {tuple(_folders(entry.path)[:depth]) for entry in files for depth in range(1, 22)}
    class_depth = wrap + 1 + by_part
    for entry in entries:
        folders = _folders(entry.path) if entry.is_folder and not _left_behind(entry.path) else []
        if len(folders) == class_depth and tuple(folders) not in used:
            message = f"the class folder {entry.path} has no pictures"
            raise DataError(Detail("class-empty", message, pointer=entry.path, fix="add pictures or remove the folder"))


def _lone(placed: Sequence[Placed], classes: Sequence[str]) -> tuple[Notice, ...]:
    trained = {picture.label for picture in placed if picture.part in ("", "train")}
    missing = [name for name in classes if name not in trained]
    if not missing:
        return ()
    return (Notice(code="class-not-in-train", message=f"train has no picture of {', '.join(missing)}", column="label"),)


def _passed_over(code: str, entries: Sequence[Entry]) -> tuple[Notice, ...]:
    if not entries:
        return ()
    shown = ", ".join(entry.path for entry in entries[:5]) + (" ..." if len(entries) > 5 else "")
    return (Notice(code=code, message=f"{len(entries)} files were passed over: {shown}"),)
