"""The environment becomes settings, or one error that names everything to correct."""

from __future__ import annotations

import json
import re
from datetime import time
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from dotenv import dotenv_values

from config.credentials import AccessToken, ClientCredentials, JwtBearer
from config.parsing import ROOT
from config.settings import Settings, SettingsError, variables

PRODUCTION = {
    "DYNO": "web.1",
    "SALESFORCE_URL": "https://acme.my.salesforce.com",
    "SALESFORCE_CLIENT_ID": "3MVG9",
    "SALESFORCE_CLIENT_SECRET": "a-secret",
    "DATABASE_URL": "postgres://u:p@db.example/app",
}
KEY = "-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----"


def problems_of(environ: dict[str, str]) -> tuple[str, ...]:
    with pytest.raises(SettingsError) as caught:
        Settings.from_env(environ)
    return caught.value.problems


def test_an_empty_environment_runs_against_the_local_org() -> None:
    settings = Settings.from_env({})

    assert settings.salesforce_url == "http://127.0.0.1:8080"
    assert settings.credentials == ClientCredentials("sandbox-client", "sandbox-secret")
    assert settings.database_url == "sqlite:///.local/backoffice.db"
    assert settings.business_timezone == ZoneInfo("Europe/Warsaw")
    assert settings.selection_time == time(7, 0)
    assert settings.stripe_webhook_secrets == ()
    assert settings.is_local_org
    assert not settings.is_production


def test_empty_values_mean_the_default() -> None:
    assert Settings.from_env({"SELECTION_TIME": " ", "SALESFORCE_CA": ""}) == Settings.from_env({})


def test_every_problem_is_reported_at_once_by_name_with_what_is_expected() -> None:
    problems = problems_of(
        {
            "SALESFORCE_URL": "http://acme.my.salesforce.com",
            "BUSINESS_TIMEZONE": "Warsaw",
            "SELECTION_TIME": "7am",
            "SELECTION_TICK_S": "0",
            "SELECTION_STALE_AFTER_DAYS": "-1",
            "DATABASE_URL": "mysql://x/y",
            "SALESFORCE_CA": "no/such/ca.pem",
            "SALESFORCE_API_VERSION": "49.0",
            "DELIVERY": "celery",
        }
    )

    assert [problem.split(":")[0] for problem in problems] == [
        "SALESFORCE_URL",
        "SALESFORCE_CA",
        "SALESFORCE_API_VERSION",
        "DATABASE_URL",
        "BUSINESS_TIMEZONE",
        "SELECTION_TIME",
        "SELECTION_STALE_AFTER_DAYS",
        "SELECTION_TICK_S",
        "DELIVERY",
    ]
    assert all("Set " in problem for problem in problems)


def test_a_malformed_secret_is_not_repeated_in_the_complaint() -> None:
    (problem,) = problems_of({"DATABASE_URL": "mysql://root:hunter2@db/app"})

    assert "hunter2" not in problem


@pytest.mark.parametrize("text", ["25:00", "07:60", "7", "07:00:00", "٠٧:00", "seven"])
def test_a_time_that_is_none_is_refused(text: str) -> None:
    (problem,) = problems_of({"SELECTION_TIME": text})

    assert problem.startswith("SELECTION_TIME: ")


@pytest.mark.parametrize(
    "text", ["acme.my.salesforce.com", "https://", "https://a.b/path", "ftp://a.b", "https://u@a.b"]
)
def test_an_org_address_with_more_or_less_than_an_origin_is_refused(text: str) -> None:
    assert problems_of({"SALESFORCE_URL": text, "SALESFORCE_ACCESS_TOKEN": "t"})[0].startswith(
        "SALESFORCE_URL: "
    )


def test_a_given_token_wins_over_a_certificate_and_that_over_a_secret() -> None:
    everything = {
        "SALESFORCE_CLIENT_ID": "id",
        "SALESFORCE_CLIENT_SECRET": "secret",
        "SALESFORCE_USERNAME": "sync@acme.com",
        "SALESFORCE_PRIVATE_KEY": KEY.replace("\n", "\\n"),
        "SALESFORCE_ACCESS_TOKEN": "token",
    }
    without_token = {k: v for k, v in everything.items() if k != "SALESFORCE_ACCESS_TOKEN"}
    secret_only = {k: v for k, v in without_token.items() if k != "SALESFORCE_PRIVATE_KEY"}

    assert Settings.from_env(everything).credentials == AccessToken("token")
    assert Settings.from_env(without_token).credentials == JwtBearer("id", "sync@acme.com", KEY)
    assert Settings.from_env(secret_only).credentials == ClientCredentials("id", "secret")


def test_a_private_key_may_be_a_file(tmp_path: Path) -> None:
    file = tmp_path / "key.pem"
    file.write_text(KEY)

    settings = Settings.from_env(
        {
            "SALESFORCE_CLIENT_ID": "id",
            "SALESFORCE_USERNAME": "u",
            "SALESFORCE_PRIVATE_KEY": str(file),
        }
    )

    assert settings.credentials == JwtBearer("id", "u", KEY)


def test_half_a_login_names_the_missing_half() -> None:
    (problem,) = problems_of({"SALESFORCE_CLIENT_ID": "id"})
    assert problem.startswith("SALESFORCE_CLIENT_SECRET: ")

    (problem,) = problems_of({"SALESFORCE_URL": "https://acme.my.salesforce.com"})
    assert problem.startswith("SALESFORCE_CLIENT_ID: https://acme.my.salesforce.com needs a login")


def test_a_dyno_is_production_and_takes_its_version_from_the_slug() -> None:
    settings = Settings.from_env({**PRODUCTION, "HEROKU_SLUG_COMMIT": "abc123"})

    assert settings.is_production
    assert settings.code_version == "abc123"
    assert settings.database_url == "postgresql+psycopg://u:p@db.example/app"


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"SALESFORCE_URL": "https://127.0.0.1:8443"}, "SALESFORCE_URL"),
        ({"SALESFORCE_URL": "http://localhost:8080"}, "SALESFORCE_URL"),
        ({"SALESFORCE_URL": "https://[::1]:8443"}, "SALESFORCE_URL"),
        ({"SALESFORCE_CLIENT_SECRET": "sandbox-secret"}, "SALESFORCE_CLIENT_SECRET"),
        ({"DATABASE_URL": "sqlite:///x.db"}, "DATABASE_URL"),
        ({"DATABASE_URL": ""}, "DATABASE_URL"),
        ({"STRIPE_API_KEY": "sk_test_123"}, "STRIPE_API_KEY"),
        ({"MOLLIE_API_KEY": "test_123"}, "MOLLIE_API_KEY"),
        ({"STRIPE_API_BASE": "http://127.0.0.1:9000"}, "STRIPE_API_BASE"),
        ({"VOUCHERIFY_API_BASE": "http://localhost:1/v1"}, "VOUCHERIFY_API_BASE"),
    ],
)
def test_production_refuses_what_belongs_on_a_laptop(change: dict[str, str], named: str) -> None:
    (problem,) = problems_of({**PRODUCTION, **change})

    assert problem.startswith(f"{named}: ")


def test_production_may_also_be_declared_without_a_dyno() -> None:
    without_dyno = {**PRODUCTION, "DYNO": "", "ENVIRONMENT": "Production"}

    assert Settings.from_env(without_dyno).is_production


def test_no_secret_shows_in_the_representation() -> None:
    settings = Settings.from_env(
        {
            **PRODUCTION,
            "SALESFORCE_ACCESS_TOKEN": "00Dx!tok",
            "STRIPE_API_KEY": "sk_live_1",
            "STRIPE_WEBHOOK_SECRETS": "whsec_a, whsec_b",
            "OPS_TOKEN": "ops",
        }
    )

    assert settings.stripe_webhook_secrets == ("whsec_a", "whsec_b")
    shown = repr(settings) + repr(settings.credentials)
    for secret in ("00Dx!tok", "sk_live_1", "whsec_a", "a-secret", "ops_token", "u:p@"):
        assert secret not in shown


def test_every_secret_by_its_name_is_hidden() -> None:
    for item in variables():
        if re.search(r"secret|token|key|smtp|database", item.name):
            assert item.metadata["secret"], item.name
            assert not item.repr, item.name


def test_the_example_file_lists_every_setting_in_order_with_its_default() -> None:
    example = dotenv_values(ROOT / ".env.example")

    assert list(example) == [item.name.upper() for item in variables()]
    assert Settings.from_env({k: v or "" for k, v in example.items()}) == Settings()
    for item in variables():
        assert (example[item.name.upper()] or "") == (item.metadata["text"] or ""), item.name


def test_the_heroku_manifest_asks_only_for_settings_that_exist() -> None:
    manifest = json.loads((ROOT / "app.json").read_text())

    assert set(manifest["env"]) <= {item.name.upper() for item in variables()}


def test_only_the_settings_read_the_environment() -> None:
    reading = re.compile(r"os\.environ|os\.getenv|dotenv_values\(")
    packages = ("config", "sfsync", "jobs", "webhooks", "tenders", "spreadsheets")
    files = [ROOT / "app.py", ROOT / "money.py"]
    files += [file for package in packages for file in (ROOT / package).rglob("*.py")]

    readers = [
        str(f.relative_to(ROOT)) for f in files if f.exists() and reading.search(f.read_text())
    ]

    assert readers == ["config/settings.py"]
