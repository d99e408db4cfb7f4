"""Customers as they registered: who is found by what, in which order, and how many (MS-02 to MS-12)."""

from datetime import UTC, date, datetime

import pytest

from reports_lib.errors import ParameterError
from reports_lib.warehouse import registered
from reports_lib.warehouse.registered import FIRST, Place, Search

AS_OF = datetime(2026, 11, 1, tzinfo=UTC)


def customer(number, made, gone=None, **told):
    client = {"client_id": number, "created_at": datetime.fromisoformat(made), "client_type": "ott_user"}
    client |= {"deleted_at": gone and datetime.fromisoformat(gone)}
    return client, {"client_id": number, "registration_status": "registered", "email": f"u{number}@a.example"} | told


PEOPLE = [
    customer(
        1,
        "2026-01-01",
        first_name="Ann",
        last_name="Smith",
        email="Ann_Smith@Mail.example",
        phone="+4470",
        country="GB",
        city="York",
        gender="female",
        birth_date=date(1990, 5, 1),
        registration_status="confirmed",
    ),
    customer(2, "2026-02-01", first_name="Bob", email="annXsmith@mail.example", country="CL", gender="male"),
    customer(3, "2026-02-01", email="50%off@mail.example", metadata='{"team": "Árbol"}', address="Main St 5"),
    customer(4, "2026-03-01", gone="2026-10-31T23:59:59.999999", email="gone@mail.example"),
    customer(5, "2026-04-01", gone="2026-11-01", registration_status="blocked", state="TX"),  # at as-of: still there
    customer(6, "2026-11-01"),  # at as-of: not there yet
]
TABLES = {
    "client": [client for client, _ in PEOPLE] + [{"client_id": 7, "created_at": datetime(2026, 5, 1)}],  # no profile
    "client_profile": [profile for _, profile in PEOPLE],
    "client_social": [
        {"client_id": 1, "network": "google", "handle": "ann"},
        {"client_id": 1, "network": "facebook"},
        {"client_id": 2, "network": "myspace"},
    ],
}


@pytest.fixture
def warehouse(warehouse_of):
    return warehouse_of(TABLES, as_of=AS_OF)


def ids(warehouse, search, build=registered.page, place=FIRST):
    return [row["client_id"] for row in warehouse.ask(build, search.shape, search.values | place.values)]


def test_whoever_is_looked_for_is_found(warehouse):  # MS-10, MS-11
    searches = [
        (Search(), [5, 3, 2, 1]),
        (Search(with_deleted=True), [5, 4, 3, 2, 1]),
        (Search(email="ann_smith@"), [1]),  # _ is no wildcard, and case does not matter
        (Search(email="%"), [3]),
        (Search(email=" SMITH@mail.example "), [2, 1]),
        (Search(email="\\"), []),
        (Search(name="ann sm"), [1]),
        (Search(name="smith ann"), [1]),
        (Search(name="bob"), [2]),  # who has no last name
        (Search(first_name="nn", last_name="mit"), [1]),
        (Search(phone="447"), [1]),
        (Search(city="yor"), [1]),
        (Search(address="main st"), [3]),
        (Search(state="tx"), [5]),
        (Search(metadata='"team": "á'), [3]),
        (Search(gender="Male"), [2]),  # not female
        (Search(status=["confirmed", "blocked"]), [5, 1]),
        (Search(country=["GB", "CL"]), [2, 1]),
        (Search(network=["google", "facebook"]), [1]),
        (Search(born_since=date(1990, 5, 1), born_until=date(1990, 5, 1)), [1]),
        (Search(born_since=date(1990, 5, 2)), []),
        (Search(since=datetime(2026, 2, 1, tzinfo=UTC), until=datetime(2026, 4, 1, tzinfo=UTC)), [3, 2]),
        (Search(email="mail.example", country=["CL"], network=["myspace"]), [2]),
    ]
    for search, wanted in searches:
        assert ids(warehouse, search) == wanted, search
    for search, wanted in searches[:2] + searches[-1:]:
        counts = warehouse.ask(registered.counted, search.shape, search.values)
        assert sum(row["customers"] for row in counts) == len(wanted), search
        every = warehouse.lazy(registered.with_networks, search.shape, search.values)
        assert sorted(every.client_id.to_pyarrow().to_pylist(), reverse=True) == wanted


def test_pages_follow_each_other(warehouse_of):
    numbers = list(range(60))
    made = datetime(2026, 1, 1)
    people = {"client": [{"client_id": n, "created_at": made} for n in numbers]}
    warehouse = warehouse_of(people | {"client_profile": [{"client_id": n} for n in numbers]})
    assert ids(warehouse, Search()) == numbers[:8:-1]  # one more than a page: so there are more
    place = Place(made.replace(tzinfo=UTC), 10)
    assert ids(warehouse, Search(), place=place) == numbers[9::-1]  # of one moment, by number (G-11)
    assert ids(warehouse, Search(), registered.newer, place) == numbers[:10:-1]
    assert ids(warehouse, Search(), registered.newer, Place(place.at, 3)) == numbers[54:3:-1]


def test_what_is_told_of_a_customer(warehouse):  # MS-02 to MS-08
    first = warehouse.ask(registered.page, Search(name="ann").shape, Search(name="ann").values | FIRST.values)[-1]
    assert first["networks"] == "Facebook, Google"
    assert (first["birth_date"], first["country"], first["created_at"]) == (
        date(1990, 5, 1),
        "GB",
        datetime(2026, 1, 1),
    )
    (alone,) = warehouse.ask(registered.one, values={"client_id": "1"})
    assert alone == {name: value for name, value in first.items() if name != "networks"}
    (gone,) = warehouse.ask(registered.one, values={"client_id": "4"})
    assert gone["deleted_at"] is not None
    assert warehouse.ask(registered.networks, values={"client_id": "1"}) == [
        {"network": "facebook", "handle": None},
        {"network": "google", "handle": "ann"},
    ]


def test_a_control_character_is_not_looked_for():
    with pytest.raises(ParameterError, match="email: take out the control characters"):
        Search(email="a\0b")
