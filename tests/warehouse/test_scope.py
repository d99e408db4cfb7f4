"""Whose rows a run reads: those of one company and of all below it, on both engines and by both ways of asking."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports_lib.errors import WarehouseError
from reports_lib.metrics.customer_dynamics import customer_dynamics
from reports_lib.notebook import Asked as Resolved
from reports_lib.notebook import begin, facts
from reports_lib.parameters import kinds
from reports_lib.values.interval import Interval
from reports_lib.warehouse import writer
from reports_lib.warehouse.companies import below, named, subtree
from reports_lib.warehouse.connection import LOOKUPS, connect
from reports_lib.warehouse.scope import ROOT, Scope, with_owners
from reports_lib.warehouse.statement import Dialect, statement
from reports_lib.warehouse.tables import TABLES
from reports_lib.warehouse.tables.table import declare
from tests.conftest import AS_OF, to_arrow
from tests.metrics import golden
from tests.metrics.conftest import Asked

SHARED = {"content", "currency", "fx_rate", "package", "service", "trunk"}
OF_NOBODY = {"cdr_file", "help_ticket"}  # nothing says whose they are
EVERYBODY = PARENT, OWN, SIBLING, CHILD, STRANGER = [1, 2, 3, 4, 9]  # of the last there is no company
NOBODY = 7
TREE = [{"company_id": c, "parent_company_id": p} for c, p in ((PARENT, None), (OWN, PARENT), (SIBLING, PARENT))]
TREE.append({"company_id": CHILD, "parent_company_id": OWN})
TEXTS = ["2 ", "02", "+2", "2.0", "٢", "9", "None", "null", "-1", "2,3", "2) or (1=1", "2'; drop table client; --"]
TEXTS += ["' or ''='", "[[as_of]]", "%s", "\x00", "\n", " "]


def every_row(company):
    """A row of each table whose every number leads to `company`, be there such a company or not."""
    own = {"company_id": company, "issuer_company_id": company}
    texts = dict.fromkeys(("code", "from_currency"), f"C{company}")  # keys of the tables that have no number
    for name in TABLES.keys() - {ROOT}:
        columns = TABLES[name].columns
        numbers = {c.name: company * 100 for c in columns if c.type.is_integer()}
        yield name, numbers | {c.name: (own | texts)[c.name] for c in columns if c.name in own | texts}


def every_table():
    """Rows of each company, of one that there is not, and, where that may be, of nobody."""
    rows = {name: [] for name in TABLES} | {ROOT: TREE}
    for company in EVERYBODY:
        for name, row in every_row(company):
            rows[name].append(row)
    for name, row in every_row(NOBODY):
        columns = {owner.column for owner in TABLES[name].owners if TABLES[name].schema[owner.column].nullable}
        if columns:
            rows[name].append(row | dict.fromkeys(columns))
    return rows


def whose(row):
    """The company of a row that `every_table` made."""
    text = row.get("code") or row.get("from_currency")
    return int(text[1:]) if text else next(v for v in row.values() if isinstance(v, int) and v >= 100) // 100


def everything(tables, name):
    return tables(name)


@pytest.fixture
def scoped(address, as_reader):
    """`scoped(tables, "2")`: a warehouse that holds these, as users of one company read it."""
    opened = []

    def make(tables, company, as_of=AS_OF):
        if tables is not None:
            filled = {name: to_arrow(name, rows) for name, rows in tables.items()}
            writer.write(address, filled, author="tests", message="given rows", replace=True)
        opened.append(connect(as_reader(address), as_of=as_of, company=company))
        return opened[-1]

    yield make
    for warehouse in opened:
        warehouse.close()


# What tables say of whose they are


def test_a_table_that_says_nothing_of_whose_its_rows_are_is_refused():
    with pytest.raises(TypeError, match="owned_by"):
        declare("new", "something", "new_id  int64  key")


def test_tables_that_nobody_owns_are_so_on_purpose():
    assert {name for name, table in TABLES.items() if table.is_shared} == SHARED
    assert {name for name, table in TABLES.items() if not table.owners and not table.is_shared} == OF_NOBODY


@pytest.mark.parametrize("name", sorted(TABLES.keys() - SHARED - OF_NOBODY))
def test_every_way_of_owning_leads_to_a_company_in_columns_that_there_are(name):
    assert ROOT in with_owners([name])
    table = TABLES[name]
    for owner in (*table.owners, *([table.veil.owner] if table.veil else [])):
        assert table.schema[owner.column].is_integer()
        assert TABLES[owner.table].schema[owner.key].is_integer()
        assert not TABLES[owner.table].is_shared, "what everybody sees says of nobody whose it is"
        assert owner.table not in OF_NOBODY
    assert table.veil is None or {*table.veil.columns} <= {c.name for c in table.columns if c.type.nullable}


# Rows


def test_a_company_sees_its_own_rows_and_those_below_it_and_no_others(scoped, rows):
    given = every_table()
    own, whole = scoped(given, str(OWN)), scoped(None, "")
    for name in TABLES.keys() - {ROOT}:
        asked, taken = own.ask(everything, name), rows(own.table(name))
        expected = [] if name in OF_NOBODY else EVERYBODY if name in SHARED else [OWN, CHILD]
        assert sorted(map(whose, asked)) == sorted(map(whose, taken)) == expected, name
        assert {tuple(row) for row in asked} <= {TABLES[name].schema.names}, name
        assert len(rows(whole.table(name))) == len(given[name]), name


def test_the_companies_themselves_are_those_of_the_subtree(scoped, rows):
    scoped({ROOT: TREE}, "")
    for company, seen in {PARENT: [1, 2, 3, 4], OWN: [2, 4], SIBLING: [3], CHILD: [4]}.items():
        warehouse = scoped(None, str(company))
        assert sorted(row["company_id"] for row in rows(warehouse.table(ROOT))) == seen
        # nor does a value of somebody else's take the place of the scope
        assert sorted(row["company_id"] for row in warehouse.ask(everything, ROOT, {"scope": "1,2,3,4"})) == seen


def test_companies_in_a_circle_end():
    circle = [(2, 4), (4, 2), (6, 6), (8, 2)]
    assert subtree(circle, "2") == subtree(circle, "4") == {"2", "4", "8"}
    assert subtree(circle, "6") == {"6"}


def test_what_the_other_leg_cost_is_shown_to_whom_it_belongs(scoped, rows):
    usage = [
        {"usage_id": n, "client_id": 200, "peer_client_id": peer, "peer_amount": Decimal(5)}
        for n, peer in ((1, 400), (2, 300), (3, None))
    ]
    clients = [{"client_id": c * 100, "company_id": c} for c in (2, 3, 4)]
    tables = {ROOT: TREE, "client": clients, "usage_event": usage}
    own = scoped(tables, "2")
    for found in (own.ask(everything, "usage_event"), rows(own.table("usage_event"))):
        legs = {row["usage_id"]: (row["peer_client_id"], row["peer_amount"]) for row in found}
        assert legs == {1: (400, 5), 2: (None, None), 3: (None, None)}
    assert {row["peer_amount"] for row in rows(scoped(None, "").table("usage_event"))} == {5}


def test_a_company_s_rows_are_those_of_the_as_of_moment(scoped, rows):  # G-1: nobody's before its client is there
    clients = [{"client_id": 200, "company_id": 2, "created_at": datetime(2024, 5, 1)}]
    tables = {ROOT: TREE, "client": clients, "client_tag": [{"client_id": 200, "tag": "gold"}]}
    later, earlier = scoped(tables, "2"), scoped(None, "2", datetime(2024, 4, 1, tzinfo=UTC))
    assert [option.value for option in later.options("client_tag")] == ["gold"]
    assert earlier.options("client_tag") == rows(earlier.table("client_tag")) == []


# Who asks


@pytest.mark.parametrize("text", TEXTS)
def test_a_text_that_is_no_company_s_finds_none(text):  # T12
    with pytest.raises(WarehouseError, match=r"^the warehouse has no company .*$"):
        Scope.of(text, [(row["company_id"], row["parent_company_id"]) for row in TREE])


def test_a_company_that_there_is_not_reads_nothing(scoped, address, as_reader):
    scoped({ROOT: TREE}, "")
    for text in ("9", "2) or (1=1", "2'; drop table company; --", " "):
        with pytest.raises(WarehouseError, match=r"^the warehouse has no company "):
            scoped(None, text)
        with pytest.raises(WarehouseError, match=r"^the warehouse has no company "):
            below(as_reader(address), text)
    with pytest.raises(WarehouseError, match=r"^the warehouse has no company "):
        below(as_reader(address), "")  # nobody's; of the whole group nobody asks it


@pytest.mark.parametrize(("company", "companies"), [("", {"1"}), ("2", set()), ("2", {"3"})])
def test_no_scope_is_of_half_a_company(company, companies):
    with pytest.raises(WarehouseError):
        Scope(company, frozenset(companies))


def test_a_run_that_is_not_told_whose_data_it_may_read_reads_none(lake_address, as_reader, monkeypatch):
    monkeypatch.setenv("DAYBOOK_WAREHOUSE", str(as_reader(lake_address)))
    monkeypatch.delenv("DAYBOOK_COMPANY", raising=False)
    with pytest.raises(WarehouseError, match="DAYBOOK_COMPANY is not set"):
        begin({"__annotations__": {"interval": kinds.Interval}, "interval": "last month"})


def test_the_whole_group_is_asked_as_ever():
    plain = statement(Dialect(), everything, "ledger_entry").sql
    assert "scope" not in plain
    assert "JOIN" not in plain
    narrowed = statement(Dialect(is_scoped=True), everything, "ledger_entry").sql
    assert narrowed.count("'[[scope]]'") == 1
    assert statement(Dialect(is_scoped=True), everything, "fx_rate") == statement(Dialect(), everything, "fx_rate")


def test_whatever_says_whose_a_row_is_must_be_there(postgres_address, as_reader):
    writer.write(postgres_address, {ROOT: to_arrow(ROOT, TREE)}, author="tests", message="companies")
    writer.execute(postgres_address, f"drop table {postgres_address.schema}.chat_session", author="tests", message="")
    with (
        connect(as_reader(postgres_address), as_of=AS_OF, company="2") as warehouse,
        pytest.raises(WarehouseError, match="no table chat_session"),
    ):
        warehouse.table("chat_message")


# The tree

NUMBERS = st.integers(-3, 12)
TREES = st.dictionaries(NUMBERS, st.none() | NUMBERS, min_size=1, max_size=12)


def stands_below(tree, company, top):
    """By going up from `company`, step by step."""
    passed = set()
    while company is not None and company not in passed:
        if company == top:
            return True
        passed.add(company)
        company = tree.get(company)
    return False


@given(TREES, NUMBERS)
def test_a_subtree_is_what_goes_up_to_its_top(tree, top):
    if top not in tree:
        with pytest.raises(WarehouseError):
            subtree(tree.items(), str(top))
    else:
        found = {str(company) for company in tree if stands_below(tree, company, top)}
        assert subtree(tree.items(), str(top)) == found
        assert Scope.of(str(top), tree.items()).text == ",".join(sorted(found, key=int))


def test_a_row_without_a_number_is_no_company():
    rows = [(None, None), (1, None), (2, 1), (3, None)]
    assert subtree(rows, "1") == {"1", "2"}
    with pytest.raises(WarehouseError):
        subtree(rows, "None")


def test_companies_are_known_by_the_newest_data(address, as_reader):
    def write(rows):
        writer.write(address, {ROOT: to_arrow(ROOT, rows)}, author="tests", message="companies", replace=True)

    write([row | {"name": f"Company {row['company_id']}"} for row in TREE])
    reader = as_reader(address)
    assert (below(reader, "2"), below(reader, "1")) == ({"2", "4"}, {"1", "2", "3", "4"})
    assert named(reader)["4"] == "Company 4"
    write([row for row in TREE if row["company_id"] != CHILD])
    assert below(reader, "2") == {"2"}
    assert sorted(named(reader)) == ["1", "2", "3"]


# Reports and choices


def group():
    """The golden clients in four companies, in two currencies and one that needs the way over the head's (G-8)."""
    tables = golden.tables()
    owner = {1: 2, 2: 4, 3: 3, 4: 2, 5: 3, 6: 1, 7: 4}
    for row in tables["client"]:
        row["company_id"] = owner[row["client_id"]]
    rates = [("UAH", "USD", "0.025"), ("USD", "EUR", "0.9")]
    tables["fx_rate"] += [
        {"from_currency": a, "to_currency": b, "effective_from": golden.at("2023-01-01"), "rate": Decimal(rate)}
        for a, b, rate in rates
    ]
    tables["ledger_entry"] += [
        {"client_id": c, "posted_at": golden.at("2024-02-02 10:00"), "kind": "payment", "amount": Decimal(400)}
        | {"currency": "UAH", "status": "approved"}
        for c in (1, 2, 3)
    ]
    tables["client_tag"] = [{"client_id": c, "tag": f"of {owner[c]}"} for c in owner]
    tables["app_user"] = [{"user_id": c * 10, "company_id": c, "full_name": f"User {c}"} for c in (1, 2, 3, 4)]
    currency = {1: "USD", 2: "EUR", 3: "UAH", 4: "EUR"}
    tables[ROOT] = [row | {"currency": currency[row["company_id"]]} for row in TREE]
    return tables


QUARTER = Asked(Interval.parse("2024-01-01/2024-03-31", ZoneInfo("Europe/Kyiv"), AS_OF), currency="EUR")
PACKAGES = replace(QUARTER, group_by=("month", "package"), tax_mode="net")
FIXED = replace(QUARTER, balance_mode="fixed", group_by=(), chargebacks=True)


def test_a_company_s_report_is_the_group_s_with_that_company_chosen(scoped):
    whole = scoped(group(), "")
    for company, asked, clients in (("2", PACKAGES, 4), ("3", FIXED, 2)):
        own = scoped(None, company)
        expected = customer_dynamics(whole, replace(asked, company=[company], include_sub_companies=True))
        assert customer_dynamics(own, asked) == expected
        assert expected.total["all_qty"] == clients
    # and another's is not reached by choosing it
    for other in ({"company": ["2"]}, {"client_tags": ["of 2"]}):
        nothing = customer_dynamics(own, replace(FIXED, **other)).total
        assert not any(value for value in nothing.values() if isinstance(value, int | Decimal))


def test_a_report_says_whose_data_it_shows(scoped):
    scoped({ROOT: [row | {"name": f"Firm {row['company_id']}"} for row in TREE]}, "")
    asked = Resolved({"interval": QUARTER.interval}, {}, AS_OF)
    said = {company: facts(asked, scoped(None, company), None).lines.get("Data of") for company in ("", "2", "3")}
    assert said == {"": None, "2": "Firm 2 and the companies below it", "3": "Firm 3"}


STAFF = {"bot": "bot_id", "chat": "chat_id", "operator": "operator_id", "operator_group": "group_id"}


def test_choices_are_those_of_the_company(scoped):
    given = group()
    numbers = [(c * 10, client) for client, c in {6: 1, 1: 2, 3: 3, 2: 4}.items()]  # a client of each company
    for table, key in STAFF.items():
        given[table] = [{key: n} | ({"user_id": n} if table == "operator" else {}) for n, _ in numbers]
    given["operator_group_member"] = [{"group_id": n, "operator_id": n} for n, _ in numbers]
    given["chat_session"] = [{"chat_id": n, "bot_id": n, "client_id": client} for n, client in numbers]
    given["client_profile"] = [{"client_id": client, "country": f"C{n}"} for n, client in numbers]
    given["client_social"] = [{"client_id": client, "network": f"net {n}"} for n, client in numbers]
    given["payment"] = [{"payment_id": n, "client_id": client, "gateway": f"gate {n}"} for n, client in numbers]
    given["coupon_group"] = [{"group_id": n} for n, _ in numbers]
    given["coupon"] = [{"coupon_id": n, "group_id": n} for n, _ in numbers]
    given["coupon_redemption"] = [{"coupon_id": n, "client_id": client} for n, client in numbers]
    own = scoped(given, "2")
    assert {lookup: {option.value for option in own.options(lookup)} for lookup in LOOKUPS} == {
        "client_tag": {"of 2", "of 4"},
        "company": {"2", "4"},
        "country": {"C20", "C40"},
        "coupon_group": {"20", "40"},
        "gateway": {"gate 20", "gate 40"},
        "network": {"net 20", "net 40"},
        "currency": {"EUR", "USD"},
        "owner_user": {"20", "40"},
        "package": {"101", "102"},
        **{table: {"20", "40"} for table in STAFF},
    }
