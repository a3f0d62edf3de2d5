"""`make demo`: nine days of a marketplace in under a minute.

Owns the story, not the rules: a sheet of RFPs is imported, ops open the calls in Salesforce,
proposals arrive, people change their minds at the worst moment, and the worker decides every
order that is due on three mornings.
"""

from __future__ import annotations

import json
import shutil
import sys
import time
from pathlib import Path
from typing import Any

from rich.console import Console

from demo.processes import (
    ROOT,
    LocalOrg,
    product_environment,
    run_flask,
    run_local_org,
    run_worker,
)
from demo.report import open_console, show_result
from demo.salesforce import Person, count_requests, log_in, set_clock

FOLDER = ROOT / ".local" / "demo"
OPS = "ops@manufaktura.example"
#: Three mornings on which something is due, each a moment before 07:00 in Warsaw.
MORNINGS = ("2026-03-06", "2026-03-07", "2026-03-10")
RUN_DEADLINE_S = 40.0
#: The order whose decision is told at the end: two proposals at the same price.
EXPLAINED = "RFP-2026-001"
FURTHER = (
    "make up       keeps an org at http://127.0.0.1:8080, the web service and the worker",
    "flask doctor  says whether an org has all that the backoffice needs",
    "docs/         architecture, glossary, operations, decisions",
)


def main() -> int:
    """Play the story; 0 when every morning's run completed."""
    console = open_console()
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    started = time.monotonic()
    with run_local_org(FOLDER) as org:
        play(console, org)
    seconds = time.monotonic() - started
    console.print(f"\nPlayed in {seconds:.0f} s. Logs and data of this rehearsal: .local/demo")
    return 0


def play(console: Console, org: LocalOrg) -> None:
    """The nine days, from the first sheet to the last award."""
    environment = product_environment(org, FOLDER)
    ops = log_in(org.start, OPS)
    say(console, "Mon 2 March, 09:00", f"A local Salesforce org runs at {org.url}.")
    set_clock(org.url, "2026-03-02T09:00:00+01:00")
    refused = import_sheet(console, environment, "orders.xlsx")

    say(console, "Mon 2 March, 11:00", "Ops take deposits and open the calls for proposals.")
    set_clock(org.url, "2026-03-02T11:00:00+01:00")
    show_refusals(console, open_calls(ops))

    say(console, "Wed 4 March, 17:00", "Manufacturers' proposals arrive as a sheet.")
    set_clock(org.url, "2026-03-04T17:00:00+01:00")
    refused += import_sheet(console, environment, "proposals.xlsx")

    say(console, "Fri 6 March, 00:30", "Too late for some: a new proposal, a cheaper price.")
    set_clock(org.url, "2026-03-06T00:30:00+01:00")
    meddle_after_the_deadline(console, ops)
    set_clock(org.url, f"{MORNINGS[0]}T06:50:00+01:00")
    pick_by_hand(console, ops)

    with run_worker(environment, FOLDER):
        for morning in MORNINGS:
            say(console, f"{morning}, 07:00", "The worker selects the winners.")
            set_clock(org.url, f"{morning}T06:59:58+01:00")
            console.print(wait_for_run(ops, morning))
        explained = run_flask(environment, "select", "explain", EXPLAINED)
    show_result(console, ops, count_requests(org.url), refused)
    say(console, f"Why {EXPLAINED}?", f"flask select explain {EXPLAINED}")
    console.print(explained.strip(), markup=False)
    say(console, "How to look further", "")
    for line in FURTHER:
        console.print(f"  {line}")


def import_sheet(console: Console, environment: dict[str, str], name: str) -> int:
    """Import one of the sample sheets; shows what stays out and answers how many rows did."""
    path = str(ROOT / "samples" / name)
    report = json.loads(run_flask(environment, "import", "apply", path, "--json"))
    console.print(
        f"  {name}: {report['rows_read']} rows, {report['push']['sent']} records sent in "
        f"{report['push']['api_calls']} API calls, {report['rows_refused']} rows refused:"
    )
    for problem in report["problems"]:
        console.print(f"  [yellow]{problem['cell']:>5}[/]  {problem['reason']} {problem['remedy']}")
    return int(report["rows_refused"])


def say(console: Console, when: str, what: str) -> None:
    """One heading of the story."""
    console.print(f"\n[bold cyan]{when}[/]  {what}")


def open_calls(ops: Person) -> list[dict[str, Any]]:
    """Deposits are paid, except one; then every RFP is opened. Answers the org's refusals."""
    rfps = ops.query(
        "SELECT Id, External_Id__c, Deposit_Required__c FROM Order "
        "WHERE Status = 'PENDING VALIDATION' ORDER BY External_Id__c"
    )
    paying = [row for row in rfps if row["Deposit_Required__c"]][1:]
    ops.update("Order", [{"Id": row["Id"], "Deposit_Status__c": "Paid"} for row in paying])
    refused = ops.update("Order", [{"Id": r["Id"], "Status": "AWAITING PROPOSALS"} for r in rfps])
    numbers = {row["Id"]: row["External_Id__c"] for row in rfps}
    for refusal in refused:
        refusal["number"] = numbers[refusal["Id"]]
    return refused


def show_refusals(console: Console, refused: list[dict[str, Any]]) -> None:
    """What Salesforce told ops, as they would read it on the screen."""
    for refusal in refused:
        console.print(f"  [yellow]{refusal['number']}[/] stays closed: {refusal['message']}")


def meddle_after_the_deadline(console: Console, ops: Person) -> None:
    """A proposal half an hour late, and a price lowered after the call closed."""
    order, manufacturer = "RFP-2026-003", "MS-ulm-feinwerk"
    ops.create(
        "Order_Proposal__c",
        {
            "Order__r": {"External_Id__c": order},
            "Manufacturer__r": {"External_Id__c": manufacturer},
            "Price__c": 1,
            "CurrencyIsoCode": "EUR",
        },
    )
    console.print(f"  {manufacturer} proposes 1.00 EUR for {order}, half an hour late.")
    taken = ops.query(
        "SELECT Id FROM Order_Proposal__c WHERE Order__r.External_Id__c = 'RFP-2026-009'"
    )
    ops.update("Order_Proposal__c", [{"Id": row["Id"], "Status__c": "Withdrawn"} for row in taken])
    console.print("  All proposals for RFP-2026-009 are withdrawn.")
    dear = ops.query(
        "SELECT Id, Name, Price__c, Order__r.External_Id__c FROM Order_Proposal__c WHERE "
        "Order__r.External_Id__c = 'RFP-2026-005' ORDER BY Price__c DESC LIMIT 1"
    )[0]
    ops.update("Order_Proposal__c", [{"Id": dear["Id"], "Price__c": 2}])
    console.print(f"  {dear['Name']} for RFP-2026-005 goes from {dear['Price__c']} to 2.00.")


def pick_by_hand(console: Console, ops: Person) -> None:
    """Ten minutes before the run somebody chooses a winner, with a reason."""
    chosen = ops.query(
        "SELECT Id, Name, Order__c, Manufacturer__c FROM Order_Proposal__c WHERE "
        "Order__r.External_Id__c = 'RFP-2026-004' ORDER BY Price__c DESC LIMIT 1"
    )[0]
    refused = ops.update(
        "Order",
        [
            {
                "Id": chosen["Order__c"],
                "Status": "MANUFACTURER SELECTED",
                "Proposal__c": chosen["Id"],
                "Manufacturer__c": chosen["Manufacturer__c"],
                "Selection_Reason__c": "Only one with a clean room",
            }
        ],
    )
    result = refused[0]["message"] if refused else "the job will leave it alone"
    say(
        console,
        "Fri 6 March, 06:50",
        f"Ops pick {chosen['Name']} for RFP-2026-004 by hand: {result}.",
    )


def wait_for_run(ops: Person, morning: str) -> str:
    """The counts of that morning's run, as soon as it is completed."""
    until = time.monotonic() + RUN_DEADLINE_S
    while time.monotonic() < until:
        runs = ops.query(
            "SELECT Name, Business_Date__c, Orders_Due__c, Awarded__c, Cancelled__c, "
            "In_Review__c, Skipped__c, API_Calls__c FROM Selection_Run__c "
            "WHERE Status__c = 'Completed'"
        )
        for run in (run for run in runs if run["Business_Date__c"] == morning):
            return (
                f"  {run['Name']}: {run['Orders_Due__c']} due, {run['Awarded__c']} awarded, "
                f"{run['Cancelled__c']} cancelled, {run['In_Review__c']} to review, "
                f"{run['Skipped__c']} skipped, {run['API_Calls__c']} API calls"
            )
        time.sleep(0.3)
    log = Path(FOLDER / "worker.log").read_text()[-3000:]
    raise SystemExit(f"No run completed on {morning} within {RUN_DEADLINE_S:.0f} s:\n{log}")


if __name__ == "__main__":
    sys.exit(main())
