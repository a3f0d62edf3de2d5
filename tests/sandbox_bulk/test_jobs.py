"""Jobs that are forgotten while somebody still holds them."""

from __future__ import annotations

import pytest

from sandbox.bulk.job import JobKind, JobState
from sandbox.org.errors import OrgError
from sandbox.server import LocalOrgServer
from tests.sandbox_api.bulk import open_job, upload
from tests.sandbox_api.clients import RestClient

ADMIN = "admin@manufaktura.example"


def test_a_forgotten_job_takes_no_data_and_is_never_worked_off(org: LocalOrgServer) -> None:
    desk = org.services.bulk
    with RestClient(org, ADMIN) as rest:
        job_id = open_job(rest)
        assert upload(rest, job_id, "Name\nAurora\n").status_code == 201
        job = desk.jobs.find(job_id, JobKind.INGEST)
        assert job is not None

        desk.jobs.clear()

        assert job.state is JobState.ABORTED
        with pytest.raises(OrgError, match="has ended"), desk.submission(job):
            pass
        assert upload(rest, job_id, "Name\nAurora\n").status_code == 404
        assert rest.count("Account") == 0
