"""Who is counted as a client, as active, and under which filter."""

from decimal import Decimal

import pytest
from books import at, client, posted, used

JANUARY = "2024-01-01/2024-01-31"
COMPANIES = [
    {"company_id": 1, "parent_company_id": None},
    {"company_id": 2, "parent_company_id": 1},
    {"company_id": 3, "parent_company_id": 2},
]


def test_idle_former_and_active_clients(found, ask):  # T-20, T-21, T-24, T-25, T-29, JD-33, JD-37, JD-41
    usage = [
        used(2, "2022-05-01"),  # long ago
        used(3, "2024-01-10", "0"),  # a free call
        used(4, "2024-01-10", "0", is_paid=True, package_id=7),  # covered by a paid package
        used(5, "2024-01-10", "3"),
    ]
    total = found({"client": [client(n) for n in range(1, 6)], "usage_event": usage}, ask(JANUARY)).total
    assert (total["active_qty"], total["overall_qty"], total["all_qty"]) == (2, 3, 5)


@pytest.mark.parametrize(("made", "qty"), [("2024-01-31 23:59:59.999999", 1), ("2024-02-01 00:00", 0)])
def test_client_made_before_the_end_counts(found, ask, made, qty):  # T-22
    assert found({"client": [client(1, made)]}, ask(JANUARY)).total["all_qty"] == qty


def test_deleted_client_leaves_the_stocks_but_not_the_flows(found, ask):  # T-23
    tables = {
        "client": [client(1, gone="2024-01-20"), client(2, gone="2024-02-01 00:00")],  # the second at the very end
        "usage_event": [used(1, "2024-01-10", "5")],
        "ledger_entry": [posted(1, "2024-01-09", "8")],
    }
    total = found(tables, ask(JANUARY)).total
    assert (total["all_qty"], total["active_qty"], total["all_balance"]) == (1, 0, 0)
    assert (total["payg_total"], total["refill_total"]) == (5, 8)


def test_closed_clients_stay_in_all(found, ask):  # G-12
    assert (
        found({"client": [client(1, status="closed"), client(2, status="archived")]}, ask(JANUARY)).total["all_qty"]
        == 2
    )


def test_client_with_two_chosen_tags_counts_once(found, ask):  # T-26, JD-15
    tags = [{"client_id": 1, "tag": "vip"}, {"client_id": 1, "tag": "old"}, {"client_id": 2, "tag": "other"}]
    tables = {"client": [client(1), client(2)], "client_tag": tags, "ledger_entry": [posted(1, "2024-01-05", "4")]}
    total = found(tables, ask(JANUARY, client_tags=["vip", "old"])).total
    assert (total["all_qty"], total["refill_total"]) == (1, 4)


@pytest.mark.parametrize(("with_sub", "qty"), [(False, 1), (True, 2)])
def test_company_exactly_or_with_those_below(found, ask, with_sub, qty):  # T-27, JD-16
    tables = {"client": [client(n, company_id=n) for n in (1, 2, 3)], "company": COMPANIES}
    question = ask(JANUARY, company=["2"], include_sub_companies=with_sub)
    assert found(tables, question).total["all_qty"] == qty


@pytest.mark.parametrize("kind", ["client", "reseller", "calling_card", "call_shop"])
def test_client_type(found, ask, kind):  # JD-10 … JD-13
    kinds = ("client", "reseller", "calling_card", "call_shop")
    tables = {"client": [client(n, client_type=each) for n, each in enumerate(kinds, 1)]}
    tables["ledger_entry"] = [posted(n, "2024-01-05", str(n)) for n in (1, 2, 3, 4)]
    total = found(tables, ask(JANUARY, client_type=[kind])).total
    assert (total["all_qty"], total["refill_total"]) == (1, kinds.index(kind) + 1)


def test_owner_user_and_company_must_both_hold(found, ask):  # JD-17, G-12
    tables = {"client": [client(1, owner_user_id=5), client(2, owner_user_id=5, company_id=2), client(3)]}
    assert found(tables, ask(JANUARY, owner_user=["5"])).total["all_qty"] == 2
    assert found(tables, ask(JANUARY, owner_user=["5"], company=["2"])).total["all_qty"] == 1


def test_average_without_active_clients_is_undefined(found, ask):  # T-30, JD-49
    tables = {"client": [client(1)], "usage_event": [used(1, "2024-01-10", "5")]}
    row = found(tables, ask("2024-01-01/2024-12-31", group_by=["year"])).rows[0]
    assert (row["payg_total"], row["active_qty"], row["payg_active_avg"]) == (5, 0, None)


def test_pay_as_you_go_counts_what_packages_do_not_cover(found, ask):  # JD-48, M-11
    usage = [used(1, "2024-01-10", "0", is_paid=True, package_id=7), used(1, "2024-01-11", "1.5", package_id=7)]
    total = found({"client": [client(1)], "usage_event": usage}, ask(JANUARY)).total
    assert (total["payg_total"], total["payg_active_avg"]) == (Decimal("1.5"), Decimal("1.5"))


def test_archived_usage_is_remembered(found, ask):  # M-05
    activity = [{"client_id": 1, "first_paid_at": at("2020-05-01"), "last_paid_at": at("2024-01-05")}]
    figures = found({"client": [client(1)], "client_activity": activity}, ask("2023-12-01/2024-02-29"))
    assert [(row["active_qty"], row["overall_qty"]) for row in figures.rows] == [(0, 1), (1, 1), (0, 1)]
