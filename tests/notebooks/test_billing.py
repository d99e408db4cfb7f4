"""The notebooks of billing: their forms, and what they show of known data."""

import ast
import json
import sys
from pathlib import Path

import pytest

from reports_lib.parameters.schema import Schema

ROOT = Path(__file__).parents[2]
sys.path.append(str(ROOT / "tests" / "metrics"))

from bills import bill, file, paid, revised  # noqa: E402  the rows are those of the metrics' tests
from books import at, client, posted  # noqa: E402

TABLES = {
    "company": [{"company_id": 1, "parent_company_id": None, "currency": "EUR"}],
    "currency": [{"code": "EUR", "totals_precision": 2, "details_precision": 4}],
    "client": [client(1, name="Ann"), client(2, name='<b>"Bob" & Co</b>')],
    "invoice": [
        bill(1, 1, "100", paid="40", currency="EUR"),
        bill(2, 2, "60.5", "2026-10-15", currency="EUR"),
        bill(3, 2, "7", status="DRAFT", due_date=None, currency="EUR"),
    ],
    "invoice_revision": [revised(1, 1, "2026-10-05", "100")],
    "payment": [paid(1, "2026-10-06", "40", currency="EUR")],
    "ledger_entry": [posted(1, "2026-10-06 09:30", "40", invoice_id=1, currency="EUR")],
    "cdr_file": [
        file(1, "success", "2026-10-01", "2026-10-02", size_bytes=3 * 2**29),
        file(2, "processing", "2026-11-01"),
    ],
    "help_ticket": [{"ticket_id": 1, "opened_at": at("2026-10-30 18:00"), "resolved_at": None, "status": "open"}],
}


def path(family):
    return ROOT / "notebooks" / f"{family}.ipynb"


@pytest.mark.parametrize(
    ("family", "sections"),
    [
        ("invoices", ["Filters", "By state", "By clients", "Output"]),
        ("account_transactions", ["Filters", "By clients", "Output"]),
        ("billing_dashboard", ["Filters", "By clients", "Output"]),
        ("cdr_files", ["Filters", "By state"]),
        ("help_tickets", ["Filters", "By state"]),
    ],
)
def test_forms_have_their_blocks(family, sections):  # TW-51 … TW-53, TW-60
    schema = Schema.read(path(family))
    assert list(dict.fromkeys(parameter.section for parameter in schema)) == sections
    names = {parameter.name for parameter in schema}
    assert ("interval" in names) == (family != "billing_dashboard")  # that is of now
    assert ("account_id" in names) == ("By clients" in sections and "interval" in names)


@pytest.fixture
def run(warehouse_of, address, as_reader, monkeypatch):
    """`run(family, name=value, …)`: what each code cell shows."""
    warehouse_of(TABLES)

    def execute(family, **changes):
        monkeypatch.setenv("DAYBOOK_WAREHOUSE", str(as_reader(address)))
        monkeypatch.setenv("DAYBOOK_COMPANY", "")
        monkeypatch.setenv("DAYBOOK_AS_OF", "2026-11-03T12:00:00+00:00")
        shown = {}
        space = {"__name__": "__main__", "display": lambda *each: shown.update({one.title: one for one in each})}
        try:
            for cell in json.loads(path(family).read_text())["cells"]:
                if cell["cell_type"] == "code":
                    shown[cell["id"]] = _value("".join(cell["source"]), space)
                if cell["id"] == "parameters":
                    space.update(changes)
        finally:
            if "warehouse" in space:
                space["warehouse"].close()
        return shown

    return execute


def _value(source, space):
    """Run a cell as a kernel does; what its last line is worth is what it shows."""
    *statements, last = ast.parse(source).body
    exec(compile(ast.Module(statements, []), "cell", "exec"), space)
    if isinstance(last, ast.Expr):
        return eval(compile(ast.Expression(last.value), "cell", "eval"), space)
    exec(compile(ast.Module([last], []), "cell", "exec"), space)
    return None


@pytest.mark.parametrize("engine", ["lake"])
def test_the_dashboard_has_nine_figures_and_the_ways_behind_them(run):  # CD-01 … CD-13, T-28
    shown = run("billing_dashboard")
    tiles = shown["top-metrics"].tiles
    assert [(tile.label, tile.value_text) for tile in tiles] == [
        ("Customer records", "2"),
        ("Disk space used", "1.5 GiB"),
        ("Draft invoices", "1"),
        ("Unpaid invoices: EUR owing", "120.50"),
        ("CDR files: success", "1"),
        ("CDR files: error", "0"),
        ("CDR files: waiting", "1"),
        ("CDR files: last", "2026-10-02 00:00"),
        ("Open help tickets", "1"),
    ]
    assert tiles[3].change_text == "2 invoices, face value 160.50"
    assert tiles[8].behind.address == "/ask/help_tickets?time_zone=UTC&interval=2026-10-30%2F2026-11-03&status=unresolved"
    files = "/ask/cdr_files?time_zone=UTC&interval=2026-10-01%2F2026-11-03"
    ways = [shown["chart-files"].behind, *(tiles[at].behind for at in (1, 4, 5, 6, 7))]
    assert [way.address.removeprefix(files) for way in ways] == [
        "&dates=processed_at", "", "&status=success", "&status=error", "&status=waiting", "&dates=processed_at",
    ]  # fmt: skip
    found = [tiles[at].behind for at in (0, 2, 3)] + [shown["chart-top"].behind]
    addresses = [each.address for each in found]
    own = "include_sub_companies=No&time_zone=UTC&currency=EUR"
    assert addresses == [
        f"/ask/customer_dynamics?{own}&interval=this+month",
        f"/ask/invoices?{own}&interval=2026-10-01%2F2026-11-03&dates=created_at&status=DRAFT",
        f"/ask/invoices?{own}&interval=2026-10-01%2F2026-11-03&dates=created_at&payment=unpaid&payment=partly",
        f"/ask/invoices?{own}&interval=2026-10-01%2F2026-10-31&dates=created_at&status=RECORDED",
    ]
    assert shown["chart-ages"].behind.address == addresses[2]
    assert [row["label"] for row in shown["chart-top"].rows] == ["Ann", '<b>"Bob" & Co</b>']
    assert [row["files"] for row in shown["chart-files"].rows] == [0, 0, 1, 0, 0, 0]
    assert shown["facts"].requested_interval is None
    assert "Requested interval" not in shown["facts"].lines
    assert str(shown["table"].shown_rows[0]["disk_gib"]) == "1.50"
    assert [str(shown["Unpaid invoices by age"].shown_total[name]) for name in ("invoices", "owing")] == ["2", "120.50"]


@pytest.mark.parametrize("engine", ["lake"])
def test_the_reports_behind_show_what_the_dashboard_counts(run):  # CD-01, CD-06: one truth
    behind = run("invoices", interval="2026-10-01/2026-11-03", dates="created_at", payment=["unpaid", "partly"])
    assert str(behind["table"].shown_total["still_owing"]) == "120.50"
    assert len(behind["table"].shown_rows) == 2
    drafts = run("invoices", interval="2026-10-01/2026-11-03", dates="created_at", status=["DRAFT"])
    assert [row["state"] for row in drafts["table"].shown_rows] == ["Draft"]
    files = run("cdr_files", interval="2026-10-01/2026-11-03")  # CD-04, CD-07 … CD-10, T-57: newest first
    assert [(row["number"], row["state"], str(row["mib"])) for row in files["table"].shown_rows] == [
        ("2", "waiting", "0.00"),
        ("1", "success", "1536.00"),
    ]
    assert [row["files"] for row in files["chart"].rows] == [1, 0, 1]
    ended = run("cdr_files", interval="2026-10-02/2026-11-03", dates="processed_at", status=["success"])
    assert [row["number"] for row in ended["table"].shown_rows] == ["1"]
    tickets = run("help_tickets", interval="2026-10-30/2026-11-03", status=["unresolved"])  # CD-11
    assert [(row["number"], str(row["days"])) for row in tickets["table"].shown_rows] == [("1", "3.8")]


@pytest.mark.parametrize("engine", ["lake"])
def test_the_lists_have_the_columns_of_the_manual(run):  # TW-36 … TW-40, TW-45 … TW-49, TW-61 … TW-64
    shown = run("invoices", interval="2026-09-01/2026-10-31")
    labels = [column.label for column in shown["table"].columns]
    assert labels[:6] == ["Account number", "File name", "Amount", "Currency", "Period", "Created at"]
    revision = dict(
        zip(
            [c.label for c in shown["table-revisions"].columns],
            shown["table-revisions"].shown_rows[0].values(),
            strict=True,
        )
    )
    assert {"Amount", "Revised at", "By whom", "Email", "Comment"} <= revision.keys()
    assert str(revision["Amount"]) == "5.00"  # what was paid by then
    assert [str(shown["table"].shown_total[name]) for name in ("issued", "still_owing")] == ["160.50", "120.50"]
    shown = run("account_transactions", interval="2026-10-01/2026-10-31")
    (row,) = shown["table"].shown_rows
    assert (str(row["date"]), row["base"], str(row["amount"])) == (
        "2026-10-06 09:30:00",
        "A202610-0001, 40.00 EUR",
        "40.00",
    )
    assert row["company_number"] == "1"
    assert shown["table"].shown_total["base"] == "Total"
