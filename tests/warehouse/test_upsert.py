"""Rows in the place of those with their key: all tables at once or none, on the lake and on Postgres."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pyarrow as pa
import pytest

from reports_lib.errors import WarehouseError
from reports_lib.warehouse import upsert as upserting
from reports_lib.warehouse import writer
from reports_lib.warehouse.versions import versions

OURS, THEIRS = -1, 7  # ids of invoices


@pytest.fixture
def upsert(address):
    def upsert(**tables):
        filled = {name: pa.Table.from_pylist(given, _schema(name, given)) for name, given in tables.items()}
        return upserting.upsert(address, filled, author="O'Neil", message="it's new").version

    return upsert


def _schema(name, given):
    if given:
        return None
    return upserting.TABLES[name].schema.to_pyarrow()


def invoice(number, total, **more):
    return {
        "invoice_id": number,
        "account_number": f"A-{number}",
        "client_id": 1,
        "issuer_company_id": 1,
        "kind": "monthly",
        "status": "RECORDED",
        "invoice_date": date(2026, 11, 1),
        "currency": "EUR",
        "net_total": Decimal(total),
        "tax_total": Decimal(0),
        "total": Decimal(total),
        "paid_to_date": Decimal(0),
        "file_name": "",
        "created_at": datetime(2026, 11, 1, tzinfo=UTC),
    } | more


def line(number, place, amount, revision=0):
    return {
        "invoice_id": number,
        "revision_no": revision,
        "line_no": place,
        "description": "Calls",
        "quantity": Decimal(1),
        "unit_price": Decimal(amount),
        "amount": Decimal(amount),
        "tax": Decimal(0),
    }


def test_a_row_takes_the_place_of_the_one_with_its_key_and_others_stay(upsert, reading, rows, address):
    upsert(invoice=[invoice(THEIRS, 5), invoice(OURS, 10)])
    upsert(invoice=[invoice(OURS, 12), invoice(OURS - 1, 1)])
    found = rows(reading(address).table("invoice").order_by("invoice_id")["invoice_id", "total"])
    assert [(r["invoice_id"], r["total"]) for r in found] == [(OURS - 1, 1), (OURS, 12), (THEIRS, 5)]


def test_written_twice_is_written_once(upsert, reading, rows, address):
    given = {"invoice": [invoice(OURS, 10)], "invoice_line": [line(OURS, 1, 4), line(OURS, 2, 6)]}
    upsert(**given)
    once = [rows(reading(address).table(name)) for name in given]
    upsert(**given)
    assert [rows(reading(address).table(name)) for name in given] == once


def test_all_parts_of_a_whole_that_is_given_are_replaced(upsert, reading, rows, address):
    upsert(
        invoice=[invoice(OURS, 10), invoice(THEIRS, 5)],
        invoice_line=[line(OURS, 1, 4), line(OURS, 2, 6), line(THEIRS, 1, 5)],
    )
    upsert(invoice=[invoice(OURS, 4)], invoice_line=[line(OURS, 1, 4)])  # has lost a line
    found = rows(reading(address).table("invoice_line").order_by(["invoice_id", "line_no"]))
    assert [(r["invoice_id"], r["line_no"]) for r in found] == [(OURS, 1), (THEIRS, 1)]
    upsert(invoice=[invoice(OURS, 0)], invoice_line=[])  # and all of them
    assert [r["invoice_id"] for r in rows(reading(address).table("invoice_line"))] == [THEIRS]


def test_parts_without_their_whole_go_by_their_own_key(upsert, reading, rows, address):
    upsert(invoice_line=[line(OURS, 1, 4), line(OURS, 2, 6)])
    upsert(invoice_line=[line(OURS, 2, 7)])
    found = rows(reading(address).table("invoice_line").order_by("line_no"))
    assert [r["amount"] for r in found] == [4, 7]


def test_several_tables_are_one_data_version(upsert, address):
    if not address.is_lake:
        pytest.skip("Postgres keeps no versions")
    before = len(versions(address))
    name = upsert(invoice=[invoice(OURS, 10)], invoice_line=[line(OURS, 1, 10)])
    known = versions(address)
    assert (len(known), known[-1].name) == (before + 1, name)
    assert (known[-1].author, known[-1].message) == ("O'Neil", "it's new")


@pytest.mark.parametrize(
    ("bad", "told"),
    [
        ([line(OURS, 1, 4), line(OURS, 1, 5)], "1 of the rows have the key of another one"),
        ([line(OURS, 1, 4) | {"colour": "red"}], "no column colour"),
        ([{"invoice_id": OURS}], "may not be null"),
    ],
)
def test_what_does_not_fit_leaves_every_table_as_it_was(upsert, reading, rows, address, bad, told):
    upsert(invoice=[invoice(OURS, 10)])
    with pytest.raises(WarehouseError, match=told):
        upsert(invoice_line=bad)
    assert [r["total"] for r in rows(reading(address).table("invoice"))] == [10]
    assert not rows(reading(address).table("invoice_line"))


def test_a_change_that_fails_in_its_second_table_leaves_the_first(address, upsert, reading, rows):
    upsert(invoice=[invoice(OURS, 10)])
    writer.execute(address, 'alter table "invoice_line" drop column "tax"', author="x", message="x")
    with pytest.raises(WarehouseError, match="nothing is written"):
        upsert(invoice=[invoice(OURS, 11)], invoice_line=[line(OURS, 1, 11)])
    assert [r["total"] for r in rows(reading(address).table("invoice"))] == [10]
