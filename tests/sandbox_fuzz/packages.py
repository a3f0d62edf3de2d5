"""Packages to deploy: the project's own files damaged, hostile XML, and zips that are none.

Owns the zips that an attacker would send: paths that leave the zip, links, lies about sizes, bombs.
"""

from __future__ import annotations

import io
import random
import stat
import struct
import zipfile
from collections.abc import Callable, Mapping
from functools import lru_cache

from tests.sandbox_fuzz.junk import a_text, damage_bytes, damage_text
from tests.sandbox_metadata.deploy_target import OUR_SOURCE, SCORE, VISIT
from tests.sandbox_metadata.mdapi import an_object, convert_source, with_manifest, zip_of

BILLION_LAUGHS = (
    "<!DOCTYPE a ["
    '<!ENTITY l0 "ha">'
    + "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    + "]>"
)
QUADRATIC = f'<!DOCTYPE a [<!ENTITY x "{"A" * 50_000}">]>'
EXTERNAL = '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
REMOTE_DTD = '<!DOCTYPE a SYSTEM "http://127.0.0.1:9/x.dtd">'
PARAMETER = '<!DOCTYPE a [<!ENTITY % p SYSTEM "file:///etc/passwd"> %p;]>'
DOCTYPES = (BILLION_LAUGHS, QUADRATIC, EXTERNAL, REMOTE_DTD, PARAMETER, "<!DOCTYPE a>")
_PATHS = (
    "../x.object",
    "/etc/passwd",
    "objects/../../x.object",
    "C:/x.object",
    "objects\\Visit__c.object",
    "objects//Visit__c.object",
    "objects/./Visit__c.object",
    "package.xml/",
    "objects/\x07.object",
    "objects/" + "x" * 5_000 + ".object",
    "unpackaged/package.xml",
    "\u202eobjects/Visit__c.object",
)
_ENCODINGS = ("utf-16", "utf-16-le", "utf-32", "latin-1", "utf-7", "cp037", "utf-8-sig")


@lru_cache(maxsize=1)
def our_files() -> Mapping[str, str]:
    """This project's metadata as a package."""
    return convert_source(OUR_SOURCE)


def a_package(chance: random.Random) -> bytes:
    """A zip to deploy, seldom a sound one."""
    roll = chance.random()
    if roll < 0.6:
        return zip_of(_damaged_files(chance))
    if roll < 0.7:
        return damage_bytes(zip_of(_small()), chance)
    return chance.choice(_ZIPS)(chance)


def _small() -> dict[str, str]:
    return with_manifest({"objects/Visit__c.object": an_object(VISIT + SCORE)})


def _damaged_files(chance: random.Random) -> dict[str, str | bytes]:
    """One or two of our files, one of them damaged, with a manifest that lists them."""
    names = chance.sample([n for n in our_files() if n != "package.xml"], chance.choice([1, 1, 2]))
    files: dict[str, str | bytes] = {**with_manifest({name: our_files()[name] for name in names})}
    name = chance.choice(list(files))
    files[name] = damage_document(str(files[name]), chance)
    return files


def damage_document(text: str, chance: random.Random) -> bytes:
    """A metadata file with something wrong in its text, its markup or its encoding."""
    roll = chance.random()
    if roll < 0.55:
        text = damage_text(text, chance)
    elif roll < 0.7:
        place = text.index("?>") + 2 if "?>" in text else 0
        use = chance.choice(["&l9;", "&x;", ""])
        text = text[:place] + chance.choice(DOCTYPES) + text[place:].replace("><", f">{use}<", 1)
    elif roll < 0.85:
        start = text.find(">", chance.randrange(len(text))) + 1
        text = text[:start] + a_text(chance)[:200] + text[start:]
    elif roll < 0.9:
        text = "<a>" * chance.choice([200, 5_000]) + text
    if roll > 0.9:
        encoding = chance.choice(_ENCODINGS)
        return text.replace("UTF-8", chance.choice([encoding, "nope"])).encode(encoding, "replace")
    data = text.encode("utf-8", "surrogatepass")
    return damage_bytes(data, chance) if chance.random() < 0.1 else data


def bomb(size: int) -> bytes:
    """A small zip of one file that unpacks to that many bytes."""
    return zip_of({**_small(), "objects/Bomb__c.object": b" " * size})


def lying_zip(claimed: int) -> bytes:
    """A zip whose directory says that its file has `claimed` bytes, whatever it has."""
    data = bytearray(zip_of({"package.xml": b" " * 2_000_000}))
    place = data.index(b"PK\x01\x02")
    data[place + 24 : place + 28] = struct.pack("<I", claimed)
    return bytes(data)


def link_zip(target: str) -> bytes:
    """A zip with a symbolic link in it."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in _small().items():
            archive.writestr(name, content)
        entry = zipfile.ZipInfo("objects/Link__c.object")
        entry.create_system = 3
        entry.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(entry, target)
    return buffer.getvalue()


def _odd_path(chance: random.Random) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in _small().items():
            archive.writestr(name, content)
        archive.writestr(zipfile.ZipInfo(chance.choice(_PATHS)), "x")
    return buffer.getvalue()


_ZIPS: tuple[Callable[[random.Random], bytes], ...] = (
    _odd_path,
    lambda chance: link_zip(chance.choice(["/etc/passwd", "../../x", "package.xml"])),
    lambda chance: lying_zip(chance.choice([0, 1, 2**32 - 1])),
    lambda chance: zip_of({**_small(), "objects/inner.zip": zip_of(_small())}),
    lambda chance: zip_of({f"objects/F{n}__c.object": "" for n in range(chance.choice([10, 300]))}),
    lambda chance: b"PK\x05\x06" + b"\x00" * 18,
    lambda chance: chance.randbytes(chance.choice([0, 1, 22, 500])),
    lambda chance: zip_of(_small())[: chance.randrange(400)],
    lambda chance: zip_of(_small()) * 2,
    lambda chance: bomb(chance.choice([1_000, 300_000])),
)
