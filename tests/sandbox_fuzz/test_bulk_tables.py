"""Damaged tables through both bulk APIs: every job ends, and accounts for what it was sent."""

from __future__ import annotations

import random
from functools import partial

import pytest

from sandbox.server import LocalOrgServer
from tests.sandbox_fuzz.campaign import run_quota, run_round
from tests.sandbox_fuzz.csv_tables import Table, a_table, job_body
from tests.sandbox_fuzz.target import Target, check_reply
from tests.sandbox_fuzz.wire import Reply

_INGEST = "/services/data/v59.0/jobs/ingest"
_JOBS = "/services/async/59.0/job"
_MEDIA = {"CSV": "text/csv", "JSON": "application/json", "XML": "application/xml"}


class TableFuzzer:
    """Takes each table through a whole job and reads everything that the job says of it."""

    def __init__(self, server: LocalOrgServer, chance: random.Random) -> None:
        self._chance = chance
        self._target = Target(server)
        self._ids = list(self._target.ids.values())

    def make_input(self) -> Table:
        return a_table(self._chance, self._ids)

    def try_input(self, given: Table) -> str:
        ended = self._ingest(given) if given.api == "bulk2" else self._batch(given)
        return f"{given.api} {ended}"

    def finish(self) -> None:
        self._target.finish()

    def _ingest(self, given: Table) -> str:
        job = f"{_INGEST}/{self._call('POST', _INGEST, job_body(given)).json()['id']}"
        self._call("PUT", f"{job}/batches", given.data, "text/csv")
        self._call("PATCH", job, b'{"state":"UploadComplete"}')
        self._target.server.services.bulk.worker.wait()
        info = self._call("GET", job).json()
        assert info["state"] in {"JobComplete", "Failed"}, info
        for name in ("successfulResults", "failedResults", "unprocessedRecords"):
            self._call("GET", f"{job}/{name}")
        self._call("DELETE", job)
        return str(info["state"])

    def _batch(self, given: Table) -> str:
        job_id = self._call("POST", _JOBS, job_body(given)).json()["id"]
        made = self._call("POST", f"{_JOBS}/{job_id}/batch", given.data, _MEDIA[given.api])
        assert made.status == 201, made
        self._target.server.services.bulk.worker.wait()
        job = self._target.server.services.bulk.batches.find_job(job_id)
        assert job is not None
        (batch_id,) = job.batches
        batch = f"{_JOBS}/{job_id}/batch/{batch_id}"
        for path in (batch, f"{batch}/result"):
            self._call("GET", path)
        return str(job.batches[batch_id].state)

    def _call(
        self, method: str, path: str, body: bytes = b"", media: str = _MEDIA["JSON"]
    ) -> Reply:
        reply = self._target.call(method, path, body, media)
        check_reply(reply)
        return reply


def test_a_few_damaged_tables_end_as_jobs(server: LocalOrgServer) -> None:
    taken = run_round(partial(TableFuzzer, server), seed=1, inputs=80)

    assert {"bulk2 JobComplete", "bulk2 Failed", "CSV Completed", "JSON Failed"} <= set(taken)


@pytest.mark.slow
def test_damaged_tables_end_as_jobs(server: LocalOrgServer) -> None:
    taken = run_quota("tables for bulk jobs", partial(TableFuzzer, server))

    ends = {f"{api} {end}" for api in ("CSV", "JSON", "XML") for end in ("Completed", "Failed")}
    assert ends | {"bulk2 JobComplete", "bulk2 Failed"} == set(taken)
