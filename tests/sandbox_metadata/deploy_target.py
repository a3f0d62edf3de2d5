"""An org that takes deploys, and small packages to deploy into it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sandbox.api.deployments import Deployments
from sandbox.metadata.deployment import DeployOptions, DeployReport
from sandbox.metadata.ledger import MetadataLedger
from sandbox.org.org import Org
from tests.sandbox_metadata.mdapi import an_object, with_manifest, zip_of

ROOT = Path(__file__).parent.parent.parent
OUR_SOURCE = ROOT / "salesforce/force-app/main/default"
VISIT = """
<deploymentStatus>Deployed</deploymentStatus>
<label>Visit</label><pluralLabel>Visits</pluralLabel><sharingModel>ReadWrite</sharingModel>
<nameField><label>Visit Name</label><type>Text</type></nameField>
"""
SCORE = """
<fields><fullName>Score__c</fullName><label>Score</label><precision>4</precision>
<scale>1</scale><type>Number</type></fields>
"""
LOW_SCORE = """
<validationRules><fullName>Score_Low</fullName><active>true</active>
<errorConditionFormula>Score__c &lt; 0</errorConditionFormula>
<errorMessage>A score is not negative.</errorMessage></validationRules>
"""
BAD_FORMULA = LOW_SCORE.replace("Score__c &lt; 0", "Skore__c &lt; 0")
VISITS = {"objects/Visit__c.object": an_object(VISIT + SCORE + LOW_SCORE)}


class Target:
    """An org that takes deploys, and its administrator."""

    def __init__(self, data: Path | None = None, folders: tuple[Path, ...] = ()) -> None:
        self.ledger = MetadataLedger(folders, data)
        self.org = Org(self.ledger.schema, data)
        self.deployments = Deployments(self.org, self.ledger)
        self.admin = self.org.actor(str(self.org.find_user("admin@manufaktura.example")))

    def deploy(self, files: Mapping[str, str | bytes], **options: bool) -> DeployReport:
        """Deploy these files with a manifest of them, unless they bring their own."""
        whole = files if "package.xml" in files else with_manifest(files)
        return self.send(zip_of(whole), **options)

    def send(self, data: bytes, **options: bool) -> DeployReport:
        given = DeployOptions(**{"rollback_on_error": True} | options)
        return self.deployments.run(self.admin, data, given).report

    def insert(self, sobject: str, **values: Any) -> str:
        return self.org.insert(self.admin, sobject, values)

    def columns(self, sobject: str) -> set[str]:
        rows = self.org.store.connection.execute(f'PRAGMA table_info("{sobject}")')
        return {row[1] for row in rows}


def told(report: DeployReport) -> list[tuple[str, str, str, int]]:
    return [(f.file, f.type_name, f.full_name, f.line) for f in report.findings]
