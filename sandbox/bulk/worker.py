"""The thread that works off jobs, one after the other.

Owns the promise that every job ends: what it cannot do becomes its error, a bug of this program
too, which is also told on stderr. How often a client must ask until a job has ended depends on the
machine; inline work takes that away from runs that are to be the same twice.
"""

from __future__ import annotations

import queue
import sys
import threading
import traceback
from collections.abc import Callable

Work = Callable[[], None]


class Worker:
    """A queue with one thread, which starts with the first work.

    `is_inline` has whoever submits wait until the work is done.
    """

    def __init__(self) -> None:
        self.is_inline = False
        self._queue: queue.Queue[Work | None] = queue.Queue()
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()

    def submit(self, work: Work) -> None:
        """Do `work` after all that was submitted before."""
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, daemon=True, name="bulk")
                self._thread.start()
        self._queue.put(work)
        if self.is_inline:
            self.wait()

    def wait(self) -> None:
        """Return when everything submitted so far is done."""
        if self._thread is not None:
            self._queue.join()

    def close(self) -> None:
        """Finish what was submitted and end the thread."""
        if self._thread is not None:
            self._queue.put(None)
            self._thread.join()

    def _run(self) -> None:
        while True:
            work = self._queue.get()
            try:
                if work is None:
                    return
                work()
            except Exception:
                traceback.print_exc(file=sys.stderr)
            finally:
                self._queue.task_done()
