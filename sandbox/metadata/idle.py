"""Loaded metadata that the local org does not act on, sorted by kind and by reason.

Owns the reasons. A kind without one is called not supported, so that nothing is dropped in silence.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from itertools import groupby

_SCREEN = "no effect over the API"
_NOT_RUN = "not run"
_NOT_ENFORCED = "not enforced"
_NOT_SERVED = "not served"
_UNSUPPORTED = "not supported"
_STANDARD_FIELD = "standard field"

_KINDS_BY_REASON = {
    _SCREEN: (
        "ListView CompactLayout FieldSet WebLink Layout CustomTab CustomApplication QuickAction "
        "FlexiPage CustomLabels Translations CustomObjectTranslation CustomFieldTranslation "
        "PathAssistant ApexPage ApexComponent LightningComponentBundle StaticResource"
    ),
    _NOT_RUN: (
        "Workflow Flow ApprovalProcess AssignmentRules AutoResponseRules EscalationRules "
        "ApexClass ApexTrigger"
    ),
    _NOT_ENFORCED: (
        "BusinessProcess SharingReason Profile PermissionSetGroup Role SharingRules "
        "DuplicateRule MatchingRules RemoteSiteSetting CspTrustedSite ConnectedApp "
        "ExternalClientApplication ExtlClntAppOauthSettings ExtlClntAppGlobalOauthSettings "
        "ExtlClntAppOauthConfigurablePolicies ExtlClntAppConfigurablePolicies"
    ),
    _NOT_SERVED: (
        "Index ReportType ReportFolder Report DashboardFolder Dashboard Group Queue "
        "PlatformEventChannel PlatformEventChannelMember NamedCredential ExternalCredential "
        "CustomMetadata EmailTemplate EmailFolder"
    ),
}
#: Why a kind of metadata has no effect, by its name in the Metadata API.
REASONS = {kind: reason for reason, kinds in _KINDS_BY_REASON.items() for kind in kinds.split()} | {
    _STANDARD_FIELD: "absent"
}
#: The same for elements of components that do have an effect.
ELEMENT_REASONS = {
    "compactLayoutAssignment": _SCREEN,
    "searchLayouts": _SCREEN,
    "actionOverrides": _SCREEN,
    "applicationVisibilities": _SCREEN,
    "tabSettings": _SCREEN,
    "sharingModel": _NOT_ENFORCED,
    "externalSharingModel": _NOT_ENFORCED,
    "classAccesses": _NOT_ENFORCED,
    "pageAccesses": _NOT_ENFORCED,
    "flowAccesses": _NOT_ENFORCED,
    "customMetadataTypeAccesses": _NOT_ENFORCED,
    "customSettingAccesses": _NOT_ENFORCED,
    "externalDataSourceAccesses": _NOT_ENFORCED,
    "recordTypeVisibilities": _NOT_ENFORCED,
    "picklistValues": _NOT_ENFORCED,
    "businessProcess": _NOT_ENFORCED,
    "valueSettings": f"dependent picklist {_NOT_ENFORCED}",
}


@dataclass(frozen=True)
class IdleGroup:
    """Components of one kind that have no effect for one reason."""

    kind: str  #: `Layout`, `PermissionSet tabSettings`, `CustomField of type Location`
    reason: str
    names: tuple[str, ...]

    def as_json(self) -> dict[str, object]:
        """The group as the control plane shows it."""
        return asdict(self)

    def __str__(self) -> str:
        return f"{self.kind} {len(self.names)}, {self.reason}: {', '.join(self.names)}"


def group_idle(unsupported: Iterable[str]) -> list[IdleGroup]:
    """The entries of `Schema.unsupported` in groups, ordered by reason and kind."""
    sorted_entries = sorted(_read(entry) for entry in unsupported)
    return [
        IdleGroup(kind, reason, tuple(name for _, _, name in entries))
        for (reason, kind), entries in groupby(sorted_entries, key=lambda entry: entry[:2])
    ]


def list_idle(unsupported: Iterable[str]) -> Iterator[str]:
    """The groups as lines for people, a heading first; nothing when all metadata has an effect."""
    groups = group_idle(unsupported)
    if groups:
        yield "Loaded, but without effect here (GET /_sandbox/metadata has it as JSON):"
    yield from (f"  {group}" for group in groups)


def _read(entry: str) -> tuple[str, str, str]:
    """Reason, kind and name of an entry."""
    kind, name = _split_kind(entry)
    holder, _, element = name.rpartition(": ")
    if element in ELEMENT_REASONS and holder:
        return ELEMENT_REASONS[element], f"{kind} {element}", holder
    field, of_type, type_name = name.partition(" of type ")
    if kind == "CustomField" and of_type:
        return _UNSUPPORTED, f"{kind}{of_type}{type_name}", field
    return REASONS.get(kind, _UNSUPPORTED), kind, name


def _split_kind(entry: str) -> tuple[str, str]:
    if entry.startswith(_STANDARD_FIELD):
        return _STANDARD_FIELD, entry.removeprefix(f"{_STANDARD_FIELD} ")
    kind, _, name = entry.partition(" ")
    return kind, name
