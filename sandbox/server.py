"""A local org that listens: plain HTTP, HTTPS, and a login proxy when asked, over one org.

Owns the order of starting. The schema is loaded and every port is taken before anything is served,
so a start that fails leaves nothing half-running; and nothing listens beyond loopback.
"""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType

from sandbox.api.app import create_app, make_services
from sandbox.api.services import ApiSettings, Services
from sandbox.api.sessions import (
    ADMIN_USERNAME,
    CLIENT_ID,
    CLIENT_SECRET,
    PASSWORD,
    SECURITY_TOKEN,
    Sessions,
)
from sandbox.control import reset_org
from sandbox.editions import Allowance
from sandbox.folder_lock import claimed
from sandbox.keys import load_login_key
from sandbox.listener import HOST, Listener
from sandbox.loopback import check_loopback
from sandbox.metadata.ledger import MetadataLedger
from sandbox.org.org import Org
from sandbox.org.schema import Schema
from sandbox.proxy import LoginProxy
from sandbox.snapshots import Snapshots
from sandbox.tls import make_tls_context


class LocalOrgServer:
    """An org served from the moment of construction until `close` (or the end of `with`).

    `metadata` are SFDX folders; a ready `schema` may be given instead. Port 0 takes any free port;
    `proxy_port` None starts no proxy. `outbound_endpoint` is a loopback address that all outbound
    messages go to, whatever the metadata say. `data` None keeps everything in memory and the
    certificate in a temporary folder. Raises MetadataError, FileNotFoundError, PortInUseError, and
    ValueError for an outbound endpoint that is not loopback; nothing is left running then.
    """

    def __init__(
        self,
        metadata: Sequence[str | Path] = (),
        *,
        port: int = 0,
        tls_port: int = 0,
        data: str | Path | None = None,
        proxy_port: int | None = None,
        allowance: Allowance | None = None,
        session_lifetime_s: int | None = None,
        schema: Schema | None = None,
        outbound_endpoint: str | None = None,
    ) -> None:
        if outbound_endpoint is not None:
            check_loopback(outbound_endpoint)
        self._outbound_endpoint = outbound_endpoint
        self._data_folders = tuple(Path(folder) / "data" for folder in metadata)
        where = Path(data) if data else None
        with ExitStack() as stack:
            # Before anything in it is read; bad metadata leaves no folder behind.
            is_known = where is not None and where.is_dir()
            if where is not None and is_known:
                stack.enter_context(claimed(where))
            ledger = None if schema else MetadataLedger(find_folders(metadata), where)
            if where is not None and not is_known:
                where.mkdir(parents=True, exist_ok=True)
                stack.enter_context(claimed(where))
            self._start(
                stack,
                ledger or schema or Schema(),
                (port, tls_port, proxy_port),
                where,
                (allowance or Allowance(), session_lifetime_s),
            )
            self._resources = stack.pop_all()

    def _start(
        self,
        stack: ExitStack,
        metadata: MetadataLedger | Schema,
        ports: tuple[int, int, int | None],
        data: Path | None,
        limits: tuple[Allowance, int | None],
    ) -> None:
        folder = data or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        plain = _closing(stack, Listener(ports[0]))
        secure = _closing(stack, Listener(ports[1], make_tls_context(folder)))
        self.url = f"http://{HOST}:{plain.port}"
        self.tls_url = f"https://{HOST}:{secure.port}"
        self.ca = folder / "ca.pem"
        proxy = self._open_proxy(stack, ports[2], secure.port)
        self.proxy_url = proxy.url if proxy else None
        ledger = metadata if isinstance(metadata, MetadataLedger) else None
        self.org = _open_org(metadata if isinstance(metadata, Schema) else metadata.schema, data)
        stack.callback(self.org.close)
        self._key = load_login_key(folder)
        self.services = self._make_services(data, limits, ledger)
        stack.callback(self.services.bulk.close)
        stack.callback(self.services.outbound.close)
        app = create_app(self.services)
        for listener in (plain, secure):
            listener.start(app)
        if proxy:
            proxy.start()
        self.services.outbound.start()

    def _open_proxy(self, stack: ExitStack, port: int | None, tls_port: int) -> LoginProxy | None:
        if port is None:
            return None
        proxy = LoginProxy(port, tls_port)
        stack.callback(proxy.close)
        return proxy

    def _make_services(
        self,
        data: Path | None,
        limits: tuple[Allowance, int | None],
        ledger: MetadataLedger | None,
    ) -> Services:
        settings = ApiSettings(
            self.url, self.tls_url, *limits, self._data_folders, self._outbound_endpoint
        )
        sessions = Sessions(self.org.org_id, data, settings.session_lifetime_s)
        snapshots = Snapshots(self.folder)
        return make_services(
            self.org, settings, sessions, self._key.public, snapshots, data, ledger
        )

    @property
    def access_token(self) -> str:
        """A live token of the administrator; a new one when the last was revoked."""
        return self.token_for(ADMIN_USERNAME)

    def token_for(self, username: str, *, is_refresh: bool = False) -> str:
        """A live token of that user."""
        now = self.org.clock.now()
        return self.services.sessions.standing_token(username, now, is_refresh=is_refresh)

    @property
    def start_line(self) -> dict[str, object]:
        """What a client needs to find the org and log in: the line printed at start."""
        return {
            "url": self.url,
            "tls_url": self.tls_url,
            "proxy_url": self.proxy_url,
            "access_token": self.access_token,
            "refresh_token": self.token_for(ADMIN_USERNAME, is_refresh=True),
            "username": ADMIN_USERNAME,
            "password": PASSWORD,
            "security_token": SECURITY_TOKEN,
            "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET,
            "private_key": self._key.pem,
            "ca": str(self.ca.resolve()),
        }

    def reset(self) -> None:
        """The org as on its first day: no data, real time, no faults, counters at zero."""
        self.services.faults.clear()
        self.services.bulk.worker.is_inline = False
        self.services.outbound.restore()
        self.org.clock.real()
        reset_org(self.services)

    def close(self) -> None:
        """Stop listening and free everything."""
        self.services.faults.holds.release_all()
        self._resources.close()

    def __enter__(self) -> LocalOrgServer:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def find_folders(metadata: Sequence[str | Path]) -> list[Path]:
    """The metadata folders. Raises FileNotFoundError naming each that is missing."""
    folders = [Path(given) for given in metadata]
    missing = [str(folder) for folder in folders if not folder.is_dir()]
    if missing:
        raise FileNotFoundError(f"There is no metadata folder {', '.join(missing)}.")
    return folders


def _open_org(schema: Schema, data: Path | None) -> Org:
    try:
        return Org(schema, data)
    except sqlite3.DatabaseError as error:
        remedy = "move the folder away to start with an empty org"
        raise ValueError(f"{data}/org.sqlite3 cannot be read ({error}); {remedy}") from error


def _closing(stack: ExitStack, listener: Listener) -> Listener:
    stack.callback(listener.close)
    return listener
