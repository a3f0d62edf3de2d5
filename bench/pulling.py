"""The replica: `flask sync pull`, the first time and after changes, beside reading all again.

Owns the comparison of a full and an incremental read. The rival keeps no watermark, so each of its
readings is the first one; in exchange it writes plain rows and checks nothing.
"""

from __future__ import annotations

from bench.figures import Figure, Result
from bench.measuring import Cost, measure_flask, measure_rival
from bench.scale import Say, Scale
from bench.stage import Stage, open_stage
from demo.salesforce import Person

#: One order in this many is changed before the second pull.
CHANGED_SHARE = 10


def run(scale: Scale, say: Say) -> Result:
    """Measure a first pull, one after changes, and the rival's reading of everything."""
    with open_stage() as stage:
        rows = 1 + scale.proposals + scale.orders * (1 + scale.proposals)
        say(f"seeding {rows:,} rows")
        stage.open_market(scale.orders, scale.proposals)
        measure_flask(stage.ours, "db", "upgrade")
        say("flask sync pull, the first time")
        first, first_calls = measure_pull(stage)
        stage.control("POST", "clock", {"advance_s": 3600})
        changed = change_orders(stage, max(1, scale.orders // CHANGED_SHARE))
        say(f"flask sync pull after {changed:,} changes")
        second, second_calls = measure_pull(stage)
        say("the rival reads everything")
        stage.clear_calls()
        rival = measure_rival(stage.rivals, "pull", str(stage.folder / "rival.db"))
        rival_calls = stage.count_calls()
    return Result(
        "pull",
        f"Replicating {rows:,} rows",
        "simple-salesforce query_all of everything, one SQLite REPLACE per row",
        (
            Figure(
                "first pull",
                "rows/s",
                rows / first.wall_s,
                rows / rival.wall_s,
                is_more_better=True,
            ),
            Figure("first pull, calls", "calls", first_calls, rival_calls),
            Figure("first pull, peak memory", "MB", first.peak_mb, rival.peak_mb),
            Figure(f"pull after {changed:,} changes", "s", second.wall_s, rival.wall_s),
            Figure("the same, calls", "calls", second_calls, rival_calls),
        ),
        (
            f"The first pull took {first.wall_s:.1f} s, the rival {rival.wall_s:.1f} s.",
            "Ours keeps a place to continue from and sees deletes; the rival does neither.",
        ),
    )


def measure_pull(stage: Stage) -> tuple[Cost, int]:
    """One pull as a process, and its API calls."""
    stage.clear_calls()
    cost = measure_flask(stage.ours, "sync", "pull", "--json")
    return cost, stage.count_calls()


def change_orders(stage: Stage, count: int) -> int:
    """Somebody edits that many orders in Salesforce."""
    admin = Person(stage.org.url, stage.org.start["access_token"])
    rows = admin.query(f"SELECT Id FROM Order ORDER BY Id LIMIT {count}")  # noqa: S608 - a number
    refused = admin.update("Order", [{"Id": row["Id"], "Description": "Rev. B"} for row in rows])
    if refused:
        raise SystemExit(f"The org refused a change: {refused[0]['message']}")
    return len(rows)
