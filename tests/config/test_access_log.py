"""The access log carries neither a secret of the address nor lines of a stranger."""

from __future__ import annotations

import re
import shlex
import socket
import subprocess
import sys
from contextlib import closing
from pathlib import Path

from tests.conftest import ROOT
from tests.jobs.processes import clean_environment, until

PROCFILE = (ROOT / "Procfile").read_text()


def web_command(port: int) -> list[str]:
    """The web process of the Procfile, on that port."""
    found = re.search(r"^web: gunicorn (.*)$", PROCFILE, re.M)
    assert found is not None
    bind = ["--bind", f"127.0.0.1:{port}"]
    return [sys.executable, "-m", "gunicorn", *bind, *shlex.split(found[1])]


def ask(port: int, target: bytes) -> bytes:
    """The answer to a request with that target, as it stands on the wire."""
    with closing(socket.create_connection(("127.0.0.1", port), timeout=60)) as connection:
        request = b"GET " + target + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        connection.sendall(request)
        return connection.recv(1 << 16)


def is_up(port: int) -> bool:
    try:
        return ask(port, b"/live").startswith(b"HTTP/1.1 200")
    except ConnectionError:
        return False


def test_a_request_is_one_line_without_its_query(tmp_path: Path) -> None:
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = tmp_path / "access.log"
    environment = clean_environment(tmp_path, DATABASE_URL=f"sqlite:///{tmp_path}/x.db")
    with log.open("w") as out:
        process = subprocess.Popen(web_command(port), cwd=ROOT, env=environment, stdout=out)
        try:
            until(lambda: is_up(port))
            ask(port, b"/a%0Aforged%00line?secret=hidden")
        finally:
            process.terminate()
            process.wait(60)

    (line,) = [each for each in log.read_text().splitlines() if "forged" in each]
    assert '"GET /a%0Aforged%00line" 404' in line
    assert "hidden" not in log.read_text()
