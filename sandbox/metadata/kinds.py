"""The kinds of metadata files that an SFDX source folder may hold.

Owns the table of suffix, root element and directory. It follows the registry of Salesforce's npm
library `@salesforce/source-deploy-retrieve`, cut to what a project like ours may hold. A suffix
that is not here is a mistake, not something to skip.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Kind:
    """One type of metadata component."""

    suffix: str  #: `field` in `Price__c.field-meta.xml`
    root: str  #: name of the root element, which is the Metadata API's type name
    directory: str  #: folder that holds such files
    in_object: bool = False  #: lives in `objects/<Object>/<directory>/`
    has_full_name: bool = False  #: repeats its own name in `<fullName>`
    inline_tag: str = ""  #: element of the object file that may hold it instead
    has_effect: bool = False  #: the local org acts on it


_IN_OBJECT = (
    Kind("field", "CustomField", "fields", True, True, "fields", True),
    Kind(
        "validationRule", "ValidationRule", "validationRules", True, True, "validationRules", True
    ),
    Kind("recordType", "RecordType", "recordTypes", True, True, "recordTypes", True),
    Kind("listView", "ListView", "listViews", True, True, "listViews"),
    Kind("compactLayout", "CompactLayout", "compactLayouts", True, True, "compactLayouts"),
    Kind(
        "businessProcess", "BusinessProcess", "businessProcesses", True, True, "businessProcesses"
    ),
    Kind("fieldSet", "FieldSet", "fieldSets", True, True, "fieldSets"),
    Kind("webLink", "WebLink", "webLinks", True, True, "webLinks"),
    Kind("index", "Index", "indexes", True, True, "indexes"),
    Kind("sharingReason", "SharingReason", "sharingReasons", True, True, "sharingReasons"),
)

_TOP = (
    Kind("object", "CustomObject", "objects", has_effect=True),
    Kind("standardValueSet", "StandardValueSet", "standardValueSets", has_effect=True),
    Kind("globalValueSet", "GlobalValueSet", "globalValueSets", has_effect=True),
    Kind("permissionset", "PermissionSet", "permissionsets", has_effect=True),
    Kind("customPermission", "CustomPermission", "customPermissions", has_effect=True),
    Kind("settings", "", "settings", has_effect=True),
    Kind("layout", "Layout", "layouts"),
    Kind("tab", "CustomTab", "tabs"),
    Kind("app", "CustomApplication", "applications"),
    Kind("reportType", "ReportType", "reportTypes"),
    Kind("reportFolder", "ReportFolder", "reports"),
    Kind("report", "Report", "reports"),
    Kind("dashboardFolder", "DashboardFolder", "dashboards"),
    Kind("dashboard", "Dashboard", "dashboards"),
    Kind("workflow", "Workflow", "workflows", has_effect=True),
    Kind("flow", "Flow", "flows", has_effect=True),
    Kind("profile", "Profile", "profiles"),
    Kind("permissionsetgroup", "PermissionSetGroup", "permissionsetgroups"),
    Kind("role", "Role", "roles"),
    Kind("group", "Group", "groups"),
    Kind("queue", "Queue", "queues"),
    Kind("sharingRules", "SharingRules", "sharingRules"),
    Kind("quickAction", "QuickAction", "quickActions"),
    Kind("flexipage", "FlexiPage", "flexipages"),
    Kind("labels", "CustomLabels", "labels"),
    Kind("translation", "Translations", "translations"),
    Kind("objectTranslation", "CustomObjectTranslation", "objectTranslations"),
    Kind("fieldTranslation", "CustomFieldTranslation", "objectTranslations"),
    Kind("approvalProcess", "ApprovalProcess", "approvalProcesses"),
    Kind("assignmentRules", "AssignmentRules", "assignmentRules"),
    Kind("autoResponseRules", "AutoResponseRules", "autoResponseRules"),
    Kind("escalationRules", "EscalationRules", "escalationRules"),
    Kind("duplicateRule", "DuplicateRule", "duplicateRules"),
    Kind("matchingRule", "MatchingRules", "matchingRules"),
    Kind("pathAssistant", "PathAssistant", "pathAssistants"),
    Kind("platformEventChannel", "PlatformEventChannel", "platformEventChannels"),
    Kind(
        "platformEventChannelMember",
        "PlatformEventChannelMember",
        "platformEventChannelMembers",
    ),
    Kind("namedCredential", "NamedCredential", "namedCredentials"),
    Kind("externalCredential", "ExternalCredential", "externalCredentials"),
    Kind("remoteSite", "RemoteSiteSetting", "remoteSiteSettings"),
    Kind("cspTrustedSite", "CspTrustedSite", "cspTrustedSites"),
    Kind("connectedApp", "ConnectedApp", "connectedApps"),
    Kind("eca", "ExternalClientApplication", "externalClientApps"),
    Kind("ecaOauth", "ExtlClntAppOauthSettings", "extlClntAppOauthSettings"),
    Kind("ecaGlblOauth", "ExtlClntAppGlobalOauthSettings", "extlClntAppGlobalOauthSets"),
    Kind("ecaOauthPlcy", "ExtlClntAppOauthConfigurablePolicies", "extlClntAppOauthPolicies"),
    Kind("ecaPlcy", "ExtlClntAppConfigurablePolicies", "extlClntAppPolicies"),
    Kind("md", "CustomMetadata", "customMetadata"),
    Kind("email", "EmailTemplate", "email"),
    Kind("emailFolder", "EmailFolder", "email"),
    Kind("resource", "StaticResource", "staticresources"),
    Kind("cls", "ApexClass", "classes"),
    Kind("trigger", "ApexTrigger", "triggers"),
    Kind("page", "ApexPage", "pages"),
    Kind("component", "ApexComponent", "components"),
    Kind("js", "LightningComponentBundle", "lwc"),
)

#: Every kind by its suffix.
KINDS = {kind.suffix: kind for kind in (*_IN_OBJECT, *_TOP)}
#: Kinds that an object file may also hold inline.
INLINE_KINDS = tuple(kind for kind in _IN_OBJECT if kind.inline_tag)
