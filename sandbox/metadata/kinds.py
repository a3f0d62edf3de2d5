"""The kinds of metadata files that an SFDX source folder may hold.

Owns the table of suffix, root element and directory. It follows the registry of Salesforce's npm
library `@salesforce/source-deploy-retrieve`, cut to what projects of ordinary objects hold. A
suffix that is not here is told by the file's name, never skipped.
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
    Kind("labels", "CustomLabels", "labels", has_effect=True),
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

#: Kinds of other people's projects: suffix, type and directory. None has an effect here.
_IDLE = (
    ("accessControlPolicy", "AccessControlPolicy", "accessControlPolicies"),
    ("actionLinkGroupTemplate", "ActionLinkGroupTemplate", "actionLinkGroupTemplates"),
    ("asset", "ContentAsset", "contentassets"),
    ("audience", "Audience", "audience"),
    ("authprovider", "AuthProvider", "authproviders"),
    ("bot", "Bot", "bots"),
    ("botVersion", "BotVersion", "bots"),
    ("brandingSet", "BrandingSet", "brandingSets"),
    ("cachePartition", "PlatformCachePartition", "cachePartitions"),
    ("callCenter", "CallCenter", "callCenters"),
    ("cleanDataService", "CleanDataService", "cleanDataServices"),
    ("cmp", "AuraDefinitionBundle", "aura"),
    ("community", "Community", "communities"),
    ("corsWhitelistOrigin", "CorsWhitelistOrigin", "corsWhitelistOrigins"),
    ("crt", "Certificate", "certs"),
    ("customHelpMenuSection", "CustomHelpMenuSection", "customHelpMenuSections"),
    ("dataSource", "ExternalDataSource", "dataSources"),
    ("delegateGroup", "DelegateGroup", "delegateGroups"),
    ("design", "AuraDefinitionBundle", "aura"),
    ("digitalExperience", "DigitalExperienceBundle", "digitalExperiences"),
    ("digitalExperienceConfig", "DigitalExperienceConfig", "digitalExperienceConfigs"),
    ("document", "Document", "documents"),
    ("documentFolder", "DocumentFolder", "documents"),
    ("entitlementProcess", "EntitlementProcess", "entitlementProcesses"),
    ("evt", "AuraDefinitionBundle", "aura"),
    ("feedFilter", "CustomFeedFilter", "feedFilters"),
    ("flowDefinition", "FlowDefinition", "flowDefinitions"),
    ("genAiFunction", "GenAiFunction", "genAiFunctions"),
    ("genAiPlannerBundle", "GenAiPlannerBundle", "genAiPlannerBundles"),
    ("genAiPlugin", "GenAiPlugin", "genAiPlugins"),
    ("genAiPromptTemplate", "GenAiPromptTemplate", "genAiPromptTemplates"),
    ("globalValueSetTranslation", "GlobalValueSetTranslation", "globalValueSetTranslations"),
    ("homePageComponent", "HomePageComponent", "homePageComponents"),
    ("homePageLayout", "HomePageLayout", "homePageLayouts"),
    ("installedPackage", "InstalledPackage", "installedPackages"),
    ("intf", "AuraDefinitionBundle", "aura"),
    ("letter", "Letterhead", "letterhead"),
    ("lightningExperienceTheme", "LightningExperienceTheme", "lightningExperienceThemes"),
    ("managedContentType", "ManagedContentType", "managedContentTypes"),
    ("managedTopics", "ManagedTopics", "managedTopics"),
    ("messageChannel", "LightningMessageChannel", "messageChannels"),
    ("milestoneType", "MilestoneType", "milestoneTypes"),
    ("mutingpermissionset", "MutingPermissionSet", "mutingpermissionsets"),
    ("navigationMenu", "NavigationMenu", "navigationMenus"),
    ("network", "Network", "networks"),
    ("networkBranding", "NetworkBranding", "networkBranding"),
    ("notiftype", "CustomNotificationType", "notificationtypes"),
    ("oauthcustomscope", "OauthCustomScope", "oauthcustomscopes"),
    (
        "platformEventSubscriberConfig",
        "PlatformEventSubscriberConfig",
        "PlatformEventSubscriberConfigs",
    ),
    ("postTemplate", "PostTemplate", "postTemplates"),
    ("profilePasswordPolicy", "ProfilePasswordPolicy", "profilePasswordPolicies"),
    ("profileSessionSetting", "ProfileSessionSetting", "profileSessionSettings"),
    ("prompt", "Prompt", "prompts"),
    ("recommendationStrategy", "RecommendationStrategy", "recommendationStrategies"),
    ("redirectWhitelistUrl", "RedirectWhitelistUrl", "redirectWhitelistUrls"),
    ("restrictionRule", "RestrictionRule", "restrictionRules"),
    ("samlssoconfig", "SamlSsoConfig", "samlssoconfigs"),
    ("sharingSet", "SharingSet", "sharingSets"),
    ("site", "CustomSite", "sites"),
    ("snapshot", "AnalyticSnapshot", "analyticSnapshots"),
    ("standardValueSetTranslation", "StandardValueSetTranslation", "standardValueSetTranslations"),
    ("territory2", "Territory2", "territory2Models"),
    ("territory2Model", "Territory2Model", "territory2Models"),
    ("territory2Type", "Territory2Type", "territory2Types"),
    ("testSuite", "ApexTestSuite", "testSuites"),
    ("tokens", "AuraDefinitionBundle", "aura"),
    ("topicsForObjects", "TopicsForObjects", "topicsForObjects"),
    ("transactionSecurityPolicy", "TransactionSecurityPolicy", "transactionSecurityPolicies"),
    ("userCriteria", "UserCriteria", "userCriteria"),
    ("wapp", "WaveApplication", "wave"),
    ("wdash", "WaveDashboard", "wave"),
    ("wdf", "WaveDataflow", "wave"),
    ("weblink", "CustomPageWebLink", "weblinks"),
    ("wlens", "WaveLens", "wave"),
    ("xmd", "WaveXmd", "wave"),
)

#: Every kind by its suffix.
KINDS = {kind.suffix: kind for kind in (*_IN_OBJECT, *_TOP, *(Kind(*row) for row in _IDLE))}
#: An application of Lightning's old framework has the suffix of a custom application.
AURA = Kind("app", "AuraDefinitionBundle", "aura")
#: Kinds that an object file may also hold inline.
INLINE_KINDS = tuple(kind for kind in _IN_OBJECT if kind.inline_tag)
