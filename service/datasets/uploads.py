"""An upload on its way to the disk: counted, hashed, looked at early, and gone where it is refused."""

from __future__ import annotations

import base64
import errno
import hashlib
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO

from models.data.archive import check_archive
from models.data.options import IngestOptions
from models.data.sniff import sniff
from service.artifacts import Artifacts
from service.errors import ChecksumMismatch, Fault, InsufficientStorage, Invalid, InvalidHeader, PayloadTooLarge
from service.settings import Settings

HEAD = 4096
"""So many bytes tell what an upload is."""


class Upload:
    """An upload on its way to the disk: counted, hashed, looked at early.

    Raises PayloadTooLarge, InsufficientStorage, and DataError as soon as the first bytes tell what it is.
    """

    def __init__(self, settings: Settings, content_type: str | None, options: IngestOptions) -> None:
        self.options = options
        self.bytes = 0
        self.files = 1
        """Files that came in it, one behind the other (an IDX pair by multipart)."""
        self._limit = settings.upload_bytes
        self._reserve = settings.free_bytes
        self._content_type = content_type
        self._hash = hashlib.sha256()
        self._head = b""
        settings.temporary.mkdir(parents=True, exist_ok=True)
        with _disk():
            self._file: IO[bytes] = tempfile.NamedTemporaryFile(  # noqa: SIM115  closed by keep() or discard()
                prefix="upload-", dir=settings.temporary, buffering=0, delete=False
            )
        self.path = Path(self._file.name)

    @property
    def sha256(self) -> str:
        """Of all bytes so far."""
        return self._hash.hexdigest()

    def write(self, data: bytes) -> None:
        """The next bytes."""
        self.bytes += len(data)
        if self.bytes > self._limit:
            raise PayloadTooLarge(
                f"An upload has at most {self._limit} bytes.", [Fault("Too long.", allowed=self._limit)]
            )
        if len(self._head) < HEAD:
            self._head += data[: HEAD - len(self._head)]
            if len(self._head) == HEAD:
                self._sniff()
        self._hash.update(data)
        with _disk():
            if shutil.disk_usage(self.path.parent).free - len(data) < self._reserve:
                raise InsufficientStorage
            self._file.write(data)

    def describe(self, options: IngestOptions, content_type: str | None, files: int) -> None:
        """What a multipart body told in between: options, the part's type, the number of files."""
        self.options, self._content_type, self.files = options, content_type, files

    def _sniff(self) -> str:
        return sniff(self._head, self._content_type, self.options.filename, self.options.format)

    def finish(self, digest: str | None) -> IngestOptions:
        """Check the whole; returns the options with the format that was found. `digest` is a Content-Digest header."""
        check_digest(digest, self._hash.digest())
        self.options = self.options.model_copy(update={"format": self._sniff()})
        if self.files > 1 and self.options.format != "idx":
            raise Invalid(Fault("Several files in one upload must be IDX files.", "several-files", fix="Send a zip."))
        if self.options.format == "zip":
            check_archive(self.path)
        return self.options

    def keep(self, artifacts: Artifacts) -> None:
        """Hand the bytes over to the artifacts."""
        with _disk():
            os.fsync(self._file.fileno())
            self._file.close()
            artifacts.keep("uploads", self.path, self.sha256)

    def discard(self) -> None:
        """Forget the bytes; nothing happens after keep()."""
        self._file.close()
        self.path.unlink(missing_ok=True)


@contextmanager
def _disk() -> Iterator[None]:
    """A full disk is 507."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise InsufficientStorage from error
        raise


def check_digest(header: str | None, digest: bytes) -> None:
    """Compare with a Content-Digest (RFC 9530: `sha-256=:BASE64:`). Raises InvalidHeader, ChecksumMismatch."""
    if header is None:
        return
    known = re.search(r"sha-256=:([A-Za-z0-9+/=]+):", header)
    if known is None:
        raise InvalidHeader("Content-Digest: only sha-256=:BASE64: is known.")
    if known[1] != base64.b64encode(digest).decode():
        given = "sha-256=:" + base64.b64encode(digest).decode() + ":"
        raise ChecksumMismatch(errors=[Fault("The digest differs.", parameter="Content-Digest", given=given)])


def label_of(filename: str) -> str:
    """A client's file name as a label: no folders, printable, short."""
    name = PurePosixPath(filename.replace("\\", "/")).name
    return "".join(char for char in name if char.isprintable())[:255]
