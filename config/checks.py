"""Checks the settings against each other, and against what production must never run with.

Owns the rules that need more than one setting. Each problem names the variables and the remedy;
a variable that could not be read at all is not complained about twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from config.credentials import LOCAL_CLIENT_SECRET
from config.parsing import is_loopback

if TYPE_CHECKING:
    from config.settings import Settings

Check = Callable[["Settings"], Iterator[str]]

#: What the providers' test keys look like, by setting.
TEST_KEY_PREFIXES = {
    "stripe_api_key": ("sk_test_", "rk_test_"),
    "mollie_api_key": ("test_",),
}
API_BASES = ("stripe_api_base", "mollie_api_base", "voucherify_api_base")


def find_problems(settings: Settings, malformed: frozenset[str]) -> list[str]:
    """Every rule that `settings` break, leaving out the variables in `malformed`."""
    checks = (*EVERYWHERE, *(IN_PRODUCTION if settings.is_production else ()))
    problems = [problem for check in checks for problem in check(settings)]
    return [text for text in problems if not any(name in text for name in malformed)]


def _check_credentials(settings: Settings) -> Iterator[str]:
    if settings.credentials is not None:
        return
    if settings.salesforce_client_id:
        yield (
            "SALESFORCE_CLIENT_SECRET: a client id alone cannot log in. Set it, or set"
            " SALESFORCE_USERNAME and SALESFORCE_PRIVATE_KEY for a certificate login."
        )
    else:
        yield (
            f"SALESFORCE_CLIENT_ID: {settings.salesforce_url} needs a login. Set it together with"
            " SALESFORCE_CLIENT_SECRET (or SALESFORCE_USERNAME and SALESFORCE_PRIVATE_KEY), or set"
            " SALESFORCE_ACCESS_TOKEN."
        )


def _check_key_has_user(settings: Settings) -> Iterator[str]:
    if settings.salesforce_private_key and not settings.salesforce_username:
        yield (
            "SALESFORCE_USERNAME: a certificate login signs for one user. Set the integration"
            " user's name, or remove SALESFORCE_PRIVATE_KEY."
        )


def _check_api_budget(settings: Settings) -> Iterator[str]:
    share, reserve = settings.api_share_percent, settings.api_reserve_percent
    if share == 0:
        yield "API_SHARE_PERCENT: without a single API call nothing works. Set 1 or more."
    if share + reserve > 100:
        yield (
            f"API_SHARE_PERCENT: {share} % for us and {reserve} % for people are more than all"
            f" there is. Set {100 - reserve} or less, or lower API_RESERVE_PERCENT."
        )


def _refuse_local_addresses(settings: Settings) -> Iterator[str]:
    for name in ("salesforce_url", *API_BASES):
        address = getattr(settings, name)
        if address and is_loopback(address):
            yield (
                f"{name.upper()}: {address} is this machine, and this is production."
                " Set the real service's address."
            )


def _refuse_local_credentials(settings: Settings) -> Iterator[str]:
    if settings.salesforce_client_secret == LOCAL_CLIENT_SECRET:
        yield (
            "SALESFORCE_CLIENT_SECRET: this is the local org's published secret, and this is"
            " production. Set the consumer secret of the org's External Client App."
        )


def _refuse_sqlite(settings: Settings) -> Iterator[str]:
    if settings.is_sqlite:
        yield (
            "DATABASE_URL: SQLite lives on a disk that a dyno loses and cannot share, and this is"
            " production. Attach Heroku Postgres, or set a postgresql:// address."
        )


def _refuse_test_keys(settings: Settings) -> Iterator[str]:
    for name, prefixes in TEST_KEY_PREFIXES.items():
        key = getattr(settings, name)
        if key and key.startswith(prefixes):
            yield f"{name.upper()}: this is a test key, and this is production. Set a live key."


EVERYWHERE: tuple[Check, ...] = (_check_credentials, _check_key_has_user, _check_api_budget)
IN_PRODUCTION: tuple[Check, ...] = (
    _refuse_local_addresses,
    _refuse_local_credentials,
    _refuse_sqlite,
    _refuse_test_keys,
)
