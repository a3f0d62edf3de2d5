"""What every resource of the org may use, put together once when the server starts."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from sandbox.editions import Allowance

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

    from sandbox.api.deployments import Deployments
    from sandbox.api.locators import Locators
    from sandbox.api.router import Router
    from sandbox.api.sessions import Sessions
    from sandbox.bulk.desk import BulkDesk
    from sandbox.counters import Counters
    from sandbox.faults import FaultPlan
    from sandbox.long_calls import LongCalls
    from sandbox.org.org import Org
    from sandbox.outbound.desk import OutboundDesk
    from sandbox.snapshots import Snapshots


@dataclass(frozen=True)
class ApiSettings:
    """Where the org listens, and what it allows."""

    url: str  #: `http://127.0.0.1:8080`, no slash at the end: clients append paths
    tls_url: str
    allowance: Allowance = field(default_factory=Allowance)
    session_lifetime_s: int | None = None
    data_folders: tuple[Path, ...] = ()  #: where a data plan's files are looked for
    outbound_endpoint: str | None = None  #: loopback address that all outbound messages go to

    def own_url(self, scheme: str) -> str:
        """The org's address for a client that came by `http` or `https`.

        Never the Host header: through the login proxy that is login.salesforce.com.
        """
        return self.tls_url if scheme == "https" else self.url


@dataclass(frozen=True)
class Services:
    """The org and everything around it that has a lifetime."""

    org: Org
    settings: ApiSettings
    sessions: Sessions
    counters: Counters
    long_calls: LongCalls
    faults: FaultPlan
    locators: Locators
    router: Router
    bulk: BulkDesk
    deployments: Deployments
    snapshots: Snapshots
    outbound: OutboundDesk
    jwt_key: RSAPublicKey  #: checks JWT bearer assertions
    retrievals: dict[str, dict[str, object]] = field(default_factory=dict)  #: results by Id
