"""Damaged SOAP envelopes, OAuth forms, assertions, and bodies of the control plane."""

from __future__ import annotations

import random
from functools import partial

import pytest

from sandbox.server import LocalOrgServer
from tests.sandbox_fuzz.campaign import run_quota, run_round
from tests.sandbox_fuzz.other_calls import OtherCall, OtherCalls
from tests.sandbox_fuzz.target import Target, check_reply


class OtherFuzzer:
    """Sends damaged calls of everything but the data API."""

    def __init__(self, server: LocalOrgServer, chance: random.Random) -> None:
        self._target = Target(server)
        self._calls = OtherCalls(chance, self._target)

    def make_input(self) -> OtherCall:
        return self._calls.make()

    def try_input(self, given: OtherCall) -> str:
        if given.door != "control":
            # A fault that the control plane took would answer in the org's place.
            self._target.server.services.faults.clear()
        reply = self._target.wire.call(given.method, given.target, given.headers, given.body)
        is_head = given.method == "HEAD"
        return f"{given.door} {check_reply(reply, is_head=is_head, is_soap=given.door == 'soap')}"

    def finish(self) -> None:
        self._target.server.org.clock.real()
        self._target.finish()


def test_a_few_damaged_calls_of_other_apis_are_answered(server: LocalOrgServer) -> None:
    taken = run_round(partial(OtherFuzzer, server), seed=1, inputs=300)

    assert {"soap 200", "soap 500", "oauth 200", "oauth 400", "control 400"} <= set(taken)


@pytest.mark.slow
def test_damaged_calls_of_soap_oauth_and_control_are_answered(server: LocalOrgServer) -> None:
    taken = run_quota("SOAP, OAuth and control calls", partial(OtherFuzzer, server))

    assert {"soap 200", "soap 500", "oauth 200", "oauth 400", "oauth 403"} <= set(taken)
    assert {"control 200", "control 201", "control 204", "control 400"} <= set(taken)
