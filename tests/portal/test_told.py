"""Errors in the language of the answer: each sentence of the table is really raised, in these very words."""

import json
import re
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from reports_lib.accounts import password, sign_in, throttle, token
from reports_lib.accounts.visitor import Visitor
from reports_lib.database.engine import engine_of
from reports_lib.database.schema import Account, InvoicePayment, Operation, Run, State
from reports_lib.database.server import database_url
from reports_lib.delivery.addresses import address, recipients
from reports_lib.errors import DaybookError
from reports_lib.invoicing import chain, correct, details, draft, pay, revise
from reports_lib.invoicing import record as issue
from reports_lib.invoicing.draft import Terms
from reports_lib.ops import customer
from reports_lib.ops.coupon_groups import add_group
from reports_lib.ops.coupon_undo import already_redeemed
from reports_lib.ops.coupons import is_taken
from reports_lib.ops.draft import Draft
from reports_lib.ops.fields import FIELDS
from reports_lib.ops.operation import Change, Wish, refuse_unless_undoable
from reports_lib.ops.settle import carry_out
from reports_lib.ops.swap import changed_meanwhile, taken
from reports_lib.parameters.given import LONGEST, MOST, one
from reports_lib.parameters.kinds import Context
from reports_lib.parameters.options import Finder, Option
from reports_lib.parameters.schema import Schema
from reports_lib.portal import language
from reports_lib.portal.queries import saved as query_shelf
from reports_lib.portal.told import SENTENCES, _pattern, told
from reports_lib.rendering.formats import Format
from reports_lib.runs import record
from reports_lib.runs.asker import refusal
from reports_lib.runs.cron import Cron
from reports_lib.runs.discard import discard
from reports_lib.runs.export import export
from reports_lib.runs.plan import refuse_lacking
from reports_lib.runs.regenerate import regenerate
from reports_lib.values.clock import zone
from reports_lib.values.interval import Interval
from reports_lib.warehouse import versions
from reports_lib.warehouse.address import Address
from tests.invoicing.samples import line
from tests.portal.bills import ANN, Bills

NOTEBOOK = Path(__file__).parents[2] / "notebooks" / "customer_dynamics.ipynb"
NOW = datetime(2026, 11, 22, tzinfo=UTC)
UTC_ZONE = ZoneInfo("UTC")
ANALYST = Visitor(name="ann", role="analyst", account_id=1)
PARAMETERS = [
    ("interval", "", ["month"]),
    ("active_duration", "", []),
    ("active_duration", "999", ["999", "120"]),
    ("chargebacks", "maybe", ["maybe"]),
    ("currency", "?", ["?"]),
    ("client_type", "clients", ["clients", "client"]),
    ("compare_to", "zzzz", ["zzzz", "previous_year"]),
    ("client_tags", ["x"] * (MOST + 1), [str(MOST)]),
    ("interval", "tomorrow", ["tomorrow"]),
]
VALUES = [
    (lambda: zone("Mars/Base"), ["Mars/Base"]),
    (lambda: Finder([Option(str(n), f"name {n}") for n in range(20)]).find("zzz"), ["zzz", "20"]),
    (lambda: Finder([]).find("zzz"), ["zzz"]),
    (lambda: Finder([Option("1", "a"), Option("2", "a")]).find("a"), ["1, 2"]),
    (lambda: one("x" * (LONGEST + 1)), [str(LONGEST)]),
    (lambda: one("a\x00b"), ["a\\x00b"]),
    (lambda: Interval.parse("2026-02-02/2026-01-01", UTC_ZONE, NOW), ["2026-02-02/2026-01-01"]),
    (lambda: Interval(NOW, NOW, UTC_ZONE), ["2026-11-22T00:00"]),
    (lambda: Interval(NOW.replace(year=1800), NOW, UTC_ZONE), ["1900", "2200"]),
    (lambda: address("nobody"), ["nobody"]),
    (lambda: recipients(["ann@else.org"], ("example.com",)), ["ann@else.org", "example.com"]),
    (lambda: Cron("every day", UTC_ZONE), ["every day"]),
    (lambda: refuse_lacking(["call", "payment"]), ["call, payment"]),
    (lambda: Format.parse("pdx"), ["pdx", "pdf"]),
    (lambda: Format.parse("zzzzzz"), ["zzzzzz", "xlsx"]),
]


@pytest.fixture(autouse=True)
def _english():
    yield
    language.use("en")


def raised(call) -> str:
    with pytest.raises(DaybookError) as caught:
        call()
    return str(caught.value)


def of_parameters():
    schema, context = Schema.read(NOTEBOOK), Context(NOW, UTC_ZONE)
    for name, given, values in PARAMETERS:
        yield raised(lambda name=name, given=given: schema[name].value(given, context)), values


def of_owners():
    account = Account(name="ann", role="viewer", disabled_at=None)
    for found in (None, Account(name="ann", role="analyst", disabled_at=NOW), account):
        yield refusal(found, "ann"), ["ann"]


def of_runs(installation, rows, manifest):
    made = {"snapshot_id": manifest.id}
    for state, values in ((State.GENERATED, made), (State.ERROR, {}), (State.CANCELLED, {})):
        number = rows.add(state, **values)
        with Session(installation.database) as session:
            yield raised(lambda n=number, s=session: record.cancel(s, n, "ann")), [str(number)]
    number = rows.add(State.GENERATING)
    with Session(installation.database) as session:
        run = session.get_one(Run, number)
        yield raised(lambda: regenerate(session, run, ANALYST, NOW)), [str(number)]
    yield raised(lambda: discard(installation, number, by="ann", reason="", at=NOW)), [str(number)]
    with Session(installation.database) as session, session.begin():
        record.cancel(session, number, "ann")
    with Session(installation.database) as session:
        yield session.get_one(Run, number).error, ["ann"]


def of_names(workspace, tmp_path):
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "parameters" / "arrivals").mkdir(parents=True)
    own = replace(workspace, root=tmp_path)
    yield raised(lambda: own.notebook("zzzz")), ["zzzz"]
    (tmp_path / "notebooks" / "arrivals.ipynb").touch()
    yield raised(lambda: own.notebook("zzzz")), ["zzzz", "arrivals"]
    yield raised(lambda: own.notebook("arrival")), ["arrival"]
    yield raised(lambda: query_shelf.found(own, ANALYST, "arrivals", "zzzz")), ["zzzz", "arrivals"]
    (tmp_path / "parameters" / "arrivals" / "weekly.yaml").write_text("interval: last week\n")
    yield raised(lambda: query_shelf.found(own, ANALYST, "arrivals", "zzzz")), ["zzzz", "weekly"]
    yield raised(lambda: query_shelf.found(own, ANALYST, "arrivals", "weekl")), ["weekl", "weekly"]


def of_invoices(installation):
    bills = Bills(installation, client=900, series="TOLD-")
    proposed, held = bills.draft(line(1, "10")), bills.draft(held=["no CDRs"])
    made, revised = bills.recorded(line(1, "10")), bills.recorded(line(1, "10"))
    bills.do(issue.sent, made)
    bills.revise(revised, "x", line(1, "20"))
    note = bills.credit(bills.recorded(line(1, "10")))
    number = bills.get(made).account_number
    yield raised(lambda: bills.do(issue.unrecord, made)), [number]
    yield raised(lambda: bills.do(issue.unrecord, revised)), [bills.get(revised).account_number]
    yield raised(lambda: bills.do(issue.record, held)), ["no CDRs"]
    yield raised(lambda: bills.do(issue.sent, proposed)), [str(proposed)]
    yield raised(lambda: bills.pay({proposed: "1"})), [str(proposed)]
    yield raised(lambda: bills.do(draft.discard, made)), [number]
    yield raised(lambda: bills.revise(made, " ")), []
    yield raised(lambda: bills.credit(made, "")), []
    yield raised(lambda: bills.pay({made: "0"})), ["0"]
    yield raised(lambda: bills.pay({made: "0.001"})), ["0.001 EUR", "2"]
    yield raised(lambda: bills.revise(made, "x")), [number]
    bills.pay({made: "5"})
    yield raised(lambda: bills.revise(made, "x", paid="1")), ["5 EUR", number]
    bills.credit(made)
    yield raised(lambda: bills.credit(made)), [number]
    some = [line(1, "90")]
    yield raised(lambda: bills.credit(revised, lines=some)), [bills.get(revised).account_number]
    yield raised(lambda: bills.pay({note: "1"})), [bills.get(note).account_number]
    with Session(installation.database) as session:
        for name, value in (("country", "GERMANY"), ("email", "nobody"), ("tax_rate", "much")):
            yield raised(lambda n=name, v=value: details.put(session, 900, {n: v}, "ann", NOW)), [value]


def of_conflicts(installation):
    bills = Bills(installation, client=901, series="TOLDC-")
    gone, made, credited = bills.draft(key="told gone"), bills.recorded(line(1, "10")), bills.recorded(line(1, "10"))
    bills.do(draft.discard, gone)
    bills.draft(key="told key")
    for what in (issue.record, issue.release, issue.unrecord):
        yield raised(lambda w=what: bills.do(w, gone)), [str(gone)]
    yield raised(lambda: bills.pay({gone: "1"})), [str(gone)]
    note, asked = bills.credit(credited), bills.top_up("50")
    payment, number = bills.pay({asked: "50"}, key="told"), bills.get(asked).account_number
    yield raised(lambda: bills.pay({made: "1"}, key="told")), ["told", str(payment)]
    yield raised(lambda: bills.do(issue.unrecord, credited)), [bills.get(credited).account_number]
    yield raised(lambda: bills.do(issue.unrecord, asked)), [number]
    yield raised(lambda: bills.revise(asked, "x", line(1, "20"))), [number]
    yield raised(lambda: bills.revise(note, "x", line(1, "20"))), [bills.get(note).account_number]
    yield raised(lambda: bills.credit(note)), [bills.get(note).account_number]
    with Session(installation.database) as session:
        of_top_up = select(InvoicePayment.id).where(InvoicePayment.client_id == 901, InvoicePayment.method == "top_up")
        added = session.scalars(of_top_up).one()
        yield raised(lambda: pay.cancel(session, added, "ann", NOW)), [str(added)]
        stale = {"comment": "x", "by": ANN, "now": NOW, "after": 7}
        yield raised(lambda: revise.revise(session, made, **stale)), [bills.get(made).account_number]
        terms = Terms("TOLDC-", "EUR", 2, NOW.date(), 14, "en", "Top-up", "in advance")
        again = bills.document()
        given = session, again.supplier, again.buyer, Decimal(5), terms, "told key", "ann", NOW
        yield raised(lambda: draft.top_up(*given)), ["told key"]
    with Session(installation.database) as session:
        credit = correct.credit_note(session, made, None, "one", "ann", datetime.now(UTC), key="told")
        other = raised(lambda: correct.credit_note(session, made, None, "two", "ann", datetime.now(UTC), key="told"))
        yield other, [credit.account_number]
    with Session(installation.database) as session:
        details.put(session, 901, {"city": "Bonn"}, "ann", NOW)
        yield raised(lambda: details.put(session, 901, {"city": "Ulm"}, "bob", NOW, after="none")), ["901"]
    yield str(chain.broken("TOLDC-")), ["TOLDC-"]


def of_dates(installation):
    bills = Bills(installation, client=902, series="TOLDD-")
    first, second, third = bills.recorded(line(1, "10")), bills.recorded(line(1, "10")), bills.draft(line(1, "10"))
    early, late = date(2026, 1, 2), date(2026, 11, 20)
    yield raised(lambda: bills.do(issue.record, third, on=early)), ["TOLDD-", "2026-01-02"]
    bills.do(issue.unrecord, second)
    yield raised(lambda: bills.do(issue.record, second, on=early)), [bills.get(second).account_number, "2026-01-02"]
    bills.do(issue.record, second)
    bills.do(issue.unrecord, first)
    yield raised(lambda: bills.do(issue.record, first, on=late)), [bills.get(first).account_number, "2026-11-20"]


def of_customers(installation):
    state = dict.fromkeys(FIELDS) | {"name": "x", "deleted_at": None, "networks": {}, "email": "a@b.org"}
    kinds = json.dumps({"yes": True, "count": 1, "list": [], "deep": {}})
    card = customer.Card(17, "", NOW, NOW, state | {"metadata": kinds})

    def plan(changes, **given):
        texts = {name.replace("__", ":"): text for name, text in given.items()}
        return raised(lambda: customer.plan_edit(replace(card, state=card.state | changes), texts))

    yield plan({}, email=" "), []
    yield plan({}, city="a\tb"), []
    yield plan({}, city="x" * 101), ["101", "100"]
    yield plan({}, email="nobody"), ["nobody"]
    yield plan({}, phone="none"), ["none"]
    yield plan({}, birth_date="1600-01-01"), ["1600-01-01"]
    for key in ("yes", "count", "list", "deep"):
        yield plan({}, **{f"metadata__{key}": "perhaps"}), ["perhaps"]
    yield plan({"metadata": json.dumps(dict.fromkeys(map(str, range(100))))}, metadata__more="x"), ["100"]
    yield plan({"metadata": "[]"}, metadata__more="x"), []
    yield plan({"deleted_at": "2026-11-01T00:00:00"}), ["17"]
    unknown = replace(card, state={"name": "x", "deleted_at": None, "networks": {}})
    yield raised(lambda: customer.plan_edit(unknown, {})), ["17"]
    yield plan({}), ["17"]
    yield changed_meanwhile(17), ["17"]
    yield taken("a@b.org"), ["a@b.org"]
    with Session(installation.database) as session, session.begin():
        plain = {"subject": "customer 17", "who": "ann", "at": NOW, "state": "done", "ended_at": NOW, "asked": "0"}
        done = Operation(key="told one", kind=customer.EDIT, before={}, after={}, **plain)
        session.add(done)
        session.flush()
        forgotten = Operation(id=done.id, state="done", before=None)
        yield raised(lambda: refuse_unless_undoable(forgotten, session)), [str(done.id)]
        session.add(Operation(key="told two", kind="undo edit customer", undoes=done.id, **plain))
        session.flush()
        yield raised(lambda: refuse_unless_undoable(done, session)), [str(done.id)]
    wish = Wish("ann", "", "told one", NOW)
    yield raised(lambda: carry_out(installation, ANALYST, wish, Change("x", "customer 17", {}), None)), ["told one"]


def of_coupons(installation):
    """What is said beside a field, without its name."""
    plain = {"group": "1", "quantity": "1", "coupon_type": "plan", "discount_type": "percent", "discount_percent": "5"}

    def parsed(**given):
        return raised(lambda: Draft.parse({**plain, **given})).partition(": ")[2]

    def named(name, key):
        return raised(lambda: add_group(installation, ANALYST, Wish("ann", "", key, NOW), name)).partition(": ")[2]

    yield parsed(quantity="", name="a"), ["a", "3", "40"]
    yield parsed(quantity="", name="a b c"), ["a b c"]
    yield parsed(valid_from="2026-12-02", valid_to="2026-12-01"), ["2026-12-01", "2026-12-02"]
    yield parsed(valid_to="soon"), ["soon"]
    yield parsed(discount_percent="much"), ["much"]
    yield parsed(detail="x" * 501), ["500"]
    yield parsed(discount_type="trial_days", discount_percent="", trial_days="3", coupon_type="ppv_live"), []
    past = Draft.parse({**plain, "valid_to": "2026-11-21"})
    yield raised(lambda: past.refuse_past(NOW.date())).partition(": ")[2], ["2026-11-21"]
    add_group(installation, ANALYST, Wish("ann", "", "told group", NOW), "Told")
    yield named("TOLD", "told again"), ["TOLD"]
    yield named("", "told again"), ["100"]
    used = Wish("ann", "", "told group", NOW)
    yield raised(lambda: add_group(installation, ANALYST, used, "Other")), ["told group"]
    yield str(is_taken("WELCOME")).partition(": ")[2], ["WELCOME"]
    yield already_redeemed(3, 17), ["3", "17"]


def of_accounts(installation):
    with Session(installation.database) as session:
        nobody = Account(id=0, name="ann")
        yield raised(lambda: sign_in.end_one(session, nobody, "abcdef")), []
        yield raised(lambda: token.revoke(session, nobody, "abcdef", NOW)), ["abcdef"]
        key = throttle.key("present", "told")
        yield raised(lambda: [throttle.take(session, [key], NOW) for _ in range(9)]), []
    with ExitStack() as held:
        while password._queue.acquire(blocking=False):
            held.callback(password._queue.release)
        yield raised(lambda: password.hashed("four plain words here")), []


def of_places(installation, sealed):
    manifest, _token = sealed
    without = replace(manifest, files={})
    yield raised(lambda: export(installation.store, without, Format.HTML)), ["html"]
    lake = Address(database_url(installation.workspace), "/nowhere")
    yield raised(lambda: versions.latest(lake)), ["daybook ingest"]
    away = engine_of("postgresql://nobody@127.0.0.1:1/nothing")
    yield raised(lambda: away.connect().execute(text("select 1"))), ["127.0.0.1:1"]
    away.dispose()


def test_what_is_raised_is_said_in_each_language_with_its_values(installation, rows, sealed, workspace, tmp_path):
    said = [
        *of_parameters(),
        *((raised(call), values) for call, values in VALUES),
        *of_owners(),
        *of_runs(installation, rows, sealed[0]),
        *of_names(workspace, tmp_path),
        *of_invoices(installation),
        *of_conflicts(installation),
        *of_dates(installation),
        *of_customers(installation),
        *of_coupons(installation),
        *of_accounts(installation),
        *of_places(installation, sealed),
    ]
    for english, values in said:
        for code in ("ru", "es"):
            language.use(code)
            translated = told(english)
            assert translated != english
            assert all(value in translated for value in values), translated
            assert not re.search(r"[{}]", translated)
            assert code != "ru" or re.search("[а-я]{3}", translated)
    language.use("en")
    assert [told(english) for english, _values in said] == [english for english, _values in said]
    # and none of the table is about an error that there is no more
    bare = [re.sub("^[a-z_]+ (?=['\"])", "", english) for english, _values in said]
    texts = [english for english, _values in said]
    used = {s for pair in zip(bare, texts, strict=True) for s in [_fitting(*pair)] if s}
    assert used == set(SENTENCES)


def _fitting(*texts: str) -> str:
    """The sentence of the table that the first of the texts is, for which there is one."""
    return next((s for text in texts for s in SENTENCES if _pattern(s).fullmatch(text)), "")


def test_a_parameter_is_named_as_people_read_it():
    language.use("ru")
    assert told("client_type 'x' is not one of a, b") == "Тип клиента: «x» — не одно из значений: a, b."
    assert told("active_duration is required") == "Поле «Период активности» обязательно."


def test_what_nobody_has_put_into_the_language_stays_as_it_is():
    language.use("ru")
    assert told("something else went wrong") == "something else went wrong"
    assert told("") == ""
