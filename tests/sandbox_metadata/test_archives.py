from __future__ import annotations

import io
import zipfile

import pytest

from sandbox.metadata import archive
from sandbox.metadata.archive import ArchiveError, read_archive
from tests.sandbox_metadata.mdapi import zip_of


def test_files_come_out_by_their_path() -> None:
    assert read_archive(zip_of({"package.xml": "a", "objects/A.object": "b"})) == {
        "package.xml": b"a",
        "objects/A.object": b"b",
    }


@pytest.mark.parametrize(
    "name",
    [
        "../evil.xml",
        "/etc/passwd",
        "objects/../../evil",
        "C:/evil",
        "objects\\evil",
        "a//b",
        "a\nb",
    ],
)
def test_a_path_that_leads_elsewhere_is_refused(name: str) -> None:
    with pytest.raises(ArchiveError, match=r"not a path|characters"):
        read_archive(zip_of({name: "x"}))


def test_a_file_that_unpacks_too_large_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "LARGEST_FILE", 1_000)

    with pytest.raises(ArchiveError, match=r"a.xml is too large"):
        read_archive(zip_of({"a.xml": b"0" * 1_001}))

    assert len(read_archive(zip_of({"a.xml": b"0" * 1_000}))["a.xml"]) == 1_000


def test_many_small_files_that_unpack_too_large_are_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(archive, "LARGEST_CONTENT", 2_500)

    with pytest.raises(ArchiveError, match=r"c.xml is too large"):
        read_archive(zip_of(dict.fromkeys(("a.xml", "b.xml", "c.xml"), b"0" * 1000)))


def test_a_bomb_of_real_size_is_refused_without_being_unpacked() -> None:
    bomb = zip_of({"package.xml": bytes(archive.LARGEST_FILE + 1)})

    assert len(bomb) < 20_000
    with pytest.raises(ArchiveError, match="too large"):
        read_archive(bomb)


def test_a_size_that_lies_does_not_help() -> None:
    data = bytearray(zip_of({"a.xml": b"0" * 5_000}))
    central = data.rindex(b"PK\x01\x02")
    data[central + 24 : central + 28] = (10).to_bytes(4, "little")

    with pytest.raises(ArchiveError, match="cannot be read"):
        read_archive(bytes(data))


def test_too_many_files_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MOST_FILES", 2)

    with pytest.raises(ArchiveError, match="3 files"):
        read_archive(zip_of({"a": "", "b": "", "c": ""}))


@pytest.mark.parametrize("data", [b"", b"PK", b"no zip at all", b"PK\x03\x04" + b"\0" * 60])
def test_what_is_no_zip_is_refused(data: bytes) -> None:
    with pytest.raises(ArchiveError, match="cannot be read"):
        read_archive(data)


def test_the_same_path_twice_is_refused() -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as made:
        made.writestr("a.xml", "1")
        with pytest.warns(UserWarning, match="Duplicate name"):
            made.writestr("a.xml", "2")

    with pytest.raises(ArchiveError, match="twice"):
        read_archive(buffer.getvalue())


def test_an_encrypted_file_is_refused() -> None:
    data = bytearray(zip_of({"a.xml": b"abc"}))
    central = data.rindex(b"PK\x01\x02")
    data[6] |= 1
    data[central + 8] |= 1

    with pytest.raises(ArchiveError, match="cannot be read"):
        read_archive(bytes(data))
