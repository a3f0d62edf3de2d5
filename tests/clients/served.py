"""A local org as its own process, and client programs that are processes too.

Owns how a client is led to the org: over HTTPS by the org's authority and its login proxy, as
docs/clients.md tells people to do it, with nothing patched.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from tests.conftest import ROOT

#: Generous, since it only ends what hangs: a busy machine is slow, not wrong.
PATIENCE_S = 300


@dataclass(frozen=True)
class ServedOrg:
    """The org of a running `python -m sandbox serve`; stands in for a LocalOrgServer of tests."""

    line: dict[str, Any]  #: what it printed when it started

    @property
    def url(self) -> str:
        return str(self.line["url"])

    @property
    def tls_url(self) -> str:
        return str(self.line["tls_url"])

    @property
    def ca(self) -> str:
        return str(self.line["ca"])

    @property
    def org_id(self) -> str:
        return str(self.line["access_token"]).partition("!")[0]

    def token_for(self, _username: str) -> str:
        return str(self.line["access_token"])

    def reset(self) -> None:
        """Empty the org between tests."""
        with requests.Session() as session:
            session.trust_env = False
            answer = session.post(f"{self.url}/_sandbox/reset", timeout=60)
        assert answer.ok, answer.text


@contextmanager
def serve_org(folder: Path, *arguments: str) -> Iterator[ServedOrg]:
    """An org with its data in `folder`, from its start line until the end of the block."""
    command = [sys.executable, "-m", "sandbox", "serve", "--port", "0", "--tls-port", "0"]
    command += ["--proxy-port", "0", "--data", str(folder), *arguments]
    with (folder / "stderr").open("w") as errors:
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=errors)
    with process:
        try:
            assert process.stdout is not None
            yield ServedOrg(json.loads(process.stdout.readline()))
        finally:
            process.terminate()


def run_client(org: ServedOrg, command: Sequence[str], **environment: str) -> dict[str, Any]:
    """What the program reports on its standard output: one JSON object."""
    # A proxy of the machine would be asked for the org; jsforce heeds no NO_PROXY.
    inherited = {k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy")}
    own = {"ORG": json.dumps(org.line), "REQUESTS_CA_BUNDLE": org.ca, "NODE_EXTRA_CA_CERTS": org.ca}
    done = subprocess.run(
        command,
        cwd=ROOT,
        env={**inherited, **own, **environment},
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def by_login_proxy(org: ServedOrg) -> dict[str, str]:
    """What leads a program that logs in at login.salesforce.com to the org instead."""
    return {"HTTPS_PROXY": str(org.line["proxy_url"]), "NO_PROXY": "127.0.0.1,localhost"}
