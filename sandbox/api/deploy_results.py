"""What clients see of a deploy: DeployResult and its messages.

Owns the shape, which SOAP and REST share but for the way of writing a time. Keys are in the order
of the Metadata WSDL. Source: Metadata API guide, DeployResult, DeployDetails, DeployMessage.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from sandbox.api.deployments import DeployRecord
from sandbox.metadata.deployment import Deployed, DeployReport
from sandbox.metadata.findings import Finding, file_of
from sandbox.metadata.manifest import manifest_entry

Show = Callable[[datetime], str]


def show_soap_time(moment: datetime) -> str:
    """`2026-11-20T07:00:00.000Z`"""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.000Z")


def show_rest_time(moment: datetime) -> str:
    """`2026-11-20T07:00:00.000+0000`"""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.000+0000")


def deploy_result(record: DeployRecord, show: Show, *, details: bool) -> dict[str, object]:
    """A finished deploy. Without `details` only the counts."""
    report = record.report
    return {
        "checkOnly": report.options.check_only,
        "completedDate": show(record.completed_at),
        "createdBy": record.user_id,
        "createdByName": record.username,
        "createdDate": show(record.started_at),
        "details": _details(record, show) if details else None,
        "done": True,
        "id": record.id,
        "ignoreWarnings": record.ignore_warnings,
        "lastModifiedDate": show(record.completed_at),
        "numberComponentErrors": len(report.findings),
        "numberComponentsDeployed": len(report.deployed),
        "numberComponentsTotal": report.components_count,
        "numberTestErrors": 0,
        "numberTestsCompleted": 0,
        "numberTestsTotal": 0,
        "rollbackOnError": report.options.rollback_on_error,
        "runTestsEnabled": False,
        "startDate": show(record.started_at),
        "status": _status(report),
        "success": report.is_success or report.is_partial,
    }


def _status(report: DeployReport) -> str:
    if report.is_partial:
        return "SucceededPartial"
    return "Succeeded" if report.is_success else "Failed"


def _details(record: DeployRecord, show: Show) -> dict[str, object]:
    at = show(record.completed_at)
    report = record.report
    successes = [_success(entry, at) for entry in report.deployed]
    if report.deployed:
        successes.append(_message("", "package.xml", "package.xml", at) | {"changed": True})
    return {
        "componentFailures": [_failure(finding, at) for finding in report.findings],
        "componentSuccesses": successes,
        "runTestResult": {"numFailures": 0, "numTestsRun": 0, "totalTime": 0},
    }


def _success(entry: Deployed, at: str) -> dict[str, object]:
    type_name, full_name = manifest_entry(entry.component)
    shown = _message(type_name, file_of(entry.component), full_name, at)
    return shown | {"changed": entry.is_changed, "created": entry.is_new}


def _failure(finding: Finding, at: str) -> dict[str, object]:
    shown = _message(finding.type_name, finding.file, finding.full_name, at)
    return shown | {
        "columnNumber": 1,
        "lineNumber": finding.line,
        "problem": finding.message,
        "problemType": "Error",
        "success": False,
    }


def _message(type_name: str, file: str, full_name: str, at: str) -> dict[str, object]:
    return {
        "changed": False,
        "columnNumber": None,
        "componentType": type_name,
        "created": False,
        "createdDate": at,
        "deleted": False,
        "fileName": file,
        "fullName": full_name,
        "lineNumber": None,
        "problem": None,
        "problemType": None,
        "success": True,
        "warning": False,
    }
