"""A search finds by nothing that its user may not read."""

from __future__ import annotations

import pytest

from sandbox.org.errors import OrgError
from sandbox.org.org import Org
from sandbox.sosl import parse_search, run_search
from tests.sandbox_access.builders import DEAL, READ, an_org_with, ops_of
from tests.sandbox_org.builders import ADMIN, a_deal, the_user


def test_a_hidden_field_is_not_searched() -> None:
    org = an_org_with(DEAL, {"Deal__c.Budget__c": READ})
    deal = a_deal(org, External_Id__c="D-42x")
    search = parse_search("FIND {42x} RETURNING Deal__c")
    by_key = parse_search("FIND {42x OR D*} RETURNING Deal__c(Id WHERE External_Id__c != null)")

    assert [row["Id"] for row in run_search(org, the_user(org, ADMIN), search)] == [deal]
    assert run_search(org, ops_of(org), search) == []
    with pytest.raises(OrgError, match="No such column 'External_Id__c'"):
        run_search(org, ops_of(org), by_key)


def test_a_hidden_object_is_unknown() -> None:
    org: Org = an_org_with({}, {})

    with pytest.raises(OrgError, match="sObject type 'Deal__c' is not supported"):
        run_search(org, ops_of(org), parse_search("FIND {ab} RETURNING Deal__c"))
    assert run_search(org, ops_of(org), parse_search("FIND {ab}")) == []
