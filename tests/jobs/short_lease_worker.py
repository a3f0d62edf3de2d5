"""The worker as `python -m jobs` runs it, but with leases of two seconds."""

from __future__ import annotations

import sys
from datetime import timedelta

from config.logging import configure_logging
from config.settings import Settings
from jobs.runtime import build_runtime
from jobs.worker import Worker, serve

if __name__ == "__main__":
    settings = Settings.from_env()
    configure_logging(settings)
    sys.exit(serve(Worker(build_runtime(settings), lease=timedelta(seconds=2))))
