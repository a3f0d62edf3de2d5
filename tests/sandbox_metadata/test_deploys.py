"""Deploys into a running org, without HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from sandbox.metadata import load_schema
from sandbox.metadata.deployment import DeployOptions
from sandbox.org.errors import OrgError
from tests.sandbox_metadata.deploy_target import (
    BAD_FORMULA,
    LOW_SCORE,
    OUR_SOURCE,
    SCORE,
    VISIT,
    VISITS,
    Target,
    told,
)
from tests.sandbox_metadata.mdapi import (
    an_object,
    convert_source,
    manifest,
    with_manifest,
    zip_of,
)


@pytest.fixture
def target() -> Iterator[Target]:
    made = Target()
    yield made
    made.org.close()


def test_our_own_project_deployed_is_the_schema_that_loading_its_folder_gives(
    target: Target,
) -> None:
    report = target.deploy(convert_source(OUR_SOURCE))

    assert report.findings == []
    assert report.components_count == len(report.deployed) > 100
    assert target.org.schema == load_schema([OUR_SOURCE])
    assert list(target.org.schema.objects) == list(load_schema([OUR_SOURCE]).objects)


def test_a_new_object_lives_at_once_with_its_fields_and_rules(target: Target) -> None:
    assert target.deploy(VISITS).is_success

    visit = target.insert("Visit__c", Name="Gdynia", Score__c=3)
    assert target.org.retrieve(target.admin, "Visit__c", visit)["Score__c"] == 3
    with pytest.raises(OrgError, match="A score is not negative"):
        target.insert("Visit__c", Name="Gdynia", Score__c=-1)


def test_a_new_field_joins_the_records_that_exist(target: Target) -> None:
    account = target.insert("Account", Name="Aurora")

    fields = SCORE + (
        "<fields><fullName>Seen__c</fullName><defaultValue>false</defaultValue>"
        "<label>Seen</label><type>Checkbox</type></fields>"
    )
    assert target.deploy({"objects/Account.object": an_object(fields)}).is_success

    row = target.org.retrieve(target.admin, "Account", account)
    assert (row["Score__c"], row["Seen__c"]) == (None, False)
    target.org.update(target.admin, "Account", account, {"Score__c": 2})
    assert (
        target.org.query(target.admin, "SELECT Id FROM Account WHERE Score__c > 1").total_size == 1
    )


def test_an_object_file_with_fields_only_leaves_the_object_as_it_is(target: Target) -> None:
    target.deploy(VISITS)

    report = target.deploy({"objects/Visit__c.object": an_object(SCORE.replace("Score", "Points"))})

    assert [d.component.full_name for d in report.deployed] == ["Visit__c.Points__c"]
    sobject = target.org.schema.objects["Visit__c"]
    assert (sobject.label, "Score__c" in sobject.fields, len(sobject.validation_rules)) == (
        "Visit",
        True,
        1,
    )


def test_what_is_deployed_again_changes_nothing_and_says_so(target: Target) -> None:
    first = target.deploy(VISITS)
    again = target.deploy(VISITS)
    changed = target.deploy(
        {"objects/Visit__c.object": an_object(VISIT + SCORE + LOW_SCORE.replace("negative", "bad"))}
    )

    assert {(d.is_new, d.is_changed) for d in first.deployed} == {(True, True)}
    assert {(d.is_new, d.is_changed) for d in again.deployed} == {(False, False)}
    assert [d.component.name for d in changed.deployed if d.is_changed] == ["Score_Low"]


def test_check_only_finds_the_same_and_changes_nothing(target: Target) -> None:
    before = target.org.schema

    report = target.deploy(VISITS, check_only=True)

    assert report.is_success
    assert len(report.deployed) == 3
    assert target.org.schema is before
    assert target.columns("Visit__c") == set()
    assert target.ledger.components == []
    with pytest.raises(OrgError, match="INVALID_TYPE"):
        target.insert("Visit__c", Name="Gdynia")
    target.insert("Account", Name="Aurora")


NO_TARGET = (
    "<fields><fullName>Shop__c</fullName><label>Shop</label>"
    "<referenceTo>Shop__c</referenceTo><type>Lookup</type></fields>"
)


def test_every_bad_component_is_named_with_its_line_and_nothing_is_changed(target: Target) -> None:
    body = VISIT + SCORE + BAD_FORMULA + NO_TARGET

    report = target.deploy({"objects/Visit__c.object": an_object(body)})

    file = "objects/Visit__c.object"
    assert sorted(told(report)) == [
        (file, "CustomField", "Visit__c.Shop__c", 14),
        (file, "ValidationRule", "Visit__c.Score_Low", 12),
    ]
    assert report.deployed == []
    assert "Visit__c" not in target.org.schema.objects
    assert target.columns("Visit__c") == set()


def test_a_mistake_is_charged_to_its_component_even_within_one_line(target: Target) -> None:
    good = SCORE.replace("\n", "")
    bad = good.replace("Score__c", "Bad__c").replace(">4<", ">four<")
    after = good.replace("Score__c", "After__c")

    report = target.deploy(
        {"objects/Account.object": an_object(good + bad + after)}, rollback_on_error=False
    )

    assert told(report) == [("objects/Account.object", "CustomField", "Account.Bad__c", 3)]
    assert {d.component.name for d in report.deployed} == {"Score__c", "After__c"}


def test_without_rollback_the_good_components_go_in(target: Target) -> None:
    body = VISIT + SCORE + BAD_FORMULA

    report = target.deploy({"objects/Visit__c.object": an_object(body)}, rollback_on_error=False)

    assert report.is_partial
    assert [f.full_name for f in report.findings] == ["Visit__c.Score_Low"]
    assert target.org.schema.objects["Visit__c"].validation_rules == []
    target.insert("Visit__c", Name="Gdynia", Score__c=-1)


def test_a_rule_that_exists_and_breaks_is_named(target: Target) -> None:
    target.deploy(VISITS)

    text = SCORE.replace(
        "<precision>4</precision>\n<scale>1</scale><type>Number", "<length>9</length><type>Text"
    )
    report = target.deploy({"objects/Visit__c.object": an_object(text)})

    assert [f.full_name for f in report.findings] == ["Visit__c.Score_Low"]
    assert target.org.schema.objects["Visit__c"].fields["Score__c"].type == "Number"


def test_a_type_that_stored_values_do_not_fit_is_refused_and_an_empty_field_may_change(
    target: Target,
) -> None:
    target.deploy({"objects/Visit__c.object": an_object(VISIT + SCORE)})
    visit = target.insert("Visit__c", Name="Gdynia", Score__c="1.5")
    as_date = {
        "objects/Visit__c.object": an_object(
            "<fields><fullName>Score__c</fullName><label>Score</label><type>Date</type></fields>"
        )
    }

    refused = target.deploy(as_date)
    kept = target.org.retrieve(target.admin, "Visit__c", visit)["Score__c"]
    target.org.update(target.admin, "Visit__c", visit, {"Score__c": None})
    taken = target.deploy(as_date)
    target.org.update(target.admin, "Visit__c", visit, {"Score__c": "2026-11-20"})

    assert [(f.full_name, "empty the field first" in f.message) for f in refused.findings] == [
        ("Visit__c.Score__c", True)
    ]
    assert str(kept) == "1.5"
    assert taken.is_success
    assert str(target.org.retrieve(target.admin, "Visit__c", visit)["Score__c"]) == "2026-11-20"


def test_a_field_with_values_becomes_no_formula_and_an_empty_one_may(target: Target) -> None:
    target.deploy({"objects/Visit__c.object": an_object(VISIT + SCORE)})
    visit = target.insert("Visit__c", Name="Gdynia", Score__c="1.5")
    as_formula = {
        "objects/Visit__c.object": an_object(
            SCORE.replace("<scale>", "<formula>2</formula><scale>")
        )
    }

    refused = target.deploy(as_formula)
    kept = target.org.retrieve(target.admin, "Visit__c", visit)["Score__c"]
    target.org.update(target.admin, "Visit__c", visit, {"Score__c": None})
    taken = target.deploy(as_formula)

    assert [(f.full_name, "was number" in f.message) for f in refused.findings] == [
        ("Visit__c.Score__c", True)
    ]
    assert str(kept) == "1.5"
    assert taken.is_success
    assert str(target.org.retrieve(target.admin, "Visit__c", visit)["Score__c"]) == "2.0"
    assert "Score__c" not in target.columns("Visit__c")


def test_a_field_becomes_unique_only_when_its_values_are(target: Target) -> None:
    code = (
        "<fields><fullName>Code__c</fullName><label>Code</label><length>9</length>"
        "<type>Text</type><unique>{unique}</unique></fields>"
    )
    target.deploy({"objects/Visit__c.object": an_object(VISIT + code.format(unique="false"))})
    unique = {"objects/Visit__c.object": an_object(code.format(unique="true"))}
    target.insert("Visit__c", Name="One", Code__c="A")
    twin = target.insert("Visit__c", Name="Two", Code__c="a")

    refused = target.deploy(unique)
    was_kept = not target.org.schema.objects["Visit__c"].fields["Code__c"].unique
    target.org.delete(target.admin, "Visit__c", twin)
    taken = target.deploy(unique)

    assert [(f.full_name, "is to be unique" in f.message) for f in refused.findings] == [
        ("Visit__c.Code__c", True)
    ]
    assert was_kept
    assert taken.is_success
    with pytest.raises(OrgError, match="duplicate value found"):
        target.insert("Visit__c", Name="Three", Code__c="A")


def test_objects_keep_their_key_prefix_whatever_comes_beside_them(target: Target) -> None:
    target.deploy(VISITS)
    visit = target.insert("Visit__c", Name="Gdynia")

    earlier = an_object(VISIT.replace("Visit", "Audit"))
    assert target.deploy({"objects/Audit__c.object": earlier}).is_success

    assert target.org.schema.objects["Visit__c"].key_prefix == visit[:3]
    audit = target.insert("Audit__c", Name="Gdynia")
    assert audit[:3] != visit[:3]
    assert target.org.store.row(visit)["Name"] == "Gdynia"


def test_what_was_deployed_is_there_after_a_restart(tmp_path: Path) -> None:
    first = Target(tmp_path)
    first.deploy(VISITS)
    first.deploy({"objects/Audit__c.object": an_object(VISIT.replace("Visit", "Audit"))})
    visit = first.insert("Visit__c", Name="Gdynia", Score__c=3)
    schema = first.org.schema
    first.org.close()

    second = Target(tmp_path)

    assert second.org.schema == schema
    assert second.org.retrieve(second.admin, "Visit__c", visit)["Score__c"] == 3
    assert {d.is_changed for d in second.deploy(VISITS).deployed} == {False}
    second.org.close()


def test_a_deploy_wins_over_the_folder_that_the_org_started_with(tmp_path: Path) -> None:
    first = Target(tmp_path, (OUR_SOURCE,))
    rule = (OUR_SOURCE / "objects/Order_Proposal__c/validationRules").glob("Price_Positive.*")
    body = next(iter(rule)).read_text().partition('metadata">')[2].replace("</ValidationRule>", "")
    changed = body.replace("<active>true</active>", "<active>false</active>")
    assert changed != body
    proposals = an_object(f"<validationRules>{changed}</validationRules>")

    report = first.deploy({"objects/Order_Proposal__c.object": proposals})
    first.org.close()
    second = Target(tmp_path, (OUR_SOURCE,))

    assert [(d.is_new, d.is_changed) for d in report.deployed] == [(False, True)]
    for schema in (first.org.schema, second.org.schema):
        rules = schema.objects["Order_Proposal__c"].validation_rules
        assert [r.active for r in rules if r.name == "Price_Positive"] == [False]
    second.org.close()


def test_a_deploy_that_was_cut_off_while_writing_is_as_if_it_never_was(tmp_path: Path) -> None:
    first = Target(tmp_path)
    first.deploy(VISITS)
    first.org.close()
    (tmp_path / "deployed").rename(tmp_path / "deployed.old")

    second = Target(tmp_path)

    assert "Visit__c" in second.org.schema.objects
    second.org.close()


def test_a_folder_that_cannot_be_written_leaves_the_org_as_it_was(tmp_path: Path) -> None:
    target = Target(tmp_path)
    (tmp_path / "deployed.new").write_text("in the way")

    with pytest.raises(OSError, match="deployed"):
        target.deploy(VISITS)

    assert "Visit__c" not in target.org.schema.objects
    assert target.columns("Visit__c") == set()
    target.insert("Account", Name="Aurora")
    target.org.close()


def test_only_administrators_deploy(target: Target) -> None:
    ops = target.org.actor(str(target.org.find_user("ops@manufaktura.example")))

    with pytest.raises(OrgError, match="INSUFFICIENT_ACCESS"):
        target.deployments.run(ops, zip_of(with_manifest(VISITS)), DeployOptions())

    assert "Visit__c" not in target.org.schema.objects


def test_multi_currency_gives_the_records_of_before_the_corporate_currency(target: Target) -> None:
    account = target.insert("Account", Name="Aurora")
    currency = (OUR_SOURCE / "settings/Currency.settings-meta.xml").read_text()

    report = target.deploy(
        {
            "settings/Currency.settings": currency,
            "package.xml": manifest({"Settings": ["Currency"]}),
        }
    )

    assert report.findings == []
    row = target.org.retrieve(target.admin, "Account", account)
    assert row["CurrencyIsoCode"] == "EUR"


def test_a_summary_that_cannot_work_is_refused_by_name(target: Target) -> None:
    filters = (
        "<summaryFilterItems><field>Visit__c.Score__c</field><operation>equals</operation>"
        "<value>many</value></summaryFilterItems>"
    )

    report = target.deploy(_visits_of_tours(filters))

    (finding,) = report.findings
    assert "Tour__c.Visits__c: 'many' is no value of Score__c" in finding.message
    assert "Tour__c" not in target.org.schema.objects


def test_a_deployed_summary_follows_its_details(target: Target) -> None:
    assert told(target.deploy(_visits_of_tours(""))) == []
    tour = target.insert("Tour__c", Name="North")

    target.insert("Visit__c", Name="Gdynia", Score__c=1, Tour__c=tour)

    assert target.org.retrieve(target.admin, "Tour__c", tour)["Visits__c"] == 1


def test_a_late_commit_of_before_a_deploy_appears_after_it(target: Target) -> None:
    with target.org.store.late.delaying(600):
        account = target.insert("Account", Name="Aurora")
    assert target.deploy(VISITS).is_success
    soql = "SELECT Id FROM Account"
    before = target.org.query(target.admin, soql).records

    target.org.clock.set(target.org.clock.now() + timedelta(seconds=601))

    assert before == []
    assert [row["Id"] for row in target.org.query(target.admin, soql).records] == [account]


def test_rights_that_a_deploy_grants_hold_at_once() -> None:
    target = Target(folders=(OUR_SOURCE,))
    integration = str(target.org.find_user("integration@manufaktura.example"))
    account = target.org.schema.objects["Account"]
    rating = account.fields["Rating__c"]
    assert not target.org.actor(integration).access.can_set(account, rating)
    name = "permissionsets/Manufaktura_Integration.permissionset"
    granting = convert_source(OUR_SOURCE)[name].replace(
        "<editable>false</editable>\n        <field>Account.Rating__c</field>",
        "<editable>true</editable>\n        <field>Account.Rating__c</field>",
    )

    assert target.deploy({name: granting}).is_success

    assert target.org.actor(integration).access.can_set(account, rating)
    target.org.close()


def _visits_of_tours(filters: str) -> dict[str, str]:
    master = (
        "<fields><fullName>Tour__c</fullName><label>Tour</label><referenceTo>Tour__c</referenceTo>"
        "<relationshipLabel>Visits</relationshipLabel><relationshipName>Visits</relationshipName>"
        "<relationshipOrder>0</relationshipOrder>"
        "<reparentableMasterDetail>false</reparentableMasterDetail>"
        "<type>MasterDetail</type><writeRequiresMasterRead>false</writeRequiresMasterRead></fields>"
    )
    summary = (
        f"<fields><fullName>Visits__c</fullName><label>Visits</label>{filters}"
        "<summaryForeignKey>Visit__c.Tour__c</summaryForeignKey>"
        "<summaryOperation>count</summaryOperation><type>Summary</type></fields>"
    )
    detail = VISIT.replace("ReadWrite", "ControlledByParent")
    return {
        "objects/Tour__c.object": an_object(VISIT.replace("Visit", "Tour") + summary),
        "objects/Visit__c.object": an_object(detail + SCORE + master),
    }


def test_a_default_with_too_many_digits_refuses_the_save_only(target: Target) -> None:
    default = f"<defaultValue>1{'0' * 40}</defaultValue>"
    field = SCORE.replace("<precision>4", f"{default}<precision>4")
    assert target.deploy({"objects/Visit__c.object": an_object(VISIT + field)}).is_success

    with pytest.raises(OrgError) as caught:
        target.insert("Visit__c", Name="First")

    assert caught.value.items[0].code == "FIELD_INTEGRITY_EXCEPTION"
    assert target.insert("Visit__c", Name="Second", Score__c="1.5")
