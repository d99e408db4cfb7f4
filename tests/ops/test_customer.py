"""Editing a customer (MS-17): compared with what was seen, all tables or none, on both engines."""

import threading
from contextlib import contextmanager
from dataclasses import replace
from datetime import date

import psycopg
import pytest
from sqlalchemy import func, select

from reports_lib.database.roles import as_reader
from reports_lib.database.url import connect
from reports_lib.errors import DatabaseError, ParameterError, StateError, UnknownNameError, WarehouseError
from reports_lib.kernels.surroundings import kernel_environment
from reports_lib.ops import customer, settle, swap
from reports_lib.ops.fields import FIELDS
from reports_lib.ops.state import of_rows
from reports_lib.runs.installation import Installation
from reports_lib.warehouse.address import Address
from reports_lib.warehouse.versions import versions
from tests.conftest import READER
from tests.ops.conftest import METADATA, NORTH, NOW, SOUTH, people


class Killed(BaseException):
    """The process ends here."""


@contextmanager
def killed(monkeypatch, place, name):
    """Whoever comes to that function in the block ends there."""

    def end(*_args, **_more):
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(place, name, end)
        with pytest.raises(Killed):
            yield


@pytest.fixture
def ann():
    """Her card, without any warehouse."""
    (profile, _), social = people(1)["client_profile"], {"google": None, "facebook": "ann.lee"}
    told = {name: str(profile[name]) if name in profile else None for name in (*FIELDS, "metadata")}
    return customer.Card(17, "2", NOW, NOW, {"name": "Ann Lee", "deleted_at": None, "networks": social} | told)


def test_every_block_of_the_card_is_changed_at_once(either):  # MS-13 … MS-17
    before, others = either.rows(), either.rows(client_id=either.bob)
    given = {
        "first_name": "Anna", "last_name": "O'Neill", "birth_date": "1991-06-01", "phone": "", "country": "ie",
        "email": "anna@mail.example", "network:x": "anna", "network:google": "", "network:facebook": "anna.o",
        "metadata:team": "=PSV", "metadata:profiles": "4", "metadata:seat": "12%s ? B",
    }  # fmt: skip
    done = either.edit(given)
    client, profile, facebook, google, *rest = before
    assert google["network"] == "google"
    assert either.rows() == [
        client | {"name": "Anna O'Neill"},
        profile | {
            "first_name": "Anna", "last_name": "O'Neill", "birth_date": date(1991, 6, 1), "phone": None,
            "country": "IE", "email": "anna@mail.example",
            "metadata": '{"team": "=PSV", "newsletter": true, "profiles": 4, "seat": "12%s ? B"}',
        },
        facebook | {"handle": "anna.o"},
        facebook | {"network": "x", "handle": "anna"},
        *rest,
    ]  # fmt: skip
    assert either.rows(client_id=either.bob) == others
    assert (done.state, done.subject, done.company, done.who) == ("done", f"customer {either.ann}", "2", "admin")
    newest = (versions(either.address) or [None])[-1]  # one for all tables, on a lake
    if newest is None:
        assert done.data_version is None
    else:
        assert (newest.name, newest.author) == (done.data_version, "admin")
        assert newest.message == f"Edit customer {either.ann}: operation {done.id}"


def test_the_trail_names_what_was_changed_and_no_values(shop):
    shop.edit({"city": "York", "metadata:team": "PSV"})
    (entry,) = shop.audit
    assert (entry.action, entry.object, entry.who) == ("edit customer", f"customer {shop.ann}", "admin")
    assert (entry.before, sorted(entry.after["fields"])) == (None, ["city", "metadata"])
    assert "York" not in str(entry.after)


def test_what_is_not_changed_stays_to_the_letter(shop):
    client, profile, *rest = shop.rows()
    shop.edit(shop.card().texts | {"city": "York"})  # all of it, as a form gives it back
    assert shop.rows() == [client, profile | {"city": "York"}, *rest]
    assert profile["metadata"] == METADATA  # with its two spaces


def test_whoever_saw_something_else_changes_nothing(shop):
    seen = shop.card().stamp
    shop.change("update client_social set handle = 'other' where client_id = {ann} and network = 'facebook'")
    before = shop.rows()
    with pytest.raises(StateError, match=f"somebody has changed customer {shop.ann} meanwhile"):
        shop.edit({"city": "York"}, seen=seen)
    assert (shop.rows(), shop.operations, shop.audit) == (before, [], [])


def test_the_same_key_twice_is_one_change(shop):
    first = shop.edit({"city": "York"}, key="one")
    shop.edit({"city": "Hull"}, key="two")
    again = shop.edit({"city": "York"}, key="one", seen="of a page that is old now")
    assert (again.id, again.state) == (first.id, "done")
    assert shop.card().fields["city"] == "Hull"
    assert len(shop.audit) == 2


def test_a_key_is_good_for_one_wish(shop):
    shop.edit({"city": "York"}, key="one")
    for given, client_id, visitor in (
        ({"city": "Hull"}, shop.ann, NORTH),
        ({"city": "York"}, shop.bob, SOUTH),
        ({"city": "York"}, shop.ann, SOUTH),  # he is not told of her
    ):
        with pytest.raises(StateError, match="the key 'one' was used for another change"):
            shop.edit(given, key="one", client_id=client_id, visitor=visitor)
    assert len(shop.operations) == 1


def test_a_visitor_reaches_the_customers_of_his_companies_alone(shop):
    shop.edit({"city": "York"}, visitor=NORTH)
    assert shop.card(shop.ann, NORTH).fields["city"] == "York"
    for client_id in (shop.bob, shop.stranger, 7, 2**63):  # of another company, no customer, nobody, no id at all
        with pytest.raises(UnknownNameError, match=f"there is no customer {client_id}$"):
            customer.edit(shop.installation, NORTH, shop.wish(), client_id, {"city": "York"}, seen="")
    assert len(shop.operations) == 1


@pytest.mark.parametrize(
    "at",
    [
        (settle, "swap"),  # before the warehouse is written
        (swap, "_link"),  # his profile is written, his networks are not
        (settle.operations, "done"),  # after it was written
    ],
    ids=["before", "between", "after"],
)
def test_whoever_is_killed_in_between_leaves_all_or_nothing_and_the_same_again_ends_it(either, monkeypatch, at):
    before, seen, given = either.rows(), either.card().stamp, {"first_name": "Eve", "network:x": "eve"}
    with killed(monkeypatch, *at):
        either.edit(given, key="one", seen=seen)
    assert [each.state for each in either.operations] == ["pending"]
    is_made = at == (settle.operations, "done")
    assert (either.rows() == before) is not is_made
    there = len(versions(either.address))
    again = either.edit(given, key="one", seen=seen)
    assert (again.state, either.card().name, either.card().networks["x"]) == ("done", "Eve Lee", "eve")
    assert (len(either.operations), len(either.audit)) == (1, 1)
    if either.address.is_lake:  # what was made is not made again
        assert len(versions(either.address)) == there + (not is_made)
        assert again.data_version == versions(either.address)[-1].name


def test_a_chore_ends_what_was_left(shop, monkeypatch):
    with killed(monkeypatch, settle, "swap"):
        shop.edit({"city": "York"})
    assert settle.settle(shop.installation, NOW) == settle.Settled(done=1)
    assert shop.card().fields["city"] == "York"
    assert settle.settle(shop.installation, NOW) == settle.Settled()


def test_what_another_system_has_changed_meanwhile_is_left_as_it_is(shop, monkeypatch):
    with killed(monkeypatch, settle, "swap"):
        shop.edit({"city": "York"}, key="one")
    shop.change("update client_profile set city = 'Hull' where client_id = {ann}")
    assert settle.settle(shop.installation, NOW) == settle.Settled(refused=1)
    assert shop.card().fields["city"] == "Hull"
    with pytest.raises(StateError, match=f"somebody has changed customer {shop.ann} meanwhile"):
        shop.edit({"city": "York"}, key="one")
    assert shop.audit == []


def test_who_comes_next_ends_first_what_was_left(shop, monkeypatch):
    with killed(monkeypatch, settle.operations, "done"):
        shop.edit({"city": "York"})
    shop.edit({"city": "Hull"})  # after this nobody could tell any more that the first one was made
    assert [each.state for each in shop.operations] == ["done", "done"]


def test_one_operation_on_a_customer_is_under_way_at_a_time(shop, monkeypatch):
    swapped, free = settle.swap, []

    def meanwhile(*args, **more):
        for client_id in (shop.ann, shop.bob):
            key = func.hashtextextended(f"operation on customer {client_id}", 0)
            with shop.installation.database.begin() as other:
                free.append(other.scalar(select(func.pg_try_advisory_xact_lock(key))))
        return swapped(*args, **more)

    monkeypatch.setattr(settle, "swap", meanwhile)
    shop.edit({"city": "York"})
    assert free == [False, True]


def test_while_the_warehouse_is_down_it_waits(shop, monkeypatch):
    def down(*_args, **_more):
        raise DatabaseError("the database at nowhere cannot be reached")

    with monkeypatch.context() as patched:
        patched.setattr(settle, "swap", down)
        with pytest.raises(DatabaseError, match="cannot be reached"):
            shop.edit({"city": "York"})
        assert settle.settle(shop.installation, NOW).trouble == "the database at nowhere cannot be reached"
    assert [each.state for each in shop.operations] == ["pending"]
    assert settle.settle(shop.installation, NOW) == settle.Settled(done=1)


def test_of_two_who_edit_one_customer_at_once_one_wins_and_the_other_is_told(either):
    seen, told = either.card().stamp, []

    def edit(city):
        try:
            told.append(either.edit({"city": city}, key=city, seen=seen).state)
        except StateError as error:
            told.append(str(error))

    threads = [threading.Thread(target=edit, args=(city,)) for city in ("York", "Hull")]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert sorted(told) == ["done", swap.changed_meanwhile(either.ann)]
    (done,) = (each for each in either.operations if each.state == "done")
    assert either.card().fields["city"] == done.key


def test_rows_that_change_after_the_plan_are_compared_again_where_they_are_written(either, monkeypatch):
    def too_late(*args, **more):
        either.change("update client_profile set city = 'Hull' where client_id = {ann}")
        return swap.swap(*args, **more)

    monkeypatch.setattr(settle, "swap", too_late)
    with pytest.raises(StateError, match="somebody has changed"):
        either.edit({"city": "York"})
    assert either.card().fields["city"] == "Hull"
    assert [each.state for each in either.operations] == ["refused"]


def test_nobody_else_changes_the_rows_while_they_are_compared_and_written(shop, monkeypatch):
    write, refused = swap._write, []

    def meanwhile(hand, client_id, *states):
        for table in ("client", "client_profile", "client_social"):
            query = f"select from {shop.address.schema}.{table} where client_id = {client_id} for update nowait"
            with connect(shop.address.database) as other, pytest.raises(psycopg.errors.LockNotAvailable):
                other.execute(query)
            refused.append(table)
        write(hand, client_id, *states)

    monkeypatch.setattr(swap, "_write", meanwhile)
    assert shop.edit({"city": "York"}).state == "done"
    assert len(refused) == 3


def test_an_address_that_another_customer_of_the_company_has_is_refused(shop):
    of_bob = shop.card(shop.bob).fields["email"]
    shop.change("update client set company_id = 2 where client_id = {bob}")
    for given in ({"email": of_bob}, {"email": of_bob.replace("bob", "BOB"), "city": "York"}):
        with pytest.raises(StateError, match=r"email: another customer has (bob|BOB)"):
            shop.edit(given)
    with pytest.raises(StateError, match="another customer has"):
        customer.preview(shop.installation, NORTH, shop.ann, {"email": of_bob}, NOW)
    assert shop.operations == []
    shop.change("update client set company_id = 3 where client_id = {bob}")
    assert shop.edit({"email": of_bob}).state == "done"  # of another company: nobody is told of him


def test_two_customers_never_get_one_address(shop, monkeypatch):
    shop.change("update client set company_id = 2 where client_id = {bob}")
    with killed(monkeypatch, settle, "swap"):
        shop.edit({"email": f"one{shop.ann}@mail.example"})
    shop.edit({"email": f"One{shop.ann}@mail.example"}, client_id=shop.bob)
    assert settle.settle(shop.installation, NOW) == settle.Settled(refused=1)
    assert shop.card().fields["email"].startswith("ann")


def test_a_warehouse_that_may_not_be_written_is_told_and_left_as_it_is(either):
    closed = replace(either.address, database=as_reader(either.address.database, READER))
    place = Installation(replace(either.installation.workspace, warehouse_url=str(closed)))
    place.__dict__["database"] = either.installation.database
    before, seen = either.rows(), either.card().stamp
    with pytest.raises(WarehouseError, match="nothing is written"):
        customer.edit(place, NORTH, either.wish("one"), either.ann, {"city": "York"}, seen=seen)
    assert either.rows() == before
    assert [each.state for each in either.operations] == ["refused"]
    assert settle.settle(either.installation, NOW) == settle.Settled()  # it is not made later, behind his back
    assert (either.rows(), either.audit) == (before, [])


def test_a_dry_run_writes_nothing(shop):
    before = shop.rows()
    _, change = customer.preview(shop.installation, NORTH, shop.ann, {"city": "York", "first_name": "Eve"}, NOW)
    assert change.changed == ["name", "first_name", "city"]
    assert (shop.rows(), shop.operations) == (before, [])


def test_a_warehouse_of_ones_own_may_have_more_columns_and_no_networks(open_shop, no_operations):
    shop = open_shop("postgres", own=True)
    shop.change("alter table client_profile add column loyalty text default 'gold'")
    shop.change("update client_profile set loyalty = 'silver' where client_id = {ann}; drop table client_social")
    assert shop.edit({"city": "York"}).state == "done"
    with connect(shop.address.database) as con:
        query = f"select city, loyalty from {shop.address.schema}.client_profile where client_id = {shop.ann}"
        assert con.execute(query).fetchall() == [("York", "silver")]
    with pytest.raises(WarehouseError, match=r"nothing is written.*client_social"):
        shop.edit({"network:x": "ann"})
    assert shop.card().networks == {}


@pytest.mark.parametrize(
    ("name", "text", "kept"),
    [
        ("first_name", "  Zoë ", "Zoë"),
        ("last_name", "Zoe\u0308", "Zoë"),  # the same letters, written otherwise
        ("first_name", "علی\u200cرضا", "علی\u200cرضا"),  # a name that has a joiner in it
        ("address", "山田　1", "山田　1"),
        ("gender", "", None),
        ("email", "Ann@MAIL.example", "Ann@mail.example"),
        ("country", "ua", "UA"),
        ("registration_status", "Blocked", "blocked"),
        ("phone", "(020) 7946-0000", "(020) 7946-0000"),
        ("birth_date", "2026-10-31", "2026-10-31"),
    ],
)
def test_what_may_stand_in_a_field(ann, name, text, kept):
    assert customer.plan_edit(ann, {name: text}).after[name] == kept


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("email", "", "email: it cannot be empty"),
        ("email", "ann", "email: 'ann' is not one e-mail address"),
        ("email", "a@b.example, c@d.example", "is not one e-mail address"),
        ("registration_status", "", "registration_status: it cannot be empty"),
        ("registration_status", "vip", "registration_status: 'vip' is none of registered, confirmed, blocked"),
        ("country", "UK", "country: 'UK' is not a code"),
        ("birth_date", "2026-11-01", "birth_date: '2026-11-01' is not a day of the past"),  # today
        ("birth_date", "2026-02-30", "is not a day of the past"),
        ("birth_date", "20260101", "is not a day of the past"),
        ("birth_date", "1066-10-14", "is not a day of the past"),
        ("phone", "call me", "phone: 'call me' is not a number"),
        ("phone", "1" * 16, "is not a number"),
        ("first_name", "x" * 101, "first_name: 101 letters are too many; at most 100"),
        ("first_name", "a\tb", "first_name: take out the control characters"),
        ("first_name", "a\u202eb", "first_name: take out the control characters"),
        ("city", "a\0b", "city: take out the control characters"),
        ("metadata:team", "a\nb", "metadata:team: take out the control characters"),
        ("metadata:profiles", "three", "metadata:profiles: 'three' is not a number"),
        ("metadata:profiles", "1e999", "is not a number"),
        ("metadata:newsletter", "yes", "metadata:newsletter: 'yes' is not true or false"),
        ("metadata:", "x", "name what is to be changed"),
        ("network:x", "a\u2028b", "network:x: take out the control characters"),
    ],
)
def test_what_may_not(ann, name, text, told):
    with pytest.raises(ParameterError) as refused:
        customer.plan_edit(ann, {"city": "York", name: text})
    assert told in str(refused.value)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("citty", "no field of a customer named 'citty'; did you mean 'city'?"),
        ("client_id", "no field of a customer named 'client_id'"),
        ("name", "no field of a customer named 'name'"),
        ("network:facebok", "no social network named 'facebok'; did you mean 'facebook'?"),
    ],
)
def test_a_field_that_there_is_not(ann, name, told):
    with pytest.raises(UnknownNameError, match="^" + told.replace("?", r"\?")):
        customer.plan_edit(ann, {name: "x"})


def test_nothing_changed_is_no_change(ann):
    for given in ({}, ann.texts, {"city": " Leeds "}):
        with pytest.raises(ParameterError, match="nothing of customer 17 would change"):
            customer.plan_edit(ann, given)


@pytest.mark.parametrize(
    ("name", "given", "called"),
    [
        ("Ann Lee", {"first_name": "Eve"}, "Eve Lee"),
        ("Lee Ann", {"first_name": "Eve"}, "Lee Eve"),  # the family's name first
        ("Ann Lee", {"last_name": ""}, "Ann"),
        ("Ann Lee", {"first_name": "", "last_name": ""}, "Ann Lee"),  # somebody without a name keeps this one
        ("ann@mail.example", {"email": "eve@mail.example"}, "eve@mail.example"),
        ("Top fan", {"first_name": "Eve"}, "Top fan"),  # a name of its own
    ],
)
def test_what_lists_call_him_follows_his_names(ann, name, given, called):
    ann.state.update(name=name, email="ann@mail.example")
    assert customer.plan_edit(ann, given).after["name"] == called


def test_metadata_that_is_no_object_is_left_alone(ann):
    for raw in ("[1]", "not JSON", '{"a": 1e999}', '{"a": NaN}', '{"a": "\\ud800"}'):
        ann.state["metadata"] = raw
        assert customer.plan_edit(ann, {"city": "York"}).after["metadata"] == raw
        assert ann.metadata == {}
        with pytest.raises(ParameterError, match="metadata: what is there is no JSON object"):
            customer.plan_edit(ann, {"metadata:team": "PSV"})


def test_a_row_that_no_database_can_keep_is_told():  # a lake may hold a character 0, Postgres may not
    with pytest.raises(StateError, match="a row of the customer holds a character 0"):
        of_rows({"name": "A\0", "deleted_at": None}, None, [])
    with pytest.raises(StateError, match="a row of the customer holds a character 0"):
        of_rows({"name": "A", "deleted_at": None}, None, [{"network": "x", "handle": "\0"}])


def test_the_last_value_of_metadata_taken_away_leaves_none(ann):
    gone = dict.fromkeys(("metadata:team", "metadata:newsletter", "metadata:profiles"), "")
    assert customer.plan_edit(ann, gone).after["metadata"] is None


def test_notebooks_get_an_address_that_only_reads_and_changes_are_made_by_another(shop, monkeypatch):
    reader = replace(shop.address, database=as_reader(shop.address.database, READER))
    told = replace(shop.installation.workspace, warehouse_url=str(reader), warehouse_writer=str(shop.address))
    place = Installation(told)
    place.__dict__["database"] = shop.installation.database
    done = customer.edit(place, NORTH, shop.wish(), shop.ann, {"city": "York"}, seen=shop.card().stamp)
    assert (done.state, shop.card().fields["city"]) == ("done", "York")
    given = place.reading(None)  # what a run hands to its notebook
    monkeypatch.setenv("DAYBOOK_WAREHOUSE_WRITER", str(shop.address))
    assert "DAYBOOK_WAREHOUSE_WRITER" not in kernel_environment({}, "/")
    with connect(given.database) as con:
        con.execute("set default_transaction_read_only = off")  # a setting is no wall
        for table in ("client", "client_profile", "client_social", "client_session", "payment"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                con.execute(f"delete from {given.schema}.{table}")


def test_what_writes_is_the_warehouse_that_is_read(shop):
    other = replace(shop.address, schema="other")
    told = replace(shop.installation.workspace, warehouse_writer=str(other))
    with pytest.raises(WarehouseError, match="must name what DAYBOOK_WAREHOUSE_URL does, as another role"):
        Address.of(told, reader=False)
    assert Address.of(told) == shop.address
