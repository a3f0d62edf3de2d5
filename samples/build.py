"""Builds samples/orders.xlsx and samples/proposals.xlsx, always the same bytes of meaning.

    .venv/bin/python -m samples.build

The sheets look like those that people keep: title rows, merged headings, dates in five notations,
decimal commas, stray blanks, duplicates. Every refused row is one that a real sheet had a twin of.
The week they play in is the one of Monday 2 March 2026.
"""

from __future__ import annotations

import random
from datetime import date, datetime, timedelta
from pathlib import Path

from openpyxl import Workbook
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.worksheet.worksheet import Worksheet

from spreadsheets.amounts import read_amount
from spreadsheets.columns import Column

HERE = Path(__file__).parent
DESIGNERS = [
    ("Acme Robotics", "Poland"),
    ("Zielona Mysz Sp. z o.o.", "PL"),
    ("Northlight Audio", "Sweden"),
    ("Kestrel Drones", "United Kingdom"),
    ("Bär & Söhne Messtechnik", "Deutschland"),
    ("Atelier Lumière", "FR"),
    ("Polar Sensors Oy", "Finland"),
    ("Terra Bikes", "Netherlands"),
    ("Oscar Labs", "Spain"),
    ("Volta Garden", "Italy"),
    ("Helio Maps", "Czechia"),
    ("Łódź Instruments", "Polska"),
]
PRODUCTS = [
    "Desk lamp controller",
    "Soil moisture probe",
    "Bike light rev. 3",
    "Drone gimbal",
    "Audio preamp PCB",
    "Pocket spectrometer",
    "Door sensor",
    "LoRa gateway",
    "E-ink price tag",
    "Battery pack 48 V",
    "Air quality monitor",
    "Camera trigger",
    "Smart valve",
    "USB-C hub",
]
MANUFACTURERS = [
    ("Gdańsk Precision", "Poland"),
    ("Shenzhen Bright Boards", "China"),
    ("Brno Elektro", "CZ"),
    ("Porto Moldes", "Portugal"),
    ("Eindhoven Assembly", "NL"),
    ("Torino Stampi", "Italy"),
    ("Tallinn Circuits", "Estonia"),
    ("Kraków Fast Proto", "Polska"),
    ("Lyon Usinage", "France"),
    ("Penang Micro", "Malaysia"),
    ("Ulm Feinwerk", "Germany"),
    ("Bilbao Cast", "Spain"),
]
CHANNELS = ["Web", "Referral", "Partner", "Trade Fair", "Campaign", None]
MONDAY = date(2026, 3, 2)
ORDER_HEADINGS = [
    "RFP no.",
    "Hardware designer",
    "Country",
    "Product",
    "Qty",
    "Budget",
    "Currency",
    "Proposals until",
    "Channel",
    "Deposit",
    "Notes",
]
PROPOSAL_HEADINGS = [
    "Proposal no.",
    "RFP no.",
    "Manufacturer",
    "Country",
    "Price",
    "Currency",
    "Lead time (days)",
    "Received at",
    "Valid until",
    "Notes",
]
#: The last days that orders may have, and how often: three mornings of selection, some too early.
DUE_DAYS = [3] * 34 + [4] * 22 + [7] * 18 + [1] * 3 + [30] * 6


def messy_date(day: date, style: int) -> object:
    """The same day as people write it."""
    return (
        day,
        (day - date(1899, 12, 30)).days,
        day.isoformat(),
        f"{day.day:02}.{day.month:02}.{day.year}",
        f"{day.day} March {day.year}",
    )[style]


def messy_amount(amount: int, style: int) -> object:
    """The same amount as a number, with a decimal comma, with dots, with blanks."""
    return (
        amount,
        f"{amount},00",
        f"{amount:,}".replace(",", ".") + ",50",
        f" {amount:,} ".replace(",", " "),
        f"{amount:,}.00",
    )[style]


def order_rows(rng: random.Random) -> list[list[object]]:
    """Good RFPs, one for each entry of DUE_DAYS."""
    rows = []
    for index, due in enumerate(DUE_DAYS):
        name, country = DESIGNERS[index % len(DESIGNERS)]
        if index % 9 == 4:
            name = f"  {name.upper()} "
        currency = "PLN" if index % 4 == 1 else "EUR"
        budget = rng.randrange(40, 900) * 100 * (4 if currency == "PLN" else 1)
        rows.append(
            [
                f"RFP-2026-{index + 1:03}",
                name,
                country,
                PRODUCTS[index % len(PRODUCTS)],
                rng.choice([50, 100, 250, 500, 1000]),
                messy_amount(budget, index % 5),
                currency,
                messy_date(MONDAY + timedelta(days=due), index % 5),
                rng.choice(CHANNELS),
                "yes" if index % 11 == 5 else "no",
                "Urgent! 🚀" if index == 12 else None,
            ]
        )
    return rows


def bad_order_rows(good: list[list[object]]) -> list[tuple[int, list[object]]]:
    """Rows that must be refused, and after which good row each stands."""
    sample = ["Acme Robotics", "Poland", "Cable tester", 100, 9000, "EUR"]
    rest = ["Web", "no", None]

    def bad(number: int, due: object = date(2026, 3, 6)) -> list[object]:
        return [f"RFP-2026-9{number:02}", *sample, due, *rest]

    def with_cell(row: list[object], column: int, value: object) -> list[object]:
        return [*row[:column], value, *row[column + 1 :]]

    return [
        (6, bad(1, due="as soon as possible")),
        (11, with_cell(bad(2), 2, "Freedonia")),
        (17, list(good[16])),
        (23, with_cell(bad(3), 5, "to be agreed")),
        (29, with_cell(bad(4), 1, None)),
        (35, with_cell(with_cell(bad(5), 5, "€ 7 500"), 6, "PLN")),
        (41, bad(6, due="31.02.2026")),
        (47, bad(7)),
        (48, with_cell(bad(7), 5, 12000)),
        (60, bad(8, due="03/04/2026")),
        (70, with_cell(bad(9), 6, "XBT")),
    ]


def style_sheet(sheet: Worksheet, header_row: int, widths: list[int]) -> None:
    """Make the sheet pleasant to look at."""
    for cell in sheet[header_row]:
        cell.font = Font(bold=True, color="FFFFFF")
        cell.fill = PatternFill("solid", fgColor="305496")
    for index, width in enumerate(widths):
        sheet.column_dimensions["ABCDEFGHIJK"[index]].width = width
    sheet.freeze_panes = f"A{header_row + 1}"


def build_orders(path: Path) -> None:
    """The RFP sheet: a merged title, a merged group row, good and bad rows and a blank one."""
    good = order_rows(random.Random(2026))
    bad = dict(bad_order_rows(good))
    book = Workbook()
    sheet = book.worksheets[0]
    sheet.title = "RFPs"
    sheet.append(["Requests for proposals, spring 2026"])
    sheet.merge_cells("A1:K1")
    sheet["A1"].font = Font(size=14, bold=True)
    sheet["A1"].alignment = Alignment(horizontal="center")
    sheet.append(["Request", None, None, None, None, "Money", None, "Tender", None, None, None])
    sheet.merge_cells("A2:E2")
    sheet.merge_cells("F2:G2")
    sheet.append(ORDER_HEADINGS)
    for index, row in enumerate(good, start=1):
        sheet.append(row)
        if index in bad:
            sheet.append(bad[index])
        if index == 50:
            sheet.append([])
    style_sheet(sheet, 3, [15, 28, 16, 24, 8, 14, 10, 18, 13, 9, 24])
    book.save(path)


def proposal_rows(rng: random.Random) -> list[list[object]]:
    """None to five proposals for each order; some orders get none on purpose."""
    rows: list[list[object]] = []
    for index in range(len(DUE_DAYS)):
        count = 0 if index % 12 == 7 else rng.choice([1, 2, 3, 3, 4, 5])
        base = rng.randrange(40, 500) * 100
        currency = "PLN" if index % 4 == 1 else "EUR"
        for number, (name, country) in enumerate(rng.sample(MANUFACTURERS, count), start=1):
            price = base + rng.randrange(0, 40) * 25
            received = datetime(2026, 3, 3, 8) + timedelta(minutes=rng.randrange(0, 30 * 60))  # noqa: DTZ001
            rows.append(
                [
                    f"P-{index + 1:03}-{number}",
                    f"RFP-2026-{index + 1:03}",
                    name,
                    country,
                    messy_amount(price * (4 if currency == "PLN" else 1), number % 5),
                    currency,
                    rng.randrange(15, 90),
                    received,
                    date(2026, 6, 30),
                    None,
                ]
            )
    return rows


def build_proposals(path: Path) -> None:
    """The proposals sheet, with a tie, a revision, and three rows that cannot go in."""
    rows = proposal_rows(random.Random(7))
    of_first_order = [row for row in rows if row[1] == "RFP-2026-001"]
    first = min(of_first_order, key=lambda row: read_amount(row[4], Column()))
    tie = [*first]
    tie[0], tie[2], tie[3] = "P-001-T", "Zagreb Metal", "Croatia"
    tie[7] = first[7] + timedelta(minutes=5)  # type: ignore[operator]
    revision = ["P-002-R", "RFP-2026-002", rows[1][2], rows[1][3], 99999, "PLN", 30]
    revision += [datetime(2026, 3, 4, 15), None, "Revised after a call"]  # noqa: DTZ001
    rows += [tie, revision]
    rows.append(["P-900", "RFP-2026-003", "Brno Elektro", "CZ", 0, "EUR", 20, None, None, None])
    rows.append(["P-901", "RFP-2026-003", "Ulm Feinwerk", "DE", "on request", "EUR"])
    rows.append(["P-902", "RFP-1999-001", "Ulm Feinwerk", "DE", 1200, "EUR", 20])
    book = Workbook()
    sheet = book.worksheets[0]
    sheet.title = "Proposals"
    sheet.append(PROPOSAL_HEADINGS)
    for row in rows:
        sheet.append(row)
    style_sheet(sheet, 1, [14, 15, 26, 14, 14, 10, 16, 20, 14, 24])
    book.save(path)


if __name__ == "__main__":
    build_orders(HERE / "orders.xlsx")
    build_proposals(HERE / "proposals.xlsx")
