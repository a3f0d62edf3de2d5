"""The zip of a deploy, unpacked without trusting it.

Owns the limits. They are counted on what really comes out, since the sizes that a zip declares are
the sender's own words. Salesforce takes 10,000 files, 39 MB zipped and 400 MB unzipped; this org
takes less unzipped, as it holds everything in memory. Nothing is ever written to disk by name.
Source: Metadata API guide, "deploy()" and "Metadata Limits".
"""

from __future__ import annotations

import io
import zipfile
import zlib

MOST_FILES = 10_000
LARGEST_ZIP = 39 * 1024 * 1024
LARGEST_FILE = 16 * 1024 * 1024
LARGEST_CONTENT = 64 * 1024 * 1024
_BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    NotImplementedError,
    RuntimeError,
    OSError,
    ValueError,
)


class ArchiveError(Exception):
    """The zip cannot be taken; somebody must send another one."""


def read_archive(data: bytes) -> dict[str, bytes]:
    """The files of a zip by their path inside it.

    Raises ArchiveError for what is no zip, is too large, or names a file outside of itself.
    """
    if len(data) > LARGEST_ZIP:
        raise ArchiveError(f"The zip has {len(data)} bytes; {LARGEST_ZIP} are allowed.")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return _read_members(archive)
    except _BROKEN as error:
        raise ArchiveError(f"The zip cannot be read: {error}") from error


def _read_members(archive: zipfile.ZipFile) -> dict[str, bytes]:
    entries = [entry for entry in archive.infolist() if not entry.is_dir()]
    if len(entries) > MOST_FILES:
        raise ArchiveError(f"The zip has {len(entries)} files; {MOST_FILES} are allowed.")
    members: dict[str, bytes] = {}
    left = LARGEST_CONTENT
    for entry in entries:
        _check_name(entry.filename)
        if entry.filename in members:
            raise ArchiveError(f"{entry.filename} is in the zip twice.")
        members[entry.filename] = content = _read_member(archive, entry, left)
        left -= len(content)
    return members


def _check_name(name: str) -> None:
    parts = name.split("/")
    if name.startswith("/") or "\\" in name or ":" in parts[0] or {"", ".", ".."} & set(parts):
        raise ArchiveError(f"{name!r} is not a path inside the zip.")
    if not name.isprintable():
        raise ArchiveError(f"{name!r} has characters that no file name has.")


def _read_member(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, left: int) -> bytes:
    most = min(LARGEST_FILE, left)
    with archive.open(entry) as member:
        content = member.read(most + 1)
    if len(content) > most:
        raise ArchiveError(
            f"{entry.filename} is too large: a file has at most {LARGEST_FILE} bytes, "
            f"the whole zip {LARGEST_CONTENT}."
        )
    return content
