"""Damaged and random queries over HTTP: REST, columns, explain, tooling and both bulk APIs."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from functools import partial
from urllib.parse import quote

import pytest

from sandbox.server import LocalOrgServer
from tests.sandbox_fuzz.campaign import run_quota, run_round
from tests.sandbox_fuzz.soql_texts import a_query
from tests.sandbox_fuzz.target import Target, check_error_list, check_reply

_DATA = "/services/data/v59.0"
_JOBS = "/services/async/59.0/job"
_RESULT_ID = "752Lc0000000001IAA"
_ENDED = {"JobComplete", "Failed"}


@dataclass(frozen=True)
class AskedQuery:
    """A text and the door that it goes through."""

    door: str
    soql: str


class QueryFuzzer:
    """Sends one text at a time through one of the doors that take SOQL."""

    def __init__(self, server: LocalOrgServer, chance: random.Random) -> None:
        self._chance = chance
        self._target = Target(server)
        self._doors = {
            "query": lambda soql: self._ask("query?q=", soql),
            "queryAll": lambda soql: self._ask("queryAll?q=", soql),
            "columns": lambda soql: self._ask("query?columns=true&q=", soql),
            "explain": lambda soql: self._ask("query?explain=", soql),
            "tooling": lambda soql: self._ask("tooling/query?q=", soql),
            "bulk2": self._extract,
            "bulk1": self._extract_batch,
        }

    def make_input(self) -> AskedQuery:
        door = self._chance.choice([*self._doors, "query", "query"])
        return AskedQuery(door, a_query(self._chance))

    def try_input(self, given: AskedQuery) -> str:
        return f"{given.door} {self._doors[given.door](given.soql)}"

    def finish(self) -> None:
        self._target.finish()

    def _ask(self, resource: str, soql: str) -> str:
        text = quote(soql, safe="", errors="replace")
        reply = self._target.call("GET", f"{_DATA}/{resource}{text}")
        check_error_list(reply)
        return check_reply(reply)

    def _extract(self, soql: str) -> str:
        body = json.dumps({"operation": "query", "query": soql}).encode()
        reply = self._target.call("POST", f"{_DATA}/jobs/query", body)
        taken = check_reply(reply)
        if taken == "200":
            job = f"{_DATA}/jobs/query/{reply.json()['id']}"
            self._target.server.services.bulk.worker.wait()
            state = self._target.call("GET", job)
            check_reply(state)
            assert state.json()["state"] in _ENDED, state
            check_reply(self._target.call("GET", f"{job}/results"))
            check_reply(self._target.call("DELETE", job))
        return taken

    def _extract_batch(self, soql: str) -> str:
        kind = self._chance.choice(["JSON", "CSV", "XML"])
        opened = {"operation": "query", "object": "Account", "contentType": kind}
        made = self._target.call("POST", _JOBS, json.dumps(opened).encode())
        job = f"{_JOBS}/{made.json()['id']}"
        media = {"JSON": "application/json", "CSV": "text/csv", "XML": "application/xml"}[kind]
        data = soql.encode("utf-8", "surrogatepass")
        reply = self._target.call("POST", f"{job}/batch", data, media)
        check_reply(reply)
        self._target.server.services.bulk.worker.wait()
        opened_job = self._target.server.services.bulk.batches.find_job(made.json()["id"])
        assert opened_job is not None
        (batch,) = opened_job.batches
        info = self._target.call("GET", f"{job}/batch/{batch}")
        check_reply(info)
        if b"Completed" in info.body:
            return check_reply(self._target.call("GET", f"{job}/batch/{batch}/result/{_RESULT_ID}"))
        return "failed"


def test_a_few_damaged_queries_are_answered_by_every_door(server: LocalOrgServer) -> None:
    taken = run_round(partial(QueryFuzzer, server), seed=1, inputs=200)

    assert {"query 200", "query 400", "columns 400", "bulk2 200", "bulk1 failed"} <= set(taken)


@pytest.mark.slow
def test_damaged_queries_are_answered_by_every_door(server: LocalOrgServer) -> None:
    taken = run_quota("queries over HTTP", partial(QueryFuzzer, server))

    doors = ("query", "queryAll", "columns", "explain", "bulk2", "bulk1")
    assert {f"{door} 200" for door in doors} <= set(taken)
    assert {f"{door} 400" for door in (*doors[:5], "tooling")} <= set(taken)
