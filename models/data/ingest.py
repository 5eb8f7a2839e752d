"""An upload -> a dataset version on disk.

    ingested = ingest(upload, IngestOptions(), into)      # models.events.Ingested
    dataset = Dataset.open(Path(ingested.folder))

The same upload with the same options gives the same folder name. What is wrong with the upload is a DataError that says
where; then nothing is left behind.
"""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from pathlib import Path

from models.data.archive import Entry, check_archive, open_archive
from models.data.canonical import Content, Workplace
from models.data.connectors.folders import files_of
from models.data.connectors.idx import is_idx_zip, read_idx, read_idx_zip
from models.data.connectors.images_zip import read_images_zip
from models.data.connectors.tables import is_table, read_table, read_tables_zip
from models.data.options import IngestOptions
from models.data.sniff import sniff
from models.errors import DataError, Detail
from models.events import Ingested


def ingest(upload: Path, options: IngestOptions, into: Path, content_type: str | None = None) -> Ingested:
    """Read the upload into `into`/SHA-256/ (see models.data.store). Raises DataError."""
    with upload.open("rb") as file:
        form = sniff(file.read(4096), content_type, options.filename, options.format)
    into.mkdir(parents=True, exist_ok=True)
    with Workplace(into) as at:
        return at.finish(_content(upload, form, options, at))


def _content(upload: Path, form: str, options: IngestOptions, at: Workplace) -> Content:
    if form == "idx":
        return read_idx(upload, options, at)
    if form != "zip":
        return read_table(upload, options, form, at)
    entries = check_archive(upload)
    with open_archive(upload) as archive:
        return _from_zip(archive, entries, options, at)


def _from_zip(archive: zipfile.ZipFile, entries: Sequence[Entry], options: IngestOptions, at: Workplace) -> Content:
    files, _ = files_of(entries)
    if any(file.path == "[Content_Types].xml" for file in files):
        fix = "save the sheet as CSV"
        raise DataError(Detail("unsupported-media-type", "this is an Office file, which is not read", fix=fix))
    if not files and not entries:
        raise DataError(Detail("dataset-empty", "the archive is empty"))
    if files and all(is_table(file.path) for file in files):
        return read_tables_zip(archive, entries, options, at)
    if is_idx_zip(archive, files):
        return read_idx_zip(archive, entries, options, at)
    return read_images_zip(archive, entries, options, at)
