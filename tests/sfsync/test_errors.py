"""Every answer of Salesforce leads to one next step."""

from __future__ import annotations

import pytest

from sandbox.org import errors as org_errors
from sfsync.errors import (
    ERRORS,
    Outcome,
    RecordChanged,
    SalesforceAuthFailed,
    SalesforceRejected,
    SalesforceRetryable,
    SalesforceUnavailable,
    classify,
    refusal,
)

RETRYABLE = {
    "UNABLE_TO_LOCK_ROW",
    "REQUEST_LIMIT_EXCEEDED",
    "SERVER_UNAVAILABLE",
    "UNKNOWN_EXCEPTION",
    "QUERY_TIMEOUT",
    "INVALID_QUERY_LOCATOR",
    "TXN_SECURITY_METERING_ERROR",
    "ALL_OR_NONE_OPERATION_ROLLED_BACK",
    "PROCESSING_HALTED",
}


def test_the_table_says_which_codes_may_be_tried_again() -> None:
    assert {c for c, rule in ERRORS.items() if rule.outcome is Outcome.RETRYABLE} == RETRYABLE


def test_every_code_has_a_remedy_that_is_a_sentence() -> None:
    for code, rule in ERRORS.items():
        assert rule.remedy.endswith("."), code


def test_an_unlisted_code_is_for_a_developer_and_never_repeated() -> None:
    assert classify("SOMETHING_NEW").outcome is Outcome.REJECTED
    assert "developer" in classify("SOMETHING_NEW").remedy


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("FIELD_CUSTOM_VALIDATION_EXCEPTION", SalesforceRejected),
        ("UNABLE_TO_LOCK_ROW", SalesforceRetryable),
        ("SERVER_UNAVAILABLE", SalesforceUnavailable),
        ("PRECONDITION_FAILED", RecordChanged),
        ("INVALID_SESSION_ID", SalesforceAuthFailed),
        ("SOMETHING_NEW", SalesforceRejected),
    ],
)
def test_a_code_becomes_the_error_that_says_what_to_do(code: str, kind: type) -> None:
    error = refusal(code, "the org's words", ["EffectiveDate"])

    assert type(error) is kind
    assert error.code == code
    assert "the org's words" in str(error)
    assert error.remedy in str(error)


def test_the_local_org_has_no_error_that_we_do_not_know() -> None:
    not_table = {"PRECONDITION_FAILED", "INVALID_SESSION_ID"}
    transport_only = {"CONFLICT", "URI_TOO_LONG", "UNSUPPORTED_MEDIA_TYPE", "HEADERS_TOO_LARGE"}

    unknown = set(org_errors.HTTP_STATUS) - set(ERRORS) - not_table - transport_only

    assert unknown == set()


def test_a_parent_that_the_org_does_not_have_is_no_matter_of_deploying() -> None:
    said = "Foreign key external ID: HD-9 not found for field External_Id__c in entity Account"

    error = refusal("INVALID_FIELD", said, ["External_Id__c"])

    assert isinstance(error, SalesforceRejected)
    assert error.remedy == "Bring the record that this lookup names into Salesforce first."
    assert "Deploy" in refusal("INVALID_FIELD", "No such column 'A__c' on entity 'Order'").remedy
