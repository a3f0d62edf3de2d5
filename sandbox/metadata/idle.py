"""Loaded metadata that the local org does not act on, sorted by kind and by reason.

Owns the reasons. A kind without one is called not supported, so that nothing is dropped in silence.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from itertools import groupby

from sandbox.org.schema import Unsupported

_SCREEN = "no effect over the API"
_NOT_RUN = "not run"
_NOT_ENFORCED = "not enforced"
_NOT_SERVED = "not served"
#: What is said of a kind that has no reason of its own.
NOT_SUPPORTED = "not supported"

_KINDS_BY_REASON = {
    _SCREEN: (
        "ListView CompactLayout FieldSet WebLink Layout CustomTab CustomApplication QuickAction "
        "FlexiPage Translations CustomObjectTranslation CustomFieldTranslation "
        "PathAssistant ApexPage ApexComponent LightningComponentBundle StaticResource"
    ),
    _NOT_RUN: (
        "ApprovalProcess AssignmentRules AutoResponseRules EscalationRules ApexClass ApexTrigger"
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
REASONS = {kind: reason for reason, kinds in _KINDS_BY_REASON.items() for kind in kinds.split()}


@dataclass(frozen=True)
class IdleGroup:
    """Components of one kind that have no effect for one reason."""

    kind: str  #: `Layout`
    reason: str
    names: tuple[str, ...]
    files: tuple[str, ...]  #: where they stand, of those that stand in a file

    def as_json(self) -> dict[str, object]:
        """The group as the control plane shows it."""
        return asdict(self)

    def __str__(self) -> str:
        return f"{self.kind} {len(self.names)}, {self.reason}: {', '.join(self.names)}"


def group_idle(unsupported: Iterable[Unsupported]) -> list[IdleGroup]:
    """The entries of `Schema.unsupported` in groups, ordered by reason and kind."""
    entries = sorted(unsupported, key=lambda each: (each.reason, each.kind, each.name))
    return [
        _make_group(kind, reason, list(group))
        for (reason, kind), group in groupby(entries, key=lambda each: (each.reason, each.kind))
    ]


def render_idle(unsupported: Iterable[Unsupported]) -> Iterator[str]:
    """The groups as lines for people, a heading first; nothing when all metadata has an effect."""
    groups = group_idle(unsupported)
    if groups:
        yield "Loaded, but without effect here (GET /_sandbox/metadata has it as JSON):"
    yield from (f"  {group}" for group in groups)


def _make_group(kind: str, reason: str, entries: list[Unsupported]) -> IdleGroup:
    files = tuple(entry.file for entry in entries if entry.file)
    return IdleGroup(kind, reason, tuple(entry.name for entry in entries), files)
