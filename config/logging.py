"""Log lines for people and for machines: one JSON object per line on stdout, secrets taken out.

Owns the format and the redaction. Messages are constants, facts go into `extra`. Whatever passes
through here loses tokens, keys and credentials in addresses, so that a careless line cannot leak.
"""

from __future__ import annotations

import json
import logging
import re
import sys
from datetime import UTC, datetime
from typing import TextIO

from config.settings import Settings

REDACTED = "[redacted]"
#: What every LogRecord has by itself; everything else came through `extra`.
STANDARD_ATTRIBUTES = frozenset(vars(logging.makeLogRecord({}))) | {
    "message",
    "asctime",
    "taskName",
}
SECRET_NAME = re.compile(
    r"token|secret|password|passwd|authorization|private_key|api_key|session_id|cookie", re.I
)
#: Secrets recognised by their shape, wherever they stand.
SECRET_SHAPES = (
    re.compile(r"00D\w{12,15}![\w.]+"),  # a Salesforce session id or access token
    re.compile(r"(?<=Bearer )[^\s\"',]+", re.I),
    re.compile(r"(?<=Basic )[A-Za-z0-9+/=]{8,}", re.I),
    re.compile(r"\beyJ[\w-]+\.[\w-]+\.[\w-]+"),  # a signed JWT
    re.compile(r"-----BEGIN[^-]*PRIVATE KEY-----.*?(-----END[^-]*-----|\Z)", re.S),
    re.compile(r"\b(?:sk|rk|whsec|live|test)_[A-Za-z0-9_]{8,}"),  # Stripe and Mollie keys
    re.compile(r"(?<=://)[^/\s:@]+:[^/\s@]+(?=@)"),  # user and password in an address
    re.compile(r"(?<=client_secret=)[^&\s\"']+|(?<=assertion=)[^&\s\"']+|(?<=password=)[^&\s\"']+"),
)


def redact(text: str) -> str:
    """`text` with every secret that is recognised by its shape replaced."""
    for shape in SECRET_SHAPES:
        text = shape.sub(REDACTED, text)
    return text


class JsonFormatter(logging.Formatter):
    """One JSON object per record: at, level, logger, message, then what `extra` held."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as one line."""
        line: dict[str, object] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": redact(record.getMessage()),
            **_facts(record),
        }
        if record.exc_info:
            line["exception"] = redact(self.formatException(record.exc_info))
        return json.dumps(line, ensure_ascii=False, default=lambda value: redact(str(value)))


class TextFormatter(logging.Formatter):
    """The same facts for a terminal."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as one line, its traceback below."""
        at = datetime.fromtimestamp(record.created, UTC).strftime("%H:%M:%S")
        facts = " ".join(f"{name}={value}" for name, value in _facts(record).items())
        line = f"{at} {record.levelname:<7} {record.name}: {record.getMessage()} {facts}".rstrip()
        if record.exc_info:
            line = f"{line}\n{self.formatException(record.exc_info)}"
        return redact(line)


def configure_logging(settings: Settings, stream: TextIO | None = None) -> None:
    """Sends every log line of this process to `stream`, stdout by default. Idempotent.

    A command whose answer is read by a program logs to stderr, so that stdout holds the answer.
    """
    handler = logging.StreamHandler(stream or sys.stdout)
    handler.set_name("manufaktura")
    handler.setFormatter(JsonFormatter() if settings.log_format == "json" else TextFormatter())
    root = logging.getLogger()
    for old in [each for each in root.handlers if each.get_name() == "manufaktura"]:
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(settings.log_level)
    # urllib3 writes whole addresses at DEBUG, and with them record values in query strings.
    for noisy in ("urllib3", "simple_salesforce", "werkzeug", "alembic"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


def _facts(record: logging.LogRecord) -> dict[str, object]:
    given = {k: v for k, v in vars(record).items() if k not in STANDARD_ATTRIBUTES}
    return {name: _safe(name, value) for name, value in given.items()}


def _safe(name: str, value: object) -> object:
    if SECRET_NAME.search(name):
        return REDACTED
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, dict):
        return {str(k): _safe(str(k), v) for k, v in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_safe("", each) for each in value]
    return value
