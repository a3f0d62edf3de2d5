"""What went wrong with Salesforce, split by what happens next.

Owns the closed table of error codes. A code decides between "try later" and "someone must correct
data or rights"; the remedy is in ops' words. A code that is not in the table is treated as a
rejection that asks for a developer, never as something to repeat blindly.
Source: developer.salesforce.com, REST API guide "Status Codes and Error Responses" and SOAP API
guide "StatusCode", read 2026-11.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum


class Outcome(StrEnum):
    """What the caller does about an error code."""

    RETRYABLE = "retryable"  #: nothing was written; the same request may succeed later
    REJECTED = "rejected"  #: repeating cannot help; someone must correct data, rights or setup


@dataclass(frozen=True)
class ErrorRule:
    """How one Salesforce error code is treated, and what a person does about it."""

    outcome: Outcome
    remedy: str


class SalesforceError(Exception):
    """Anything that Salesforce, or the way to it, refused. Never raised itself."""

    def __init__(
        self,
        message: str,
        *,
        code: str = "",
        fields: Sequence[str] = (),
        remedy: str = "",
    ) -> None:
        super().__init__(f"{message} {remedy}".strip() if remedy else message)
        self.message = message
        self.code = code
        self.fields = tuple(fields)
        self.remedy = remedy


class SalesforceRetryable(SalesforceError):
    """The same request may succeed later; nothing was written. The caller tries again later."""


class SalesforceUnavailable(SalesforceRetryable):
    """The org is down or cannot be reached. The caller stops its run and tries again later."""


class IncompleteRead(SalesforceRetryable):
    """An answer held fewer or more rows than the org announced; it proves nothing. Read again."""


class OutcomeUnknown(SalesforceRetryable):
    """A write was sent and no answer came: it may have happened. Read back before trying again."""


class BudgetExhausted(SalesforceRetryable):
    """Our own budget has no API call left for this purpose. Nothing was sent; try again later."""

    def __init__(
        self, purpose: str, *, why: str, used: int, ceiling: int, free_at: datetime
    ) -> None:
        super().__init__(
            f"No API call is left for {purpose}: {why} ({used} of {ceiling} calls used in 24 h;"
            f" some are free again by {free_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC).",
            code="BUDGET_EXHAUSTED",
            remedy="It goes on by itself then; `flask sync budget` shows who used the calls.",
        )
        self.purpose = purpose
        self.used = used
        self.ceiling = ceiling
        self.free_at = free_at


class SalesforceRejected(SalesforceError):
    """The org refused this request and will again. Someone must correct what `remedy` says."""


class RecordChanged(SalesforceRejected):
    """A guarded write met a newer record: someone edited it after we read. Re-read, then decide."""


class IntegrationBug(SalesforceRejected):
    """Our own program failed on a record: neither repeating nor ops can help, a developer must.

    It surfaces in three places: at once in the log, as an error with its traceback; in the outbox,
    as a rejected write of class "bug" that is not sent again by itself; and on the record in
    Salesforce, in the words of its remedy. The other records of the push go on.
    """


class SalesforceAuthFailed(SalesforceError):
    """The org does not let us in: credentials, certificate, rights. A person corrects settings."""


_LATER = "Nothing to do: it is tried again by itself."
_CALL_DEVELOPER = "Ask a developer: the integration does not know this answer."


def _retry(remedy: str = _LATER) -> ErrorRule:
    return ErrorRule(Outcome.RETRYABLE, remedy)


def _reject(remedy: str) -> ErrorRule:
    return ErrorRule(Outcome.REJECTED, remedy)


#: The closed table. Keys are `errorCode` (plain REST) and `statusCode` (collections) alike.
ERRORS: dict[str, ErrorRule] = {
    "UNABLE_TO_LOCK_ROW": _retry("Another save holds the record; it is tried again by itself."),
    "REQUEST_LIMIT_EXCEEDED": _retry(
        "The org's API calls are used up. It continues when the rolling 24 hours free some;"
        " see Setup > System Overview for who uses them."
    ),
    "SERVER_UNAVAILABLE": _retry("Salesforce is down; see status.salesforce.com."),
    "QUERY_TIMEOUT": _retry("The org was too busy for this query; it is tried again by itself."),
    "OPERATION_TOO_LARGE": _reject("Ask a developer: the query touches too many records."),
    "INVALID_QUERY_LOCATOR": _retry("The org dropped the open query; it is read again."),
    "UNKNOWN_EXCEPTION": _retry(
        "Salesforce had an error of its own; it is tried again. If it stays, open a case with them."
    ),
    "TXN_SECURITY_METERING_ERROR": _retry(),
    "ALL_OR_NONE_OPERATION_ROLLED_BACK": _retry(
        "Undone because another record of the same unit was refused; correct that one."
    ),
    "PROCESSING_HALTED": _retry(
        "Not tried because another record of the same unit was refused; correct that one."
    ),
    "FIELD_CUSTOM_VALIDATION_EXCEPTION": _reject(
        "Correct the record as the org's message says; a validation rule refused it."
    ),
    "FIELD_FILTER_VALIDATION_EXCEPTION": _reject(
        "Choose a record that the lookup filter of this field allows."
    ),
    "FIELD_INTEGRITY_EXCEPTION": _reject("Correct the field: the platform itself refuses it."),
    "REQUIRED_FIELD_MISSING": _reject("Fill in the fields named."),
    "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST": _reject(
        "Choose a value of the picklist, or ask the admin to add this one."
    ),
    "DUPLICATE_VALUE": _reject("Another record has this unique value; correct one of the two."),
    "DUPLICATE_EXTERNAL_ID": _reject(
        "Two records carry this external ID; delete or correct one of them."
    ),
    "DUPLICATES_DETECTED": _reject("A duplicate rule matched; merge the records or allow it."),
    "STRING_TOO_LONG": _reject("Shorten the text in the fields named."),
    "NUMBER_OUTSIDE_VALID_RANGE": _reject("Correct the number: it does not fit the field."),
    "JSON_PARSER_ERROR": _reject("Correct the value: it has the wrong type for its field."),
    "INVALID_EMAIL_ADDRESS": _reject("Correct the e-mail address."),
    "MALFORMED_ID": _reject("Correct the record Id: it is not one."),
    "INVALID_CROSS_REFERENCE_KEY": _reject(
        "Point the lookup at a record that exists and has the right type."
    ),
    "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY": _reject(
        "Give the integration user access to the record that the lookup points at."
    ),
    "INSUFFICIENT_ACCESS_OR_READONLY": _reject(
        "Give the integration user edit access: assign permission set Manufaktura_Integration."
    ),
    "INSUFFICIENT_ACCESS": _reject(
        "Give the integration user access: assign permission set Manufaktura_Integration."
    ),
    "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY": _reject(
        "A flow or trigger of the org failed on this record; ask the admin."
    ),
    "INVALID_FIELD": _reject(
        "Deploy salesforce/ to the org and assign permission set Manufaktura_Integration;"
        " `flask doctor` names what is missing."
    ),
    "INVALID_TYPE": _reject(
        "Deploy salesforce/ to the org and assign permission set Manufaktura_Integration;"
        " `flask doctor` names what is missing."
    ),
    "INVALID_FIELD_FOR_INSERT_UPDATE": _reject(
        "The field is read-only for the integration user; `flask doctor` names missing rights."
    ),
    "MALFORMED_QUERY": _reject("Ask a developer: the query is not valid SOQL."),
    "QUERY_TOO_COMPLICATED": _reject("Ask a developer: the query is too wide for the org."),
    "NOT_FOUND": _reject("The record or resource is not there; it may have been deleted."),
    "ENTITY_IS_DELETED": _reject("The record is in the recycle bin; restore it or let it go."),
    "DELETE_FAILED": _reject("Other records still point at this one; remove those links first."),
    "UNSUPPORTED_API_VERSION": _reject("Set SALESFORCE_API_VERSION to one that the org offers."),
    "API_DISABLED_FOR_ORG": _reject("Ask the admin to enable the API for the org or the user."),
    "METHOD_NOT_ALLOWED": _reject(_CALL_DEVELOPER),
    "LIMIT_EXCEEDED": _reject("Ask a developer: the request is larger than the org accepts."),
    "SANDBOX_NOT_IMPLEMENTED": _reject("The local org lacks this; a real org has it."),
}

_UNLISTED = _reject(_CALL_DEVELOPER)

#: How the org begins to say, under the code of an unknown field, that a lookup's record is missing.
_MISSING_PARENT = "Foreign key external ID:"
_PARENT_FIRST = "Bring the record that this lookup names into Salesforce first."


#: The code of IntegrationBug; no code of Salesforce is spelled so.
BUG_CODE = "BUG"


def report_bug(error: Exception) -> IntegrationBug:
    """An exception that nobody foresaw, as the error of the record that brought it about."""
    return IntegrationBug(
        f"The backoffice failed on this record ({type(error).__name__}: {error})."
        " It may have been written all the same.",
        code=BUG_CODE,
        remedy="Nothing that you could correct: a developer must mend the backoffice first.",
    )


def classify(code: str) -> ErrorRule:
    """What to do about a Salesforce error code; an unknown code is a rejection for a developer."""
    return ERRORS.get(code, _UNLISTED)


def refusal(code: str, message: str, fields: Sequence[str] = ()) -> SalesforceError:
    """The exception for one error item of an answer; the caller raises or stores it."""
    rule = classify(code)
    if code == "PRECONDITION_FAILED":
        return RecordChanged(
            f"{code}: {message}", code=code, fields=fields, remedy="Read the record again."
        )
    if code == "INVALID_SESSION_ID":
        return SalesforceAuthFailed(
            f"{code}: {message}", code=code, remedy="Log in again with valid credentials."
        )
    kind = SalesforceRetryable if rule.outcome is Outcome.RETRYABLE else SalesforceRejected
    if code == "SERVER_UNAVAILABLE":
        kind = SalesforceUnavailable
    remedy = _PARENT_FIRST if message.startswith(_MISSING_PARENT) else rule.remedy
    return kind(f"{code}: {message}", code=code, fields=fields, remedy=remedy)
