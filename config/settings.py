"""Everything that differs between a laptop, CI and production, read once per process.

Owns the environment: no other module reads it. Each field of `Settings` carries its own parser,
default and remedy, so that `.env.example`, the error report and the code cannot drift apart. The
defaults run against the local org with no account anywhere.
"""

# ruff: noqa: RUF009 - each default is a dataclasses.field() with its parser, nothing shared

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import Field, dataclass, field, fields
from datetime import time
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from dotenv import dotenv_values

from config import parsing
from config.checks import find_problems
from config.credentials import (
    LOCAL_ORG,
    AccessToken,
    ClientCredentials,
    Credentials,
    JwtBearer,
)
from config.parsing import ROOT, is_loopback


class SettingsError(Exception):
    """The environment cannot be used. Lists every problem at once; a person corrects them."""

    def __init__(self, problems: list[str]) -> None:
        count = "1 setting needs" if len(problems) == 1 else f"{len(problems)} settings need"
        super().__init__("\n  - ".join([f"{count} attention:", *problems]))
        self.problems = tuple(problems)


def _setting(
    parse: Callable[[str], Any], default: str | None, expects: str, *, secret: bool = False
) -> Any:
    return field(
        default=None if default is None else parse(default),
        metadata={"parse": parse, "expects": expects, "secret": secret, "text": default},
        repr=not secret,
    )


def _secret(parse: Callable[[str], Any], expects: str, default: str | None = None) -> Any:
    return _setting(parse, default, expects, secret=True)


@dataclass(frozen=True)
class Settings:
    """The settings of one process. `NAME` in the environment is the field `name` here."""

    environment: str = _setting(
        parsing.parse_choice("development", "test", "production"),
        "development",
        "development, test or production; a Heroku dyno is always production",
    )
    salesforce_url: str = _setting(
        parsing.parse_url,
        "http://127.0.0.1:8080",
        "the org's My Domain address, such as https://acme.my.salesforce.com",
    )
    salesforce_client_id: str | None = _setting(
        parsing.parse_text, None, "the consumer key of the org's External Client App"
    )
    salesforce_client_secret: str | None = _secret(
        parsing.parse_text, "the consumer secret of the same app"
    )
    salesforce_username: str | None = _setting(
        parsing.parse_text, None, "the integration user's name, such as sync@acme.com"
    )
    salesforce_private_key: str | None = _secret(
        parsing.parse_private_key, "a PEM private key, or the path of the file that holds it"
    )
    salesforce_access_token: str | None = _secret(
        parsing.parse_text, "a session id or an OAuth access token of the org"
    )
    salesforce_ca: Path | None = _setting(
        parsing.parse_file, None, "the file with the CA that signed the org's certificate"
    )
    salesforce_api_version: str = _setting(
        parsing.parse_api_version, "63.0", "a version such as 63.0"
    )
    salesforce_org_id: str | None = _setting(
        parsing.parse_org_id, None, "the org's Id, 15 or 18 characters that begin with 00D"
    )
    salesforce_webhook_secrets: tuple[str, ...] = _secret(
        parsing.parse_list, "long random texts, comma-separated, newest first", ""
    )
    api_share_percent: int = _setting(
        parsing.parse_percent, "50", "percent of the org's daily API calls that we may use, 1-100"
    )
    api_reserve_percent: int = _setting(
        parsing.parse_percent,
        "20",
        "percent of the org's daily API calls that are left to people, 0-100",
    )
    database_url: str = _secret(
        parsing.parse_database_url,
        "sqlite:///PATH or postgresql://USER:PASSWORD@HOST/NAME",
        "sqlite:///.local/backoffice.db",
    )
    business_timezone: ZoneInfo = _setting(
        parsing.parse_time_zone, "Europe/Warsaw", "an IANA name such as Europe/Warsaw"
    )
    selection_time: time = _setting(
        parsing.parse_time, "07:00", "a wall-clock time HH:MM in the business time zone"
    )
    selection_stale_after_days: int = _setting(
        parsing.parse_count, "90", "days, after which an overdue order goes to review"
    )
    selection_tick_s: float = _setting(
        parsing.parse_seconds, "60", "seconds between two looks at the schedule"
    )
    delivery: str = _setting(
        parsing.parse_choice("inline", "procrastinate"), "inline", "inline or procrastinate"
    )
    stripe_api_key: str | None = _secret(parsing.parse_text, "a secret API key of Stripe")
    stripe_api_base: str | None = _setting(
        parsing.parse_base_url, None, "an https address; empty means Stripe's own"
    )
    stripe_webhook_secrets: tuple[str, ...] = _secret(
        parsing.parse_list, "signing secrets, comma-separated, newest first", ""
    )
    mollie_api_key: str | None = _secret(parsing.parse_text, "an API key of Mollie")
    mollie_api_base: str | None = _setting(
        parsing.parse_base_url, None, "an https address; empty means Mollie's own"
    )
    mollie_webhook_secrets: tuple[str, ...] = _secret(
        parsing.parse_list, "signing secrets, comma-separated, newest first", ""
    )
    voucherify_api_key: str | None = _secret(parsing.parse_text, "an API key of Voucherify")
    voucherify_api_base: str | None = _setting(
        parsing.parse_base_url, None, "an https address; empty means Voucherify's own"
    )
    voucherify_webhook_secrets: tuple[str, ...] = _secret(
        parsing.parse_list, "signing secrets, comma-separated, newest first", ""
    )
    smtp_url: str | None = _secret(parsing.parse_text, "smtp://USER:PASSWORD@HOST:PORT")
    ops_token: str | None = _secret(parsing.parse_text, "a long random text")
    log_level: str = _setting(
        parsing.parse_choice("DEBUG", "INFO", "WARNING", "ERROR"),
        "INFO",
        "DEBUG, INFO, WARNING or ERROR",
    )
    log_format: str = _setting(parsing.parse_choice("json", "text"), "json", "json or text")
    code_version: str = _setting(
        parsing.parse_text, "development", "the commit that runs; Heroku supplies it"
    )

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> Settings:
        """The settings of this process, checked as a whole.

        `environ` replaces the process environment (tests); otherwise `.env` in the project's root
        fills in what the environment leaves out.
        Raises SettingsError naming every missing or malformed variable with its remedy.
        """
        given = {name: text.strip() for name, text in _read_environment(environ).items()}
        values, problems = _parse_all(_with_platform(given))
        settings = cls(**values)
        malformed = frozenset(problem.split(":", 1)[0] for problem in problems)
        problems += find_problems(settings, malformed)
        if problems:
            raise SettingsError(problems)
        return settings

    @property
    def is_local_org(self) -> bool:
        """Whether the org is the local one, on this machine."""
        return is_loopback(self.salesforce_url)

    @property
    def is_production(self) -> bool:
        """Whether real money and real customers are on the other side."""
        return self.environment == "production"

    @property
    def is_sqlite(self) -> bool:
        """Whether the database is a file of this machine, which the CLI may migrate by itself."""
        return self.database_url.startswith("sqlite")

    @property
    def credentials(self) -> Credentials | None:
        """How to log in to the org, or None when the environment does not say enough.

        A given token wins, then a certificate, then a client secret. The local org needs none.
        """
        if self.salesforce_access_token:
            return AccessToken(self.salesforce_access_token)
        client_id = self.salesforce_client_id
        if client_id and self.salesforce_username and self.salesforce_private_key:
            return JwtBearer(client_id, self.salesforce_username, self.salesforce_private_key)
        if client_id and self.salesforce_client_secret:
            return ClientCredentials(client_id, self.salesforce_client_secret)
        if self.is_local_org and not client_id:
            return LOCAL_ORG
        return None


def variables() -> tuple[Field[Any], ...]:
    """Every setting as its dataclass field, in the order of `.env.example`."""
    return fields(Settings)


def _read_environment(environ: Mapping[str, str] | None) -> Mapping[str, str]:
    if environ is not None:
        return environ
    from_file = {k: v for k, v in dotenv_values(ROOT / ".env").items() if v is not None}
    return {**from_file, **os.environ}


def _with_platform(given: dict[str, str]) -> dict[str, str]:
    """Adds what Heroku says in its own words: a dyno is production, the slug names the commit."""
    platform = dict(given)
    if given.get("DYNO"):
        platform["ENVIRONMENT"] = "production"
    if given.get("HEROKU_SLUG_COMMIT") and not given.get("CODE_VERSION"):
        platform["CODE_VERSION"] = given["HEROKU_SLUG_COMMIT"]
    return platform


def _parse_all(given: Mapping[str, str]) -> tuple[dict[str, Any], list[str]]:
    values: dict[str, Any] = {}
    problems: list[str] = []
    for item in variables():
        name, text = item.name.upper(), given.get(item.name.upper(), "")
        if not text:
            continue
        try:
            values[item.name] = item.metadata["parse"](text)
        except ValueError as error:
            shown = "its value" if item.metadata["secret"] else f"{text!r}"
            problems.append(f"{name}: {shown}: {error}. Set {item.metadata['expects']}.")
    return values, problems
