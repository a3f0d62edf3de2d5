"""The import of a sheet of RFPs: `flask import apply` beside one upsert per row.

Owns the sheet, which both sides read with openpyxl. Ours also checks every cell, queues every
write before it is sent, and verifies every answer.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from openpyxl import Workbook

from bench.figures import Figure, Result
from bench.measuring import measure_flask, measure_rival
from bench.scale import Say, Scale
from bench.stage import DURING_THE_CALL, open_stage

HEADINGS = ("RFP no.", "Hardware designer", "Product", "Budget", "Currency", "Proposals until")
CUSTOMERS = 10


def run(scale: Scale, say: Say) -> Result:
    """Measure the import and the rival, each into an empty org, and the import once more."""
    with open_stage() as stage:
        sheet = write_sheet(stage.folder / "rfps.xlsx", scale.orders)
        measure_flask(stage.ours, "db", "upgrade")
        stage.set_clock(DURING_THE_CALL)
        stage.clear_calls()
        say(f"flask import apply with {scale.orders:,} rows")
        ours = measure_flask(stage.ours, "import", "apply", "--strict", str(sheet))
        calls = stage.count_calls()
        say("the same sheet again: nothing has changed")
        stage.clear_calls()
        again = measure_flask(stage.ours, "import", "apply", "--strict", str(sheet))
        again_calls = stage.count_calls()
        say("the rival")
        stage.control("POST", "reset")
        rival = measure_rival(stage.rivals, "push", str(sheet))
        rival_calls = stage.count_calls()
    return Result(
        "push",
        f"Importing {scale.orders:,} orders of {min(CUSTOMERS, scale.orders)} customers",
        "simple-salesforce, one upsert by external ID per record",
        (
            Figure("API calls in all", "calls", calls, rival_calls),
            Figure("wall clock", "s", ours.wall_s, rival.wall_s),
            Figure("peak memory", "MB", ours.peak_mb, rival.peak_mb),
            Figure("the same sheet again, calls", "calls", again_calls, rival_calls),
            Figure("the same sheet again", "s", again.wall_s, rival.wall_s),
        ),
        ("The second time the rival would write every record once more.",),
    )


def write_sheet(path: Path, rows: int) -> Path:
    """A clean sheet of RFPs."""
    book = Workbook()
    sheet = book.worksheets[0]
    sheet.append(HEADINGS)
    for row in range(rows):
        customer = f"Customer {row % CUSTOMERS}"
        until = datetime(2025, 3, 10)  # noqa: DTZ001 - a sheet's dates have no zone
        sheet.append([f"RFP-{row}", customer, f"Desk lamp {row}", 1000 + row, "EUR", until])
    book.save(path)
    return path
