"""Nets of single calls add up to the net of their line, and a file of calls has them all."""

import io
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pyarrow.parquet as pq
import pytest

from reports_lib.invoicing import annex, calls
from reports_lib.invoicing.calls import CHANGED, Source, _File, itemised
from reports_lib.invoicing.evidence import Evidence
from reports_lib.invoicing.lines import Nets, Tax, parts
from reports_lib.snapshots.store import Store
from reports_lib.values.clock import zone
from reports_lib.values.interval import Interval
from reports_lib.values.money import round_half_up

ZERO, MILLIONTH = Decimal(0), Decimal("0.000001")
KYIV = zone("Europe/Kyiv")
AS_OF = datetime(2026, 11, 1, tzinfo=UTC)
OCTOBER = Evidence("f" * 64, Interval.parse("2026-10-01/2026-10-31", KYIV, AS_OF), AS_OF, {})
SOME = 12_345  # more than are written at a time
TAXES = [Tax(Decimal(20), "S"), Tax(Decimal("7.7"), "S"), Tax(None, "S"), Tax(Decimal(20), "AE", "why")]


def amounts(count=SOME):
    """Gross and tax of calls, of which a third say nothing of tax; some are in the client's favour."""
    for number in range(count):
        gross = Decimal(number % 997 - 5) * Decimal("0.000131")
        yield gross, None if number % 3 == 0 else round_half_up(gross / 6, 6)


def line_of(found, **more):
    return {
        "kind": "service", "item": "1", "description": "Voice\u202e", "unit": "min", "events": len(found),
        "gross": sum(gross for gross, _ in found), "tax": sum((tax or ZERO for _, tax in found), ZERO),
        "untaxed": sum(gross for gross, tax in found if tax is None),
    } | more  # fmt: skip


def rows(found):
    for number, (gross, tax) in enumerate(found):
        yield {
            "service_id": 1, "at": datetime(2026, 9, 30, 21) + timedelta(seconds=number), "account_id": "+49 30\n1",
            "code_name": None, "country": "UA", "code": "380", "amount": gross, "tax": tax, "quantity": Decimal(61),
        }  # fmt: skip


def net_of(charge, tax):
    return sum(part.net for part in parts(charge, tax, 2))


@pytest.mark.parametrize("tax", TAXES, ids=str)
def test_nets_of_calls_add_up_to_the_net_of_their_line(tax):
    found = list(amounts())
    nets = Nets(tax)
    each = [nets.of(1, *call) for call in found]
    assert sum(each) == round_half_up(net_of(line_of(found), tax), 6)
    assert all(net == round_half_up(net, 6) for net in each)
    alone = [Nets(tax).of(1, *call) for call in found]
    assert max(abs(net - one) for net, one in zip(each, alone, strict=True)) <= MILLIONTH


def test_charges_do_not_share_what_rounding_leaves():
    nets = Nets(TAXES[0])
    assert [nets.of(item, MILLIONTH, None) for item in (1, 2, 1, 2, 1, 1)] == [MILLIONTH] * 5 + [ZERO]


def test_a_file_has_every_call_whatever_its_length():
    found = list(amounts())
    charge = line_of(found)
    file = _File(OCTOBER, {1: charge}, TAXES[0])
    written = file.written(rows(found))
    table = pq.read_table(io.BytesIO(written))
    assert file.agrees
    assert annex.calls(table, "csv") == file.tally.calls("csv")
    assert table.num_rows == SOME
    assert sum(table["amount"].to_pylist()) == round_half_up(net_of(charge, TAXES[0]), 6)
    first = table.slice(0, 1).to_pylist()[0]
    assert (first["at"], first["service"], first["number"]) == (datetime(2026, 10, 1), "Voice", "+49 30 1")
    assert (first["destination"], first["quantity"], first["unit"]) == ("UA", 61, "s")
    again = _File(OCTOBER, {1: charge}, TAXES[0])
    assert again.written(rows(found)) == written


@pytest.mark.parametrize("more", [{"events": 9}, {"gross": Decimal(1)}, {"tax": Decimal(1)}], ids=str)
def test_a_call_too_many_or_another_sum_is_seen(more):
    found = list(amounts(10))
    file = _File(OCTOBER, {1: line_of(found, **more)}, TAXES[0])
    file.written(rows(found))
    assert not file.agrees


def test_a_call_of_a_service_without_a_line_is_seen():
    found = list(amounts(10))
    file = _File(OCTOBER, {1: line_of(found)}, TAXES[0])
    file.written([*rows(found), {"service_id": 2}])
    assert not file.agrees


def test_megabytes_and_what_has_no_volume():
    (call,) = amounts(1)
    for unit, quantity, told in (("MB", Decimal(1_500_000), Decimal("1.5")), ("", ZERO, 1), ("message", ZERO, 0)):
        file = _File(OCTOBER, {1: line_of([call], unit=unit)}, TAXES[0])
        (row,) = [row | {"quantity": quantity} for row in rows([call])]
        made = pq.read_table(io.BytesIO(file.written(iter([row])))).to_pylist()
        assert [(each["quantity"], each["unit"]) for each in made] == [(told, unit)]


@pytest.mark.parametrize("engine", ["postgres"])  # of a lake test_monthly.py has them
def test_calls_of_a_warehouse_that_keeps_no_earlier_state(
    engine, address, warehouse_of, as_reader, tmp_path, monkeypatch
):
    plain = {"client_id": 7, "service_id": 1, "volume": Decimal(60), "is_paid": True, "currency": "EUR"}
    plain |= {"amount": Decimal("1.2"), "tax": Decimal("0.2")}
    warehouse_of({
        "company": [{"company_id": 1, "currency": "EUR"}],
        "client": [{"client_id": number, "name": str(number), "company_id": number - 6} for number in (7, 8)],
        "usage_event": [
            plain | {"usage_id": 3, "started_at": datetime(2026, 10, 31, 21, 59, 59)},  # the last second in Kyiv
            plain | {"usage_id": 1, "started_at": datetime(2026, 9, 30, 21)},  # the first one
            plain | {"usage_id": 2, "started_at": datetime(2026, 10, 31, 22)},  # November
            plain | {"usage_id": 4, "started_at": datetime(2026, 10, 9), "client_id": 8},  # another company's
        ],
    })  # fmt: skip
    source = Source(as_reader(address), "1", Store(tmp_path))
    row = {"client_id": "7", "currency": "EUR", "status": "to bill"}

    def kept(count):
        told = {"gross": count * Decimal("1.2"), "tax": count * Decimal("0.2"), "untaxed": ZERO, "events": count}
        charge = line_of([], **row, **told)
        evidence = replace(OCTOBER, tables={"clients": [row], "lines": [charge]})
        return itemised(source, evidence, {(7, "EUR"): TAXES[0]}, "pages")[7, "EUR"]

    found = kept(2)
    written = pq.read_table(source.store.path(found.name)).to_pylist()
    assert [each["at"] for each in written] == [datetime(2026, 10, 1), datetime(2026, 10, 31, 23, 59, 59)]
    assert (found.calls.count, found.calls.amount, found.calls.form) == (2, 2, "pages")
    assert str(kept(3)) == CHANGED  # one was rated anew since
    monkeypatch.setattr(calls, "PRINTED", 1)  # what is longer is attached only, and the paper says where
    assert kept(2).calls.form == "csv"
