"""Bulk jobs by raw HTTP, step by step."""

from __future__ import annotations

import csv
import io
import time
from typing import Any

import requests

from tests.sandbox_api.clients import RestClient

PATIENCE_S = 60.0
#: For answers whose length is looked at.
NO_GZIP = {"Accept-Encoding": "identity"}
ENDED = {"JobComplete", "Failed", "Aborted"}


def open_job(rest: RestClient, **body: Any) -> str:
    answer = rest.post("jobs/ingest", {"object": "Account", "operation": "insert"} | body)
    assert answer.status_code == 200, answer.text
    return answer.json()["id"]


def upload(rest: RestClient, job_id: str, data: str | bytes, **options: Any) -> requests.Response:
    body = data.encode() if isinstance(data, str) else data
    headers = {"Content-Type": "text/csv"}
    return rest.call("PUT", f"jobs/ingest/{job_id}/batches", data=body, headers=headers, **options)


def set_state(rest: RestClient, job_id: str, state: str, kind: str = "ingest") -> requests.Response:
    return rest.patch(f"jobs/{kind}/{job_id}", {"state": state})


def wait(rest: RestClient, job_id: str, kind: str = "ingest") -> dict[str, Any]:
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        job = rest.get(f"jobs/{kind}/{job_id}").json()
        if job["state"] in ENDED:
            return job
        time.sleep(0.01)
    raise AssertionError(f"job {job_id} did not end: {job}")


def load(rest: RestClient, data: str | bytes, **body: Any) -> dict[str, Any]:
    """An ingest job from its creation to its end."""
    job_id = open_job(rest, **body)
    assert upload(rest, job_id, data).status_code == 201
    assert set_state(rest, job_id, "UploadComplete").json()["state"] == "UploadComplete"
    return wait(rest, job_id)


def table(answer: requests.Response, delimiter: str = ",") -> list[dict[str, str]]:
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"].startswith("text/csv")
    text = io.StringIO(answer.content.decode(), newline="")
    return list(csv.DictReader(text, delimiter=delimiter))


def result(rest: RestClient, job: dict[str, Any], name: str) -> list[dict[str, str]]:
    return table(rest.get(f"jobs/ingest/{job['id']}/{name}"))


def extract(rest: RestClient, soql: str, **body: Any) -> dict[str, Any]:
    """A query job from its creation to its end."""
    answer = rest.post("jobs/query", {"operation": "query", "query": soql} | body)
    assert answer.status_code == 200, answer.text
    return wait(rest, answer.json()["id"], "query")


def rows_of(rest: RestClient, job: dict[str, Any]) -> list[dict[str, str]]:
    return table(rest.get(f"jobs/query/{job['id']}/results"))
