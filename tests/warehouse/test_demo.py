"""The demo data: whole, consistent, deterministic, and with every case in it that a figure may meet."""

import hashlib
import os
import subprocess
import sys
from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from reports_lib.warehouse import demo
from reports_lib.warehouse.demo import clients, coupons
from reports_lib.warehouse.demo.world import World
from reports_lib.warehouse.tables import TABLES

START, UNTIL = datetime(2024, 11, 1), datetime(2026, 11, 1)  # naive UTC, as the tables hold
ROOT = Path(__file__).parents[2]
END = demo.end().replace(tzinfo=None)
LATER = {  # moments that may lie ahead of the last fact: ends of what is running, and validity
    ("entitlement", "ends_at"), ("subscription_period", "period_end"), ("coupon", "valid_to"),
    ("coupon", "trial_until"),
    ("subscription_period", "period_start"), ("operator_group_member", "to_at"), ("purchase", "ends_at"),
}  # fmt: skip
REFERENCES = {
    "company_id": "company", "owner_user_id": "app_user", "author_user_id": "app_user", "client_id": "client",
    "peer_client_id": "client", "service_id": "service", "package_id": "package", "subscription_id": "subscription",
    "invoice_id": "invoice", "purchase_id": "purchase", "coupon_id": "coupon", "content_id": "content",
    "notification_id": "notification", "chat_id": "chat", "bot_id": "bot", "operator_id": "operator",
    "trunk_id": "trunk", "user_id": "app_user",
}  # fmt: skip
OTHERS = {
    ("company", "parent_company_id"): "company", ("invoice", "issuer_company_id"): "company",
    ("entitlement", "source_payment_id"): "payment", ("ledger_entry", "reverses_entry_id"): "ledger_entry",
    ("operator_group_member", "group_id"): "operator_group", ("coupon", "group_id"): "coupon_group",
    ("chat_message", "session_id"): "chat_session", ("chat_assignment", "session_id"): "chat_session",
}  # fmt: skip

LISTED = {
    "kind", "status", "channel", "sender", "messenger", "method", "direction", "origin", "client_type", "result_status",
    "release_reason", "closed_by", "discount_type", "coupon_type", "period_unit", "role", "mode", "encoding",
    "registration_status", "unit",
}  # fmt: skip


@pytest.fixture(scope="module")
def made():
    return demo.tables()


def column(table: pa.Table, name: str) -> np.ndarray:
    """Whole numbers of a column: amounts in millionths, times in microseconds; gaps are 0."""
    array = table[name].combine_chunks()
    if pa.types.is_decimal(array.type):
        return np.frombuffer(array.buffers()[1], np.int64)[::2][: len(array)]
    if pa.types.is_timestamp(array.type):
        array = array.view(pa.int64())
    return pc.fill_null(array, 0).to_numpy(zero_copy_only=False)


def texts(table: pa.Table, name: str) -> np.ndarray:
    return np.array(table[name].to_pylist(), dtype=object)


@pytest.mark.parametrize("name", TABLES)
def test_rows_are_canonical_keyed_and_in_order(made, name):
    table, declared = made[name], TABLES[name]
    assert table.schema == declared.schema.to_pyarrow()
    table.validate(full=True)
    assert table.num_rows > 0
    for field in table.schema:
        assert field.nullable or table[field.name].null_count == 0, field.name
    keys = table.select(list(declared.key))
    assert keys.group_by(list(declared.key)).aggregate([]).num_rows == table.num_rows
    by_key = pc.sort_indices(keys, sort_keys=[(k, "ascending") for k in declared.key])
    is_keyed = pc.all(pc.equal(by_key, pa.array(range(table.num_rows), pa.uint64()))).as_py()
    happened = column(table, declared.happened_at) if declared.happened_at else np.array([1, 0])
    assert is_keyed or (np.diff(happened) >= 0).all()


@pytest.mark.parametrize("name", TABLES)
def test_references_lead_somewhere(made, name):
    for field in made[name].schema.names:
        target = OTHERS.get((name, field)) or REFERENCES.get(field)
        if target and (name, field) != (target, TABLES[target].key[0]):
            known = made[target][TABLES[target].key[0]]
            given = made[name][field].drop_null()
            assert pc.all(pc.is_in(given, value_set=known)).as_py() or len(given) == 0, field


@pytest.mark.parametrize("name", TABLES)
def test_texts_are_of_their_lists(made, name):
    for declared in TABLES[name].columns:
        words = declared.meaning.replace(",", " ").replace(" or ", " ").split()
        given = set(made[name][declared.name].drop_null().unique().to_pylist()) if declared.name in LISTED else set()
        assert given <= set(words), declared.name


@pytest.mark.parametrize("name", TABLES)
def test_nothing_happens_after_the_end(made, name):
    for field in made[name].schema:
        if pa.types.is_timestamp(field.type) and (name, field.name) not in LATER:
            latest = pc.max(made[name][field.name]).as_py()
            assert latest is None or latest <= END, field.name


def digests(tables: dict[str, pa.Table]) -> str:
    """The hash of each table's Arrow bytes, one a line."""
    lines = []
    for name, table in tables.items():
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, table.schema) as stream:
            stream.write_table(table)
        lines.append(f"{name} {hashlib.sha256(sink.getvalue()).hexdigest()}\n")
    return "".join(lines)


def test_the_same_seed_gives_the_same_bytes(made):
    # T-06: neither the machine's zone, its language, nor the order of hashes may matter
    code = "from tests.warehouse.test_demo import demo, digests\nprint(digests(demo.tables()), end='')"
    place = {**os.environ, "TZ": "America/Santiago", "PYTHONHASHSEED": "7", "LC_ALL": "C", "PYTHONUTF8": "0"}
    there = subprocess.run([sys.executable, "-c", code], env=place, cwd=ROOT, capture_output=True, check=True)
    assert there.stdout.decode() == digests(made)


def test_another_seed_gives_others_and_scale_more():
    here, elsewhere, larger = (clients.clients(World(*w, UNTIL.date())) for w in ((5, 1), (6, 1), (5, 2)))
    assert (here.created != elsewhere.created).any()
    assert larger.rows == 2 * here.rows
    assert len(coupons.coupons(World(5, 2, UNTIL.date())).group) > len(coupons.coupons(World(5, 1, UNTIL.date())).group)


def _flows(made, until: int) -> tuple[dict, dict]:
    """Sums per client and currency up to a moment: from the ledger by kind, and from the facts."""
    ledger, facts = defaultdict(lambda: defaultdict(int)), defaultdict(lambda: defaultdict(int))
    entry = made["ledger_entry"]
    approved = (texts(entry, "status") == "approved") & (column(entry, "posted_at") < until)
    fields = [column(entry, "client_id"), texts(entry, "currency"), texts(entry, "kind"), column(entry, "amount")]
    for client, money, kind, amount in zip(*(f[approved].tolist() for f in fields), strict=True):
        ledger[client, money][kind] += amount
    usage = made["usage_event"]
    used = (column(usage, "amount") > 0) & (column(usage, "started_at") < until)
    moneys, code = np.unique(texts(usage, "currency")[used].astype(str), return_inverse=True)
    total = np.zeros((column(made["client"], "client_id").max() + 1, len(moneys)), np.int64)
    np.add.at(total, (column(usage, "client_id")[used], code), column(usage, "amount")[used])
    for client, money in np.argwhere(total).tolist():
        facts[client, str(moneys[money])]["usage"] = int(total[client, money])
    holder = dict(zip(*(made["subscription"][c].to_pylist() for c in ("subscription_id", "client_id")), strict=True))
    period = made["subscription_period"]
    for row in period.filter(pc.equal(period["status"], "charged")).to_pylist():
        if row["charged_at"] < datetime.fromtimestamp(until // 10**6, UTC).replace(tzinfo=None):
            facts[holder[row["subscription_id"]], row["currency"]]["packages"] += int(row["amount"] * 10**6)
    return ledger, facts


@pytest.mark.parametrize(
    "until", [END, datetime(2026, 3, 1, 22), datetime(2025, 8, 31, 21)]
)  # the last two: Kyiv midnights
def test_balances_are_what_happened(made, until):
    # M-15: balance = opening + payments - usage - packages - others, per client and currency, exactly
    ledger, facts = _flows(made, int(until.replace(tzinfo=UTC).timestamp()) * 10**6)
    assert len(ledger) > 1500
    for account in {*ledger, *facts}:
        kinds, fact = ledger[account], facts[account]
        assert -kinds["usage_charge"] == fact["usage"], account
        assert -(kinds["package_activation"] + kinds["package_renewal"]) == fact["packages"], account
        balance = sum(kinds.values())
        others = kinds["opening"] + kinds["extra_charge"] + kinds["correction"] + kinds["refund"]
        assert balance == kinds["payment"] + others - fact["usage"] - fact["packages"]


def test_approved_payments_are_in_the_ledger(made):
    paid, entry = made["payment"], made["ledger_entry"]
    received = column(paid, "amount")[paid["paid_at"].is_valid().to_numpy()]
    posted = column(entry, "amount")[(texts(entry, "kind") == "payment") & (texts(entry, "status") == "approved")]
    assert received.sum() == posted[posted > 0].sum()
    assert (posted < 0).any()  # chargebacks are negative payments (M-09)
    assert {"void", "pending"} <= set(texts(entry, "status"))  # T-40


def test_snapshots_of_balances_agree_with_the_ledger(made):
    moment = datetime(2026, 2, 1)
    kept = made["balance_snapshot"].filter(
        pc.equal(made["balance_snapshot"]["as_of"], pa.scalar(moment, pa.timestamp("us")))
    )
    ledger, _ = _flows(made, int(moment.replace(tzinfo=UTC).timestamp()) * 10**6)
    for row in kept.to_pylist():
        assert sum(ledger[row["client_id"], row["currency"]].values()) == int(row["balance"] * 10**6)


def test_some_clients_owe_and_some_hold_two_currencies(made):
    ledger, _ = _flows(made, int(END.replace(tzinfo=UTC).timestamp()) * 10**6)
    balances = {account: sum(kinds.values()) for account, kinds in ledger.items()}
    assert sum(b < 0 for b in balances.values()) > 200
    assert sum(b > 0 for b in balances.values()) > 600
    clients = [client for client, _ in balances]
    assert 10 <= len(clients) - len(set(clients)) <= 150  # T-18


def test_every_kind_of_client_is_there(made):
    clients = made["client"]
    kinds = {v["values"]: v["counts"] for v in clients["client_type"].value_counts().to_pylist()}
    assert clients.num_rows == 3000
    assert set(kinds) == {"client", "reseller", "calling_card", "call_shop", "ott_user"}
    assert min(kinds.values()) > 40
    assert clients["deleted_at"].is_valid().to_numpy().sum() > 100  # T-23
    active = {c for name in ("usage_event", "ledger_entry") for c in made[name]["client_id"].unique().to_pylist()}
    assert len(set(clients["client_id"].to_pylist()) - active) > 50  # T-20
    assert len(set(clients["currency"].to_pylist())) == 5


def test_nobody_does_anything_before_or_after_his_time(made):
    clients = made["client"]
    first = column(clients, "client_id")[0]
    created = column(clients, "created_at")
    gone = clients["deleted_at"].is_valid().to_numpy()
    deleted = np.where(gone, column(clients, "deleted_at"), np.iinfo(np.int64).max)
    for name in ("usage_event", "ledger_entry", "payment", "playback", "subscription", "purchase", "client_session"):
        field = TABLES[name].happened_at
        who, at = column(made[name], "client_id") - first, column(made[name], field)
        assert (created[who] <= at).all(), name
        assert (at < deleted[who]).mean() > 0.9999, name  # a card's bank may take back later


def test_rates_are_there_both_ways_before_the_first_fact(made):
    rates, first = made["fx_rate"], min(made["ledger_entry"]["posted_at"][0].as_py(), START)
    pairs = {(r["from_currency"], r["to_currency"]) for r in rates.to_pylist() if r["effective_from"] <= first}
    others = set(made["currency"]["code"].to_pylist()) - {"EUR"}
    assert pairs == {("EUR", c) for c in others} | {(c, "EUR") for c in others}
    assert (column(rates, "rate") > 0).all()
    assert set(made["currency"]["totals_precision"].to_pylist()) == {0, 2}


def test_packages_of_every_fate(made):
    period, held = made["subscription_period"], made["subscription"]
    rows = period.to_pylist()
    by_subscription = defaultdict(list)
    for row in rows:
        by_subscription[row["subscription_id"]].append(row)
    assert {r["status"] for r in rows} == {"charged", "failed", "rolled_back"}  # T-35
    charged = {(r["subscription_id"], r["period_start"]): r for r in rows if r["status"] == "charged" and r["seq"]}
    late = [(r, charged.get((r["subscription_id"], r["period_start"]))) for r in rows if r["status"] == "failed"]
    late = [(failed, succeeded) for failed, succeeded in late if succeeded]  # the last ones are still due
    assert len(late) > 50  # T-34: failed, then charged for the same period
    assert all(a["charged_at"] < b["charged_at"] for a, b in late)
    ahead = [r for r in rows if r["seq"] > 1 and r["charged_at"] < r["period_start"]]
    assert any(r["charged_at"].month != r["period_start"].month for r in ahead)  # T-33
    assert any(r["seq"] == 0 and r["amount"] == 0 for r in rows)  # T-36
    assert {1, 2, 3} <= set(held["quantity"].to_pylist())  # T-37
    assert any(r["is_trial"] for r in rows)
    for fate in by_subscription.values():  # T-32: the activation, then at once the initial renewal
        first = fate[0]["seq"]  # above 0 if the activation was before the 24 months
        assert [r["seq"] for r in fate] == list(range(first, first + len(fate)))
        assert all((r["kind"] == "activation") == (r["seq"] == 0) for r in fate)
    begun = [fate for fate in by_subscription.values() if fate[0]["seq"] == 0 and len(fate) > 1]
    assert sum(fate[0]["charged_at"] == fate[1]["charged_at"] for fate in begun) > 800
    one_time = [p["package_id"] for p in made["package"].to_pylist() if p["kind"] == "one_time"]
    alone = held.filter(pc.is_in(held["package_id"], value_set=pa.array(one_time)))["subscription_id"].to_pylist()
    assert all(len(by_subscription[s]) <= 1 for s in alone)
    together = held.group_by("client_id").aggregate([("package_id", "count_distinct")])
    assert pc.max(together["package_id_count_distinct"]).as_py() >= 2  # T-38


def test_usage_is_charged_covered_or_free(made):
    usage = made["usage_event"]
    amount, volume = column(usage, "amount"), column(usage, "billed_volume")
    covered, packaged = column(usage, "package_volume"), usage["package_id"].is_valid().to_numpy()
    paid = usage["is_paid"].to_numpy(zero_copy_only=False)
    assert 1_300_000 < len(amount) < 1_700_000
    assert (covered[packaged] > 0).all()
    assert (covered <= volume).all()
    assert (amount[packaged & (covered == volume)] == 0).all()  # M-11
    assert (packaged & (covered < volume) & (amount > 0)).sum() > 100
    assert paid[amount > 0].all()
    assert (paid & (amount == 0)).sum() > 1000  # T-25
    assert (~paid & (amount == 0) & (volume > 0)).sum() > 1000  # T-24
    assert (~paid & packaged).any()  # covered by a package without a fee


def test_business_grows_and_rests_at_weekends(made):
    usage = made["usage_event"]
    euros = texts(usage, "currency") == "EUR"
    day = column(usage, "started_at")[euros] // (86_400 * 10**6)
    month = day.astype("datetime64[D]").astype("datetime64[M]").astype(int)
    revenue = np.bincount(month - month.min(), column(usage, "amount")[euros])[:24]
    assert revenue[12:].sum() > 1.3 * revenue[:12].sum()
    assert revenue[-6:].mean() > 1.5 * revenue[:6].mean()
    weekend = (day + 3) % 7 >= 5
    assert weekend.mean() < 0.2  # of 7 days, 2


def test_invoices_add_up(made):
    invoice, line = made["invoice"], made["invoice_line"]
    last = {r["invoice_id"]: r["revision_no"] for r in made["invoice_revision"].to_pylist()}
    gross, tax = defaultdict(int), defaultdict(int)
    for row in line.to_pylist():
        gross[row["invoice_id"], row["revision_no"]] += row["amount"] + row["tax"]
        tax[row["invoice_id"], row["revision_no"]] += row["tax"]
    rows = invoice.to_pylist()
    for row in rows:
        key = row["invoice_id"], last.get(row["invoice_id"], 0)
        assert row["net_total"] + row["tax_total"] == row["total"] == gross[key]
        assert row["tax_total"] == tax[key]
        assert row["total"] % (1 if row["currency"] == "JPY" else Decimal("0.01")) == 0
    monthly = [(r["client_id"], r["period_start"]) for r in rows if r["kind"] == "monthly"]
    assert len(monthly) == len(set(monthly)) > 4000  # T-60
    assert {r["status"] for r in rows} == {"DRAFT", "RECORDED", "VOID"}
    assert any(0 < r["paid_to_date"] < r["total"] for r in rows)  # T-53
    assert any(r["paid_to_date"] > r["total"] for r in rows)
    assert len({r["account_number"] for r in rows}) == len(rows)
    assert {r["kind"] for r in rows} == {"monthly", "top_up", "cdr", "other"}
    assert any(r["status"] == "RECORDED" and r["invoice_date"] == date(2026, 10, 1) for r in rows)


def test_messages_fall_back_and_arrive_late(made):
    message = made["message"].to_pylist()
    assert len({m["status"] for m in message}) == 9  # TW-112 to TW-120
    assert {m["channel"] for m in message} == {
        "sms",
        "viber",
        "email",
        "whatsapp",
        "push",
        "vkontakte",
        "odnoklassniki",
    }
    sms = {m["notification_id"] for m in message if m["channel"] == "sms"}
    assert all(m["notification_id"] in sms for m in message if m["status"] == "omitted_optional")  # T-41
    assert any(m["delivered_at"] and m["delivered_at"].date() > m["sent_at"].date() for m in message)  # T-42
    assert {(160, 1), (161, 2)} <= {(m["text_length"], m["parts"]) for m in message if m["encoding"] == "gsm7"}  # T-44
    assert {(70, 1), (71, 2)} <= {(m["text_length"], m["parts"]) for m in message if m["encoding"] == "ucs2"}
    assert all((m["sent_at"] is not None) == (m["status"] in {"pending", "delivered", "undelivered"}) for m in message)


def test_chats_have_their_cases(made):
    senders = defaultdict(set)
    for row in made["chat_message"].select(["session_id", "sender"]).to_pylist():
        senders[row["session_id"]].add(row["sender"])
    assert sum({"bot", "operator"} <= s for s in senders.values()) > 1000  # T-45
    assert sum(not ({"bot", "operator"} & s) for s in senders.values()) > 300
    assert set().union(*senders.values()) == {"user", "bot", "operator", "system"}
    sessions = made["chat_session"].to_pylist()
    assert all(s["session_id"] in senders for s in sessions)
    assert any(s["closed_at"] and s["closed_at"].date() > s["started_at"].date() for s in sessions)  # T-46
    assert any(s["closed_at"] is None for s in sessions)
    given = made["chat_assignment"]
    assert 0 < given["released_at"].null_count < given.num_rows / 10  # T-48
    status = made["operator_status"]
    assert status["to_at"].null_count > 0  # T-47
    assert any(r["to_at"] and r["to_at"].date() > r["from_at"].date() for r in status.to_pylist())


def test_calls_come_several_a_second_and_until_the_end(made):
    call = made["call"]
    seconds = column(call, "started_at") // 10**6
    _, each = np.unique(seconds, return_counts=True)
    assert each.max() >= 5  # M-55
    trunk = column(call, "trunk_id")
    assert max(np.unique(seconds[trunk == t], return_counts=True)[1].max() for t in range(1, 7)) >= 4
    last = datetime(2026, 11, 3, 11, 45)
    recent = call.filter(pc.greater_equal(call["started_at"], pa.scalar(last, pa.timestamp("us"))))
    assert recent.num_rows > 100  # T-52
    assert "in_progress" in recent["status"].to_pylist()
    assert len(set(call["status"].to_pylist())) == 10
    assert call["bot_evaluation"].null_count > 0


def test_subscribers_lapse_return_and_use_coupons(made):
    access = defaultdict(list)
    for row in made["entitlement"].to_pylist():
        access[row["client_id"]].append(row)
    gaps = [b["starts_at"] - a["ends_at"] for rows in access.values() for a, b in pairwise(rows)]
    assert sum(g > timedelta(days=2) for g in gaps) > 20  # T-61
    assert any(r["is_trial"] and r["paid_amount"] == 0 for rows in access.values() for r in rows)
    assert any(len({r["package_id"] for r in rows}) > 1 for rows in access.values())
    coupons = {c["coupon_id"]: c for c in made["coupon"].to_pylist()}
    used = defaultdict(int)
    for row in made["coupon_redemption"].to_pylist():
        coupon = coupons[row["coupon_id"]]
        used[row["coupon_id"]] += 1
        assert coupon["valid_from"] <= row["redeemed_at"] <= (coupon["valid_to"] or row["redeemed_at"])  # M-78
    assert all(coupons[c]["max_redemptions"] is None or n <= coupons[c]["max_redemptions"] for c, n in used.items())
    assert any(coupons[c]["reusable"] and n > 1 for c, n in used.items())  # T-62
    assert len({c["code"] for c in coupons.values()}) == len(coupons)  # T-64
    assert made["client_profile"]["country"].null_count > 0  # T-65
    fates = set(made["payment"]["status"].to_pylist())
    assert fates == {"created", "pending", "approved", "rejected", "cancelled", "refunded", "chargeback"}


def test_hostile_names_are_among_the_clients(made):
    names = made["client"]["name"].to_pylist()
    assert {"=1+1", "<img src=x onerror=alert(1)> Media GmbH"} <= set(names)
    assert any(len(n) > 150 for n in names)
    assert any("\u0600" <= ch <= "\u06ff" for n in names for ch in n)
