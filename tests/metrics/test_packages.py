"""Activations, renewals, and the grouping by package."""

from books import charged, client, held, posted, used

JANUARY = "2024-01-01/2024-01-31"
NAMES = [{"package_id": 7, "name": "Basic"}, {"package_id": 8, "name": "Extra"}]


def packages(figures):
    names = ("activation_qty", "activation_total", "renew_qty", "renew_total")
    return [tuple(row[name] for name in names) for row in figures.rows]


def test_activation_brings_its_first_renewal(found, ask):  # T-32, JD-50 … JD-53
    periods = [charged(1, 0, "2024-01-05", "10"), charged(1, 1, "2024-01-05", "20")]
    tables = {"client": [client(1)], "subscription": [held(1, 1, 7, "2024-01-05")], "subscription_period": periods}
    figures = found(tables, ask(JANUARY))
    assert packages(figures) == [(1, 10, 1, 20)]
    assert figures.total["active_qty"] == 1  # a charge makes active (M-01)


def test_renewal_in_advance_counts_when_charged(found, ask):  # T-33
    period = charged(1, 2, "2024-01-31", "20", period_start=None)
    tables = {"client": [client(1)], "subscription": [held(1, 1, 7, "2023-12-01")]}
    tables["subscription_period"] = [period, charged(1, 0, "2023-12-01", "0")]
    assert packages(found(tables, ask("2024-01-01/2024-02-29"))) == [(0, 0, 1, 20), (0, 0, 0, 0)]


def test_failed_and_rolled_back_charges_do_not_count(found, ask):  # T-34, T-35
    periods = [
        charged(1, 2, "2024-01-10", "20", "failed"),
        charged(1, 3, "2024-01-12", "20"),  # the same period, at last
        charged(1, 4, "2024-01-20", "20", "rolled_back"),
    ]
    tables = {"client": [client(1)], "subscription": [held(1, 1, 7, "2023-12-01")], "subscription_period": periods}
    assert packages(found(tables, ask(JANUARY))) == [(0, 0, 1, 20)]


def test_free_activation_counts_with_or_without_a_charge_of_zero(found, ask):  # T-36
    subscriptions = [held(1, 1, 7, "2024-01-05"), held(2, 2, 7, "2024-01-05")]
    subscriptions.append(held(3, 3, 7, "2024-01-05", status="pending", activated_at=None))  # does not count
    subscriptions.append(held(4, 3, 7, "2024-01-05", status="pending"))  # nor does this, whatever its times say
    tables = {"client": [client(n) for n in (1, 2, 3)], "subscription": subscriptions}
    tables["subscription_period"] = [charged(1, 0, "2024-01-05", "0")]
    figures = found(tables, ask(JANUARY))
    assert packages(figures) == [(2, 0, 0, 0)]
    assert figures.total["overall_qty"] == 0  # nothing was paid


def test_quantities_count_units(found, ask):  # T-37
    periods = [charged(1, 0, "2024-01-05", "30"), charged(1, 1, "2024-01-05", "60")]
    tables = {"client": [client(1)], "subscription": [held(1, 1, 7, "2024-01-05", quantity=3)]}
    assert packages(found(tables | {"subscription_period": periods}, ask(JANUARY))) == [(3, 30, 3, 60)]


def two_packages():
    """Client 1 holds both packages, client 2 holds one until it ends in January, client 3 none."""
    return {
        "client": [client(n) for n in (1, 2, 3)],
        "package": NAMES,
        "subscription": [
            held(1, 1, 7, "2023-01-01"),
            held(2, 1, 8, "2023-01-01"),
            held(3, 2, 8, "2023-01-01", "2024-01-20"),
        ],
        "subscription_period": [charged(1, 2, "2024-01-05", "5"), charged(2, 2, "2024-02-05", "8")],
        "ledger_entry": [posted(n, "2024-01-06", str(10**n)) for n in (1, 2, 3)],
        "usage_event": [used(n, "2024-02-06") for n in (1, 2, 3)],
    }


def test_client_with_two_packages_stands_in_both_rows(found, ask):  # T-38, T-39, JD-22, JD-23
    figures = found(two_packages(), ask("2024-01-01/2024-02-29", group_by=["month", "package"]))
    shown = [
        tuple(row[n] for n in ("month", "package", "all_qty", "refill_total", "renew_total")) for row in figures.rows
    ]
    assert shown == [
        ("2024-01", "Basic", 1, 10, 5),
        ("2024-01", "Extra", 2, 110, 0),
        ("2024-01", "(no package)", 1, 1000, 0),
        ("2024-02", "Basic", 1, 0, 0),
        ("2024-02", "Extra", 1, 0, 8),
        ("2024-02", "(no package)", 2, 0, 0),
    ]
    assert (figures.total["all_qty"], figures.total["refill_total"], figures.total["renew_total"]) == (3, 1110, 13)


def test_package_filter_keeps_holders_and_its_own_charges(found, ask):  # JD-18, JD-77
    tables = two_packages()
    total = found(tables, ask("2024-01-01/2024-02-29", package=["8"])).total
    assert (total["all_qty"], total["refill_total"], total["renew_total"]) == (2, 110, 8)
    assert total == found(tables, ask("2024-01-01/2024-02-29", package=["8"], group_by=[])).total
    grouped = found(tables, ask("2024-01-01/2024-02-29", package=["8"], group_by=["package"]))
    assert [row["package"] for row in grouped.rows] == ["Extra"]


def test_empty_rows_may_be_hidden(found, ask):  # G-5
    question = ask("2024-01-01/2024-02-29", group_by=["month", "package"], empty_buckets="hide")
    shown = [(row["month"], row["package"]) for row in found(two_packages(), question).rows]
    assert ("2024-02", "Basic") in shown  # client 1 used something in February
    question = ask("2023-12-01/2024-01-31", empty_buckets="hide")
    assert [row["month"] for row in found(two_packages(), question).rows] == ["2024-01"]


def test_packages_of_one_name_are_told_apart_by_id(found, ask):  # G-11
    tables = two_packages() | {"package": [{"package_id": n, "name": "Basic"} for n in (7, 8)]}
    figures = found(tables, ask(JANUARY, group_by=["package"]))
    assert [(row["package"], row["all_qty"]) for row in figures.rows] == [
        ("Basic", 1),
        ("Basic", 2),
        ("(no package)", 1),
    ]
