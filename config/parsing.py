"""Reads one environment variable's text into a typed value.

Owns what counts as malformed. A parser raises ValueError with the complaint only; the caller adds
the variable's name, and what a good value looks like.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from datetime import time
from decimal import Decimal, InvalidOperation
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

#: The folder that holds app.py; relative paths in settings start here, whatever the current folder.
ROOT = Path(__file__).resolve().parent.parent


def is_loopback(url: str) -> bool:
    """Whether `url` points at this very machine, where a local org may live."""
    host = urlsplit(url).hostname or ""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def parse_text(text: str) -> str:
    """Any text; the caller has already stripped it."""
    return text


def parse_list(text: str) -> tuple[str, ...]:
    """Comma-separated values, first one first; blanks between commas are dropped."""
    return tuple(part for raw in text.split(",") if (part := raw.strip()))


def parse_url(text: str) -> str:
    """An https address without path, or a plain http one on this machine."""
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("it is not an http(s) address")
    if parts.scheme == "http" and not is_loopback(text):
        raise ValueError("plain http is accepted for this machine only; use https://")
    if parts.path.strip("/") or parts.query or parts.fragment or parts.username:
        raise ValueError("it must hold scheme, host and port only")
    if parts.port == 0:
        raise ValueError("0 is not a port")
    return text.rstrip("/")


def parse_base_url(text: str) -> str:
    """An http(s) address that may end in a path, such as a provider's API base."""
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("it is not an http(s) address")
    if parts.scheme == "http" and not is_loopback(text):
        raise ValueError("plain http is accepted for this machine only; use https://")
    return text.rstrip("/")


def parse_database_url(text: str) -> str:
    """A SQLAlchemy address of SQLite or PostgreSQL, with the driver that is installed."""
    scheme, separator, rest = text.partition("://")
    if not separator:
        raise ValueError("it is not a database address")
    if scheme == "sqlite":
        return text
    # Heroku hands out postgres://, a scheme that SQLAlchemy no longer knows.
    if scheme in ("postgres", "postgresql", "postgresql+psycopg"):
        return f"postgresql+psycopg://{rest}"
    raise ValueError(f"the database kind {scheme!r} is not supported")


def parse_time_zone(text: str) -> ZoneInfo:
    """An IANA time zone."""
    try:
        return ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError("no time zone has that name") from error


def parse_time(text: str) -> time:
    """A wall-clock time of day, to the minute."""
    if not re.fullmatch(r"[0-9]{1,2}:[0-9]{2}", text):
        raise ValueError("it is not a time of day")
    hour, minute = text.split(":")
    return time(int(hour), int(minute))


def parse_seconds(text: str) -> float:
    """A length of time in seconds, above zero."""
    try:
        number = Decimal(text)
    except InvalidOperation as error:
        raise ValueError("it is not a number") from error
    if not number.is_finite() or number <= 0:
        raise ValueError("it must be above zero")
    return float(number)


def parse_count(text: str) -> int:
    """A whole number, zero or more."""
    if not text.isascii() or not text.isdigit():
        raise ValueError("it is not a whole number of zero or more")
    return int(text)


def parse_percent(text: str) -> int:
    """A whole number of percent, 0 to 100."""
    number = parse_count(text)
    if number > 100:
        raise ValueError("it is more than 100 percent")
    return number


def parse_file(text: str) -> Path:
    """A file that exists; a relative path starts at the project's root."""
    path = ROOT / Path(text).expanduser()
    if not path.is_file():
        raise ValueError("there is no such file")
    return path


def parse_api_version(text: str) -> str:
    """A Salesforce API version; 50.0 brought the composite graph, which awards are written with."""
    if not re.fullmatch(r"[0-9]{2,3}\.0", text):
        raise ValueError("it is not an API version")
    if int(text.split(".")[0]) < 50:
        raise ValueError("versions below 50.0 lack the composite graph that awards need")
    return text


def parse_org_id(text: str) -> str:
    """An org's Id, in either length."""
    if not re.fullmatch(r"00D[0-9A-Za-z]{12}([0-9A-Za-z]{3})?", text):
        raise ValueError("it is not the Id of an org")
    return text


def parse_private_key(text: str) -> str:
    """A PEM key: its text, its text on one line with \\n between lines, or the path of its file."""
    if text.startswith("-----BEGIN"):
        return text.replace("\\n", "\n")
    pem = parse_file(text).read_text(encoding="utf-8")
    if "-----BEGIN" not in pem:
        raise ValueError("the file holds no PEM key")
    return pem


def parse_choice(*choices: str) -> Callable[[str], str]:
    """A parser that accepts exactly `choices`, whatever their case."""
    by_folded = {choice.casefold(): choice for choice in choices}

    def parse(text: str) -> str:
        if text.casefold() not in by_folded:
            raise ValueError("it is none of the choices")
        return by_folded[text.casefold()]

    return parse
