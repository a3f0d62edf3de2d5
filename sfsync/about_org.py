"""What the org says of itself: its clock, its API versions, our user, its descriptions.

Owns which of these questions are free: the first two cost no API call.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from simple_salesforce.api import Salesforce

from sfsync.batch import get_many
from sfsync.edge import reading
from sfsync.errors import SalesforceAuthFailed, SalesforceRejected
from sfsync.queries import query
from sfsync.results import Record
from sfsync.soql import soql


def org_time(sf: Salesforce) -> datetime:
    """The org's own clock, aware UTC, whole seconds; costs no API call."""
    with reading(sf):
        answer = sf.session.get(f"https://{sf.sf_instance}/services/data")
        answer.raise_for_status()
    return parsedate_to_datetime(answer.headers["Date"]).astimezone(UTC)


def api_versions(sf: Salesforce) -> list[str]:
    """The API versions that the org offers, oldest first; costs no API call."""
    with reading(sf):
        answer = sf.session.get(f"https://{sf.sf_instance}/services/data")
        answer.raise_for_status()
        return [str(each["version"]) for each in answer.json()]


def running_user(sf: Salesforce) -> Record:
    """The user that this connection acts for: Id, Username, TimeZoneSidKey."""
    try:
        with reading(sf):
            identity = sf.oauth2("userinfo") or {}
    except SalesforceRejected as error:
        # This resource answers a dead token with 403 and text, not with INVALID_SESSION_ID.
        raise SalesforceAuthFailed(
            "The org does not accept the login.",
            remedy="Renew SALESFORCE_ACCESS_TOKEN, or log in with a client ID.",
        ) from error
    text = "SELECT Id, Username, TimeZoneSidKey FROM User WHERE Id = {user}"
    return query(sf, soql(text, user=str(identity["user_id"])))[0]


def describe_many(sf: Salesforce, names: Sequence[str]) -> dict[str, Record]:
    """The describe of each sObject that exists and is visible to us, in one call per 25."""
    answers = get_many(sf, [f"sobjects/{name}/describe" for name in names])
    pairs = zip(names, answers, strict=True)
    return {name: answer.unwrap() for name, answer in pairs if answer.status != 404}
