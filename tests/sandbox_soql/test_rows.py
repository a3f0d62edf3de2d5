"""What plain queries answer: names, nesting, parents, children, paging."""

# ruff: noqa: S608 - these are SOQL texts

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from decimal import Decimal

import pytest

from sandbox.org.errors import OrgError
from sandbox.org.schema import Field, FieldType, SObject
from tests.sandbox_soql.small_org import SmallOrg, a_schema, an_sobject, lookup


@pytest.fixture
def org() -> SmallOrg:
    return SmallOrg()


def test_names_are_answered_in_canonical_case_and_in_the_order_of_the_query(org: SmallOrg) -> None:
    part = org.add("Part__c", Name="Bolt", Price__c=Decimal("12.50"))

    result = org.query("select NAME, id, price__C from part__c")

    assert result.total_size == 1
    row = result.records[0]
    assert list(row) == ["attributes", "Name", "Id", "Price__c"]
    assert row == {
        "attributes": {"type": "Part__c", "id": part},
        "Name": "Bolt",
        "Id": part,
        "Price__c": Decimal("12.50"),
    }


def test_every_type_is_answered_in_its_json_form(org: SmallOrg) -> None:
    org.add(
        "Part__c",
        Quantity=Decimal(7),
        Weight__c=Decimal("0.125"),
        Active__c=True,
        Due__c=date(2026, 11, 20),
        Seen_At__c=datetime(2026, 11, 20, 7, 0, tzinfo=UTC),
        Opens__c=time(8, 30),
        Tags__c="Red;Blue",
    )

    row = org.values(
        "SELECT Quantity, Weight__c, Active__c, Due__c, Seen_At__c, Opens__c, Tags__c, Price__c "
        "FROM Part__c"
    )

    assert row == [
        (
            7,
            Decimal("0.125"),
            True,
            "2026-11-20",
            "2026-11-20T07:00:00.000+0000",
            "08:30:00.000Z",
            "Red;Blue",
            None,
        )
    ]


def test_parents_nest_and_a_missing_parent_is_null(org: SmallOrg) -> None:
    owner = org.add("User", Name="Olga")
    account = org.add("Account", Name="Acme", OwnerId=owner)
    org.add("Part__c", Name="Bolt", Account__c=account)
    org.add("Part__c", Name="Nut")

    records = org.query(
        "SELECT Name, Account__r.Name, account__r.owner.name FROM Part__c ORDER BY Name"
    ).records

    assert records[0]["Account__r"] == {
        "attributes": {"type": "Account", "id": account},
        "Name": "Acme",
        "Owner": {"attributes": {"type": "User", "id": owner}, "Name": "Olga"},
    }
    assert records[1]["Account__r"] is None


def test_a_polymorphic_owner_is_whatever_it_points_at(org: SmallOrg) -> None:
    queue = org.add("Group", Name="Screeners")
    user = org.add("User", Name="Olga")
    org.add("Account", Name="A", OwnerId=queue)
    org.add("Account", Name="B", OwnerId=user)

    rows = org.query("SELECT Owner.Name, Owner.Type FROM Account ORDER BY Name").records
    choice = org.values(
        "SELECT TYPEOF Owner WHEN User THEN Email, Name WHEN Group THEN DeveloperName END "
        "FROM Account ORDER BY Name"
    )

    assert [row["Owner"] for row in rows] == [
        {"attributes": {"type": "Group", "id": queue}, "Name": "Screeners", "Type": "Group"},
        {"attributes": {"type": "User", "id": user}, "Name": "Olga", "Type": "User"},
    ]
    assert choice == [((None,),), ((None, "Olga"),)]
    assert org.names("SELECT Name FROM Account WHERE Owner.Type = 'Group'") == ["A"]


def test_a_pointed_at_record_is_named_by_what_stands_for_its_name() -> None:
    schema = a_schema()
    case = an_sobject("Case", "500", Field("CaseNumber", FieldType.AUTO_NUMBER))
    case.name_field = "CaseNumber"
    case.drop_field("Name")
    schema.objects["Case"] = case
    task = an_sobject("Task", "00T", lookup("WhatId", ("Account", "Case"), "What"))
    schema.objects["Task"] = task
    org = SmallOrg(schema)
    org.add("Task", Name="1", WhatId=org.add("Account", Name="Acme"))
    org.add("Task", Name="2", WhatId=org.add("Case", CaseNumber="00000007"))
    org.add("Task", Name="3")

    assert org.values("SELECT What.Name, What.Type FROM Task ORDER BY Name") == [
        (("Acme", "Account"),),
        (("00000007", "Case"),),
        (None,),
    ]
    assert org.values(
        "SELECT TYPEOF What WHEN Account THEN Id ELSE Name END FROM Task "
        "WHERE What.Name = '00000007'"
    ) == [(("00000007",),)]


@pytest.mark.parametrize(
    "items",
    [
        "Owner.Name, TYPEOF Owner WHEN User THEN Email END",
        "TYPEOF Owner WHEN User THEN Email END, Owner.Name",
        "TYPEOF Owner WHEN User THEN Email END, TYPEOF Owner WHEN Group THEN Name END",
    ],
)
def test_a_relationship_is_read_by_typeof_or_by_paths_but_not_by_both(
    org: SmallOrg, items: str
) -> None:
    with pytest.raises(OrgError, match="A relationship in TYPEOF") as refusal:
        org.query(f"SELECT {items} FROM Account")

    assert refusal.value.items[0].code == "MALFORMED_QUERY"


def test_parent_paths_go_five_levels_up_and_no_further(org: SmallOrg) -> None:
    above = None
    for name in "abcdefg":
        above = org.add("Part__c", Name=name, Whole__c=above)
    five = ".".join(["Whole__r"] * 5)

    assert org.names(f"SELECT Name FROM Part__c WHERE {five}.Name = 'b'") == ["g"]
    with pytest.raises(OrgError, match="path has more than 5 levels") as refusal:
        org.query(f"SELECT Id FROM Part__c WHERE Whole__r.{five}.Name = 'a'")
    assert refusal.value.http_status == 400


def test_children_come_per_parent_with_their_own_order_and_limit(org: SmallOrg) -> None:
    first = org.add("Account", Name="First")
    second = org.add("Account", Name="Second")
    org.add("Account", Name="Third")
    for account, names in ((first, "dbac"), (second, "zy")):
        for name in names:
            org.add("Part__c", Name=name, Account__c=account)

    rows = org.values(
        "SELECT Name, (SELECT Name FROM Parts__r WHERE Name != 'a' ORDER BY Name LIMIT 2) "
        "FROM Account ORDER BY Name"
    )

    assert rows == [
        ("First", [("b",), ("c",)]),
        ("Second", [("y",), ("z",)]),
        ("Third", None),
    ]


def test_children_take_one_statement_for_all_parents(org: SmallOrg) -> None:
    for number in range(50):
        account = org.add("Account", Name=str(number))
        org.add("Part__c", Account__c=account)
    org.query("SELECT Id FROM Account")
    statements: list[str] = []
    org.connection.set_trace_callback(statements.append)

    org.query("SELECT Id, (SELECT Id FROM Parts__r) FROM Account")

    reads = [text for text in statements if "FROM" in text]
    assert len(reads) == 2


def test_children_of_children_nest(org: SmallOrg) -> None:
    account = org.add("Account", Name="Acme")
    whole = org.add("Part__c", Name="Whole", Account__c=account)
    org.add("Part__c", Name="Piece", Whole__c=whole)

    rows = org.values(
        "SELECT (SELECT Name, (SELECT Name FROM Pieces__r) FROM Parts__r) FROM Account"
    )

    assert rows == [([("Whole", [("Piece",)])],)]


def test_deleted_records_are_hidden_everywhere_unless_asked_for(org: SmallOrg) -> None:
    account = org.add("Account", Name="Acme")
    org.add("Part__c", Name="Kept", Account__c=account)
    org.add("Part__c", Name="Gone", Account__c=account, IsDeleted=True)
    children = "SELECT (SELECT Name FROM Parts__r ORDER BY Name) FROM Account"

    assert org.names("SELECT Name FROM Part__c") == ["Kept"]
    assert org.names("SELECT Name FROM Part__c ORDER BY Name", include_deleted=True) == [
        "Gone",
        "Kept",
    ]
    assert org.values(children) == [([("Kept",)],)]
    assert org.values(children, include_deleted=True) == [([("Gone",), ("Kept",)],)]
    assert org.query("SELECT COUNT() FROM Part__c").total_size == 1


def test_limit_and_offset_cut_the_answer(org: SmallOrg) -> None:
    for name in "abcde":
        org.add("Part__c", Name=name)

    assert org.names("SELECT Name FROM Part__c ORDER BY Name LIMIT 2 OFFSET 3") == ["d", "e"]
    assert org.names("SELECT Name FROM Part__c ORDER BY Name OFFSET 4") == ["e"]
    assert org.names("SELECT Name FROM Part__c LIMIT 0") == []
    with pytest.raises(OrgError, match="Maximum SOQL offset allowed is 2000"):
        org.query("SELECT Name FROM Part__c LIMIT 1 OFFSET 2001")


def test_count_answers_a_number_and_no_rows(org: SmallOrg) -> None:
    for name in "abc":
        org.add("Part__c", Name=name)

    result = org.query("SELECT COUNT() FROM Part__c WHERE Name != 'a'")

    assert (result.total_size, result.records, result.is_count) == (2, [], True)
    assert org.query("SELECT count() FROM Part__c LIMIT 2").total_size == 2


def test_aliases_name_the_object_and_its_parents(org: SmallOrg) -> None:
    account = org.add("Account", Name="Acme")
    org.add("Part__c", Name="Bolt", Account__c=account)

    rows = org.values(
        "SELECT p.Name, Part__c.Id, a.Name FROM Part__c p, p.Account__r a WHERE a.Name = 'acme'"
    )

    assert [(row[0], row[2]) for row in rows] == [("Bolt", ("Acme",))]


def test_fields_functions_expand_and_want_a_limit(org: SmallOrg) -> None:
    org.add("User", Name="Olga")
    org.add("Account", Name="Acme")

    standard = org.query("SELECT FIELDS(STANDARD) FROM Account").records[0]
    custom = org.query("SELECT FIELDS(CUSTOM) FROM Account LIMIT 200", formula=_doubled).records[0]

    assert "Name" in standard
    assert "Rating__c" not in standard
    assert set(custom) == {"attributes", "Rating__c", "Kind__c", "Vip__c", "Doubled__c"}
    with pytest.raises(OrgError, match="LIMIT of at most 200"):
        org.query("SELECT FIELDS(ALL) FROM Account LIMIT 201")


def _doubled(sobject: SObject, field: Field, ids: Sequence[str]) -> list[Decimal]:
    assert (sobject.name, field.name) == ("Account", "Doubled__c")
    found = {"1": Decimal("3.00"), "2": Decimal("9.00")}
    return [found.get(record_id[14], Decimal("6.00")) for record_id in ids]


def test_formula_fields_can_be_shown_filtered_and_ordered_by(org: SmallOrg) -> None:
    for name in "abc":
        org.add("Account", Name=name)

    shown = org.values("SELECT Name, Doubled__c FROM Account ORDER BY Name", formula=_doubled)
    ordered = org.names("SELECT Name FROM Account ORDER BY Doubled__c DESC", formula=_doubled)
    above = org.names("SELECT Name FROM Account WHERE Doubled__c > 3.0", formula=_doubled)

    assert shown == [("a", Decimal("3.00")), ("b", Decimal("9.00")), ("c", Decimal("6.00"))]
    assert ordered == ["b", "c", "a"]
    assert sorted(map(str, above)) == ["b", "c"]


def test_an_error_in_a_formula_reaches_the_caller_as_it_is(org: SmallOrg) -> None:
    def fail(*_: object) -> object:
        raise ZeroDivisionError("Rating__c is 0")

    org.add("Account", Name="a")

    with pytest.raises(ZeroDivisionError, match="Rating__c is 0"):
        org.query("SELECT Id FROM Account WHERE Doubled__c > 1", formula=fail)


def test_a_field_that_the_user_may_not_read_does_not_exist(org: SmallOrg) -> None:
    org.add("Account", Name="a")

    def gate(sobject: SObject, field: Field) -> bool:
        return field.name != "Rating__c"

    with pytest.raises(OrgError, match="No such column 'Rating__c' on entity 'Account'"):
        org.query("SELECT Rating__c FROM Account", can_read=gate)
    shown = org.query("SELECT FIELDS(CUSTOM) FROM Account LIMIT 1", can_read=gate, formula=_doubled)
    assert "Rating__c" not in shown.records[0]


def test_to_label_shows_and_compares_labels(org: SmallOrg) -> None:
    org.add("Part__c", Name="a", Stage__c="New")
    org.add("Part__c", Name="b", Stage__c="Unlisted")

    assert org.values("SELECT toLabel(Stage__c) FROM Part__c ORDER BY Name") == [
        ("New (label)",),
        ("Unlisted",),
    ]
    where = "SELECT Name FROM Part__c WHERE toLabel(Stage__c) = 'new (LABEL)'"
    assert org.names(where) == ["a"]


def test_mine_is_what_the_user_owns(org: SmallOrg) -> None:
    user = org.add("User", Name="Olga")
    org.add("Account", Name="hers", OwnerId=user)
    org.add("Account", Name="nobody's")

    assert org.names("SELECT Name FROM Account USING SCOPE mine", user_id=user) == ["hers"]
    with pytest.raises(OrgError, match="SANDBOX_NOT_IMPLEMENTED") as refusal:
        org.query("SELECT Name FROM Account USING SCOPE team", user_id=user)
    assert refusal.value.http_status == 501


def test_a_formula_may_read_the_org_while_the_query_runs(org: SmallOrg) -> None:
    for name, rating in (("a", "1.50"), ("b", "0.25")):
        org.add("Account", Name=name, Rating__c=Decimal(rating))

    def double(sobject: SObject, field: Field, ids: Sequence[str]) -> list[Decimal]:
        read = 'SELECT "Rating__c" FROM "Account" WHERE "Id" = ?'
        cents = [org.connection.execute(read, (each,)).fetchone()[0] for each in ids]
        return [Decimal(each * 2) / 100 for each in cents]

    where = "SELECT Name, Doubled__c FROM Account WHERE Doubled__c > 1 ORDER BY Doubled__c"
    assert org.values(where, formula=double) == [("a", Decimal("3.00"))]
