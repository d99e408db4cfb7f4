"""A notebook as it stands after a run, made by hand: the same outputs, and no kernel needed."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import nbformat.v4 as nb

from reports_lib.display import Column, Grid, Info, Tile, Tiles, bars, lines

CREATED = datetime(2026, 11, 1, 9, 30, tzinfo=UTC)


def _columns(keys=1):
    names = [Column("bucket", "Month"), Column("package", "Package"), Column("owner", "Company")][:keys]
    for group in ("Clients – Active", "Clients – Overall Active", "Clients – All"):
        key = group[10:].lower().replace(" ", "_")
        names += [
            Column(f"{key}_qty", "Qty", "quantity", group),
            Column(f"{key}_pos", "Balance Pos", "money", group),
            Column(f"{key}_neg", "Balance Neg", "money", group),
            Column(f"{key}_balance", "Balance", "money", group),
        ]
    return [
        *names,
        Column("refill_qty", "Qty", "quantity", "Balance Refill"),
        Column("refill_total", "Total", "money", "Balance Refill"),
        Column("refill_avg", "Avg", "ratio", "Balance Refill", of=("refill_total", "refill_qty")),
        Column("payg_total", "Total", "money", "Pay As You Go"),
        Column("payg_avg", "Active Avg", "ratio", "Pay As You Go", of=("payg_total", "active_qty")),
        Column("activation_qty", "Activation Qty", "quantity", "Packages"),
        Column("activation_total", "Activation Total", "money", "Packages"),
        Column("renew_qty", "Renew Qty", "quantity", "Packages"),
        Column("renew_total", "Renew Total", "money", "Packages"),
    ]


def _row(place, keys):
    row = dict(keys)
    for number, column in enumerate(_columns(0)):
        size = (place + 3) * (number + 7)
        if column.kind == "quantity":
            row[column.name] = 0 if place == 4 and number == 12 else size * 13 % 2977
        elif not column.of:
            row[column.name] = Decimal(size * 104729 % 98765432) / 100 * (-1 if "neg" in column.name else 1)
    return row


def main_grid(count=12, keys=1, **extra):
    packages = ["Basic 100", "“Family” & friends", "خطة الأعمال", "Пакет «Бизнес»"]
    start = date(2025, 11, 1)
    rows = []
    for place in range(count):
        month = start.month - 1 + place
        bucket = (
            f"{start.year + month // 12}-{month % 12 + 1:02}" if count <= 36 else str(start + timedelta(days=place))
        )
        rows.append(_row(place, {"bucket": bucket, "package": packages[place % 4], "owner": "Northwind Telecom GmbH"}))
    total = _row(count + 5, {"bucket": "Total", "package": None, "owner": None})
    note = "Balances and clients are those of the end of each month; the total counts them once, at the end."
    return Grid("Customer dynamics", rows, _columns(keys), total=total, note=note, is_main=True, **extra)


def info():
    return Info(
        {"Currency": "USD", "Active Duration": "1 month", "Client Type": "client, reseller", "Group by": "month"},
        "2025-11-01/2026-11-01",
        (datetime(2025, 11, 1, 0, 3, 12, tzinfo=UTC), datetime(2026, 10, 31, 23, 58, 40, tzinfo=UTC)),
        CREATED,
        "Europe/Kyiv",
        "17",
        ["Amounts are converted at the rate in force when they happened; balances at the rate of the month's end."],
    )


def output(shown):
    return nb.new_output("execute_result", data=shown._repr_mimebundle_(), execution_count=1)


def cell(*shown, source="secret_code = 'never in a report'"):
    return nb.new_code_cell(source, outputs=[output(thing) for thing in shown])


def sample(count=12, keys=1):
    grid = main_grid(count, keys)
    return nb.new_notebook(
        cells=[
            nb.new_markdown_cell(
                "# Customer dynamics\n\nHow many clients there are, how many of them are active, what they hold, "
                "and what they paid for, month by month. For those who plan sales and credit."
            ),
            cell(info()),
            cell(
                Tiles(
                    [
                        Tile("Active clients", 2104, Decimal("3.2")),
                        Tile("Balance Refill: Total, USD", Decimal("482319.55"), Decimal("-1.8")),
                        Tile("Pay As You Go: Total, USD", Decimal("1204882.10"), "new record"),
                        Tile("Packages renewed", None),
                    ]
                )
            ),
            nb.new_markdown_cell(
                "## The table\n\nOne row a month. *Active* clients used a paid service within the month before "
                "the row's end; **Overall Active** ones used any at any time."
            ),
            cell(grid),
            nb.new_markdown_cell("## Charts"),
            cell(bars(grid.shown_rows, "bucket", _columns()[1], "Clients – Active: Qty")),
            cell(lines(grid.shown_rows, "bucket", _columns()[14], "Balance Refill: Total, USD")),
        ],
        metadata={"language_info": {"name": "python"}},
    )
