"""Sixteen processes issue at once and are killed in the midst: no gap, no number twice, one invoice a key (F10)."""

import multiprocessing
import os
import random
import signal
import time
from collections import Counter
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from reports_lib.database.engine import engine_of
from reports_lib.database.schema import AccountEntry, Invoice, InvoiceSeries
from reports_lib.errors import DatabaseError
from reports_lib.invoicing import account, draft, pay, record, verify
from reports_lib.invoicing.draft import Order
from tests.invoicing.conftest import proposal

PROCESSES, SHARED, OWN, KILLS = 16, 8, 5, 10
SERIES = ("S-", "R-")
fork = multiprocessing.get_context("fork")


def issue(url: str, number: int, life: int, suicidal: bool) -> None:
    """Issue the shared invoices and some of its own, each in a transaction; perhaps die in one, lock in hand."""
    engine, dice = engine_of(url), random.Random(f"{number} {life}")
    wanted = [f"shared {n}" for n in range(SHARED)] + [f"own {number} {n}" for n in range(OWN)]
    dice.shuffle(wanted)
    doomed = dice.choice(wanted) if suicidal else None
    for key in wanted:
        with Session(engine) as session, session.begin():
            order = Order(key, SERIES[sum(key.encode()) % 2])
            made = draft.make(session, proposal("10", client=sum(key.encode()) % 7), order, "storm", datetime.now(UTC))
            record.record(session, made.id, "storm", datetime.now(UTC))
            session.flush()
            if key == doomed:
                os.kill(os.getpid(), signal.SIGKILL)
    engine.dispose()


@pytest.fixture
def url(database):
    return database.url.set(drivername="postgresql").render_as_string(hide_password=False)


def test_numbers_have_no_gap_whoever_dies(database, url):
    dice = random.Random(7)
    lives = Counter(range(PROCESSES))

    def begin(number: int) -> multiprocessing.Process:
        suicidal = number < 4 and lives[number] == 1
        process = fork.Process(target=issue, args=(url, number, lives[number], suicidal))
        process.start()
        return process

    running = {number: begin(number) for number in range(PROCESSES)}
    kills, until = 0, time.monotonic() + 120
    while running and time.monotonic() < until:
        time.sleep(0.02)
        if kills < KILLS and dice.random() < 0.3:
            running[dice.choice(sorted(running))].kill()
            kills += 1
        for number, process in list(running.items()):
            if not process.is_alive():
                process.join()
                del running[number]
                if process.exitcode != 0:  # somebody else goes on with its work
                    assert process.exitcode == -signal.SIGKILL
                    lives[number] += 1
                    running[number] = begin(number)
    assert not running
    assert lives.total() - PROCESSES >= 4 + 1  # the suicides, and at least one of the others
    with Session(database) as session:
        rows = session.execute(select(Invoice.series, Invoice.number, Invoice.key, Invoice.state)).all()
        assert len(rows) == SHARED + PROCESSES * OWN
        assert {row.state for row in rows} == {"RECORDED"}
        assert max(Counter(row.key for row in rows).values()) == 1
        for series in SERIES:
            numbers = sorted(row.number for row in rows if row.series == series)
            last = select(InvoiceSeries.last).where(InvoiceSeries.series == series, InvoiceSeries.year > 0)
            assert numbers == list(range(1, session.scalar(last) + 1))
        assert session.scalar(select(func.sum(AccountEntry.amount))) == 10 * len(rows)
        assert verify.verify(session, None).defects == []


def settle(url: str, number: int) -> None:
    """Pay, void and pay again what others pay at the same moment."""
    engine, dice = engine_of(url), random.Random(number)
    for n in range(6):
        now = datetime.now(UTC)
        with Session(engine) as session, session.begin():
            open_ones = session.scalars(select(Invoice.id).where(Invoice.key.like("money %"))).all()
            some = dice.sample(open_ones, 3)
            amounts = {one: Decimal(dice.randint(1, 400)) / 100 for one in some}
            made = pay.pay(session, amounts, pay.Receipt(now, key=f"{number} {n}"), "storm", now)
            if n % 3 == 0:
                pay.cancel(session, made.id, "storm", now)
    engine.dispose()


def test_payments_of_one_account_do_not_hinder_each_other(database, url):
    with Session(database) as session, session.begin():
        for n in range(5):
            order = Order(f"money {n}", "M-")
            made = draft.make(session, proposal("9", client=1001), order, "storm", datetime.now(UTC))
            record.record(session, made.id, "storm", datetime.now(UTC))
    workers = [fork.Process(target=settle, args=(url, number)) for number in range(8)]
    for each in workers:
        each.start()
    for each in workers:
        each.join(60)
    assert [each.exitcode for each in workers] == [0] * 8  # nobody waited for one who waited for him
    with Session(database) as session:
        assert verify.verify(session, None).defects == []
        left = sum(amount for _, amount in account.credit(session, account.Account("1", 1001, "EUR")))
        owed = session.scalar(
            select(func.sum(Invoice.total - Invoice.paid)).where(Invoice.client_id == 1001, Invoice.state == "RECORDED")
        )
        assert account.balance(session, account.Account("1", 1001, "EUR")) == owed - left


def cut_off(database, engine) -> None:
    """Record an invoice and lose the connection before it is committed."""
    with Session(engine) as session, session.begin():
        made = draft.make(session, proposal("10"), Order("cut", "C-"), "storm", datetime.now(UTC))
        record.record(session, made.id, "storm", datetime.now(UTC))
        own = session.scalar(select(func.pg_backend_pid()))
        with database.connect() as cutter:
            cutter.execute(select(func.pg_terminate_backend(own)))


def test_a_database_that_goes_away_in_the_midst_leaves_nothing(database, url):
    engine = engine_of(url)
    with pytest.raises(DatabaseError):
        cut_off(database, engine)
    engine.dispose()
    with Session(database) as session:
        assert session.scalar(select(Invoice.id).where(Invoice.key == "cut")) is None
        assert session.scalar(select(InvoiceSeries.last).where(InvoiceSeries.series == "C-")) is None
