"""Log lines carry facts and never secrets."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator

import pytest

from config.logging import configure_logging, redact
from config.settings import Settings

TOKEN = "00D5f000005abcd!AQEAQLk9xyz.1234_abc"
SECRETS = (
    TOKEN,
    "Bearer abc.def-ghi",
    "Basic c2FuZGJveDpzZWNyZXQ=",
    "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJ4In0.c2lnbmF0dXJl",
    "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBg\n-----END PRIVATE KEY-----",
    "sk_live_51HabcdefGH",
    "whsec_abcdefgh1234",
    "postgresql://manager:hunter2@db.example/app",
    "grant_type=password&client_secret=s3cr3t&x=1",
)
FORBIDDEN = (
    "AQEAQLk9xyz",
    "abc.def-ghi",
    "c2FuZGJveDp",
    "c2lnbmF0dXJl",
    "MIIEvQ",
    "51Habcdef",
    "abcdefgh1234",
    "hunter2",
    "s3cr3t",
)


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    yield io.StringIO()
    root.handlers[:] = before
    root.setLevel(level)


@pytest.mark.parametrize("log_format", ["json", "text"])
def test_no_secret_reaches_the_log_however_it_is_passed(
    stream: io.StringIO, log_format: str
) -> None:
    configure_logging(Settings(log_format=log_format), stream)
    logger = logging.getLogger("test")

    for secret in SECRETS:
        logger.info("message with %s", secret)
        logger.info("in a fact", extra={"detail": secret, "nested": {"deep": [secret]}})
        try:
            raise ValueError(secret)
        except ValueError:
            logger.exception("failed")
    logger.info("by name", extra={"access_token": "plain-looking", "client_secret": "also-plain"})

    written = stream.getvalue()
    for part in (*FORBIDDEN, "plain-looking", "also-plain"):
        assert part not in written
    assert written.count("[redacted]") >= len(SECRETS)


def test_a_json_line_holds_the_facts(stream: io.StringIO) -> None:
    configure_logging(Settings(), stream)

    logging.getLogger("sfsync.pull").info("pull finished", extra={"sobject": "Order", "read": 3})

    line = json.loads(stream.getvalue())
    assert line.pop("at").endswith("+00:00")
    assert line == {
        "level": "INFO",
        "logger": "sfsync.pull",
        "message": "pull finished",
        "sobject": "Order",
        "read": 3,
    }


def test_configuring_twice_writes_each_line_once(stream: io.StringIO) -> None:
    configure_logging(Settings(), stream)
    configure_logging(Settings(), stream)

    logging.getLogger("test").info("once")

    assert stream.getvalue().count("once") == 1


def test_the_level_is_obeyed(stream: io.StringIO) -> None:
    configure_logging(Settings(log_level="WARNING"), stream)

    logging.getLogger("test").info("too quiet")

    assert stream.getvalue() == ""


def test_ordinary_text_is_left_alone() -> None:
    text = "Order 801xx0000000001AAA of https://acme.my.salesforce.com: price 100.00, test_order"

    assert redact(text) == text
