"""Where the files of the small project lie, and how a metadata file begins and ends."""

from __future__ import annotations

MAIN = "force-app/main/default"
_NAMESPACE = "http://soap.sforce.com/2006/04/metadata"


def xml(root: str, body: str) -> str:
    """A metadata file: the body starts at line 3."""
    head = f'<?xml version="1.0" encoding="UTF-8"?>\n<{root} xmlns="{_NAMESPACE}">\n'
    return f"{head}{body.strip(chr(10))}\n</{root}>\n"


INSPECTION = f"{MAIN}/objects/Inspection__c/Inspection__c.object-meta.xml"
INSPECTION_FIELDS = f"{MAIN}/objects/Inspection__c/fields"
ORDER_FIELDS = f"{MAIN}/objects/Order/fields"
ORDER_RULE = (
    f"{MAIN}/objects/Order/validationRules/Checked_Needs_Inspection.validationRule-meta.xml"
)
ORDER_VIEW = f"{MAIN}/objects/Order/listViews/Checked.listView-meta.xml"
INSPECTION_VIEW = f"{MAIN}/objects/Inspection__c/listViews/All.listView-meta.xml"
COMPACT = f"{MAIN}/objects/Inspection__c/compactLayouts/Highlights.compactLayout-meta.xml"
RECORD_TYPE = f"{MAIN}/objects/Account/recordTypes/Inspector.recordType-meta.xml"
ORDER_STATUS = f"{MAIN}/standardValueSets/OrderStatus.standardValueSet-meta.xml"
SEVERITY = f"{MAIN}/globalValueSets/Severity.globalValueSet-meta.xml"
PERMISSIONS = f"{MAIN}/permissionsets/Inspectors.permissionset-meta.xml"
SKIP = f"{MAIN}/customPermissions/Skip_Checks.customPermission-meta.xml"
ORDER_LAYOUT = f"{MAIN}/layouts/Order-Order Layout.layout-meta.xml"
INSPECTION_LAYOUT = f"{MAIN}/layouts/Inspection__c-Inspection Layout.layout-meta.xml"
TAB = f"{MAIN}/tabs/Inspection__c.tab-meta.xml"
APP = f"{MAIN}/applications/Checks.app-meta.xml"
CURRENCY = f"{MAIN}/settings/Currency.settings-meta.xml"
WORKFLOW = f"{MAIN}/workflows/Order.workflow-meta.xml"
FLOW = f"{MAIN}/flows/Order_Checked.flow-meta.xml"
PROFILE = f"{MAIN}/profiles/Admin.profile-meta.xml"
REPORT_TYPE = f"{MAIN}/reportTypes/Inspections.reportType-meta.xml"
MANIFEST = "manifest/package.xml"


ORDER_INSPECTION = f"{ORDER_FIELDS}/Inspection__c.field-meta.xml"


def field_file(name: str) -> str:
    """The path of a field of Inspection__c."""
    return f"{INSPECTION_FIELDS}/{name}.field-meta.xml"
