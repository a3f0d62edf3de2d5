"""Runs a fuzzer for a number of inputs, in rounds that each repeat from their seed alone.

Owns the seeds, the time box and the bound on one input. `SEED=n` asks for another run than the
usual one, `SEED=n ROUND=m` only for the round that a failure names. A run that BUDGET cuts short
fails: it has not shown what it promises.
"""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol

#: How many inputs each slow campaign tries; `make test-all` tries them all.
QUOTAS = {
    "queries against the engine": 80_000,
    "queries over HTTP": 32_000,
    "formulas": 36_000,
    "rules of records": 2_000,
    "calls of the data API": 50_000,
    "SOAP, OAuth and control calls": 24_000,
    "bytes on the wire": 12_000,
    "tables for bulk jobs": 5_000,
    "metadata files and zips": 2_500,
    "metadata folders": 100,
}
#: A change is judged by its own doing, not by the luck of a die; `SEED=` looks elsewhere.
USUAL_SEED = 20_261_127
#: CPU seconds of the whole process that one input may cost; the costliest need about one.
MOST_CPU_S = 15.0
ROUND_INPUTS = 500


class Fuzzer(Protocol):
    """Makes hostile inputs from one source of chance and tries them on a target of its own."""

    def make_input(self) -> Any:
        """The next input; its `repr` is enough to understand a failure."""

    def try_input(self, given: Any, /) -> str:
        """How the target took the input, in a word; fails when it broke a promise."""

    def finish(self) -> None:
        """Fails unless the target is as sound as before; frees it."""


def run_quota(name: str, make_fuzzer: Callable[[random.Random], Fuzzer]) -> Counter[str]:
    """Run the campaign of that name in full; how its inputs were taken."""
    seed = int(os.environ.get("SEED", USUAL_SEED))
    deadline = time.monotonic() + float(os.environ.get("BUDGET", "20")) * 60
    wanted = os.environ.get("ROUND")
    started, rounds = time.process_time(), 0
    taken: Counter[str] = Counter()
    print(f"{name}: seed {seed}")
    while taken.total() < QUOTAS[name] and time.monotonic() < deadline:
        inputs = min(ROUND_INPUTS, QUOTAS[name] - taken.total())
        if wanted is None or int(wanted) == rounds:
            taken += run_round(make_fuzzer, seed, rounds, inputs)
        else:
            taken["skipped"] += inputs
        rounds += 1
    spent_s = time.process_time() - started
    print(f"{name}: {taken.total()} inputs in {spent_s:.0f} CPU seconds, {dict(taken)}")
    assert taken.total() >= QUOTAS[name], (
        f"only {taken.total()} of {QUOTAS[name]} inputs fitted into BUDGET minutes"
    )
    return taken


def run_round(
    make_fuzzer: Callable[[random.Random], Fuzzer],
    seed: int,
    number: int = 0,
    inputs: int = ROUND_INPUTS,
) -> Counter[str]:
    """One round on a fresh target. Fails naming seed, round and input."""
    fuzzer = make_fuzzer(random.Random(f"{seed}/{number}"))
    where = f"SEED={seed} ROUND={number}"
    taken: Counter[str] = Counter()
    for index in range(inputs):
        given = fuzzer.make_input()
        try:
            with _bounded_time():
                taken[fuzzer.try_input(given)] += 1
        except Exception as error:
            raise AssertionError(f"{where}, input {index}: {_shorten(given)}: {error}") from error
    try:
        fuzzer.finish()
    except Exception as error:
        raise AssertionError(f"{where}, after its {inputs} inputs: {error}") from error
    return taken


@contextmanager
def _bounded_time() -> Iterator[None]:
    """Stop what burns more CPU than an input may; a busy machine does not count."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGVTALRM, _stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, MOST_CPU_S)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def _stop(_signal: int, _frame: object) -> None:
    raise TimeoutError(f"more than {MOST_CPU_S} CPU seconds for one input")


def _shorten(given: object, most: int = 3_000) -> str:
    shown = repr(given)
    return shown if len(shown) <= most else f"{shown[:most]}… ({len(shown)} characters)"
