"""Damaged calls of every route and verb of the data API."""

from __future__ import annotations

import random
from functools import partial

import pytest

from sandbox.server import LocalOrgServer
from tests.sandbox_fuzz.campaign import run_quota, run_round
from tests.sandbox_fuzz.rest_calls import RestCall, RestCalls
from tests.sandbox_fuzz.target import Target, check_error_list, check_reply


class RestFuzzer:
    """Sends damaged calls, and learns Ids, jobs and cursors from the answers."""

    def __init__(self, server: LocalOrgServer, chance: random.Random) -> None:
        self._target = Target(server)
        self._calls = RestCalls(chance, self._target)

    def make_input(self) -> RestCall:
        return self._calls.make()

    def try_input(self, given: RestCall) -> str:
        reply = self._target.wire.call(given.method, given.target, given.headers, given.body)
        taken = check_reply(reply, is_head=given.method == "HEAD")
        if given.target.startswith("/services/data/v59.0/") and given.method != "HEAD":
            check_error_list(reply)
        if taken == "201" and reply.body.startswith(b"{"):
            self._calls.addresses.ids.append(str(reply.json().get("id", "")))
        if taken == "200" and given.pattern.startswith("jobs/") and given.method == "POST":
            self._calls.addresses.jobs.append(reply.json()["id"])
        return taken

    def finish(self) -> None:
        self._target.finish()


def test_a_few_damaged_calls_are_answered(server: LocalOrgServer) -> None:
    taken = run_round(partial(RestFuzzer, server), seed=1, inputs=200)

    assert taken["200"]
    assert taken["400"]
    assert taken["404"]


@pytest.mark.slow
def test_damaged_calls_of_the_data_api_are_answered(server: LocalOrgServer) -> None:
    taken = run_quota("calls of the data API", partial(RestFuzzer, server))

    assert {"200", "201", "204", "400", "401", "404", "405", "415", "501"} <= set(taken)
