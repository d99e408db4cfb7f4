"""Customers as they registered: clients that have a profile, looked for by whatever they told about themselves.

The portal and the reports ask the same. Who is looked for is found by the few columns that the search needs;
all that a customer told, and the networks that he linked, are read of the rows of a page alone.
"""

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import reduce

import ibis.expr.types as ir
from ibis import _

from reports_lib.errors import ParameterError
from reports_lib.values.selling import NETWORKS
from reports_lib.warehouse.statement import Tables, as_of, slot

READ = ("client", "client_profile", "client_social")  # tables
SIZE = 50  # rows of a page
TOLD = (  # at registration, in the order of the profile
    "registration_status", "first_name", "last_name", "email", "phone", "birth_date", "gender", "address", "city",
    "state", "country", "metadata",
)  # fmt: skip
OF_CLIENT = ("company_id", "activated_at", "deleted_at")  # beside its number and when it was made
LISTED = {"status": "registration_status", "country": "country", "network": "network"}  # any of several
BETWEEN = "\x1f"  # two values of a list in a slot
_MOMENTS = {"since": "created_at", "until": "created_at", "born_since": "birth_date", "born_until": "birth_date"}
_TIME = "timestamp(6)"


@dataclass(frozen=True)
class Search:
    """Who is looked for: all that is given must hold (MS-10, MS-11).

    A text is found as it was typed, in any case, wherever it stands in the field; `name` in the first and the
    last name together, in either order; `gender` is the whole word. Of a list any value will do. `since` and
    `until` bound the creation, half-open; the days of birth `born_since` and `born_until` both count. Deleted
    customers are left out unless asked for. Raises `ParameterError` for a text with control characters.
    """

    email: str = ""
    name: str = ""
    status: Sequence[str] = ()
    country: Sequence[str] = ()
    network: Sequence[str] = ()
    city: str = ""
    phone: str = ""
    metadata: str = ""
    first_name: str = ""
    last_name: str = ""
    address: str = ""
    state: str = ""
    gender: str = ""
    since: datetime | None = None
    until: datetime | None = None
    born_since: date | None = None
    born_until: date | None = None
    with_deleted: bool = False

    def __post_init__(self) -> None:
        for name, text in self._given():
            if not all(sign.isprintable() or sign == BETWEEN for sign in text):
                raise ParameterError(f"{name.replace('_', ' ')}: take out the control characters, such as tabs")

    @property
    def shape(self) -> frozenset[str]:
        """What of it is given: `Build`s of this module take it."""
        return frozenset(dict(self._given())) | ({"with_deleted"} if self.with_deleted else set())

    @property
    def values(self) -> dict[str, str]:
        """What fills the slots of that shape."""
        return dict(self._given())

    def _given(self) -> Iterator[tuple[str, str]]:
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            if isinstance(value, datetime):
                yield field.name, _moment(value)
            elif isinstance(value, date):
                yield field.name, value.isoformat()
            elif isinstance(value, str):
                if value.strip():
                    yield field.name, value.strip()
            elif value and value is not True:
                yield field.name, BETWEEN.join(value)


@dataclass(frozen=True, order=True)
class Place:
    """A place in the list, newest first: that of the customer `client_id`, made at `at` (aware)."""

    at: datetime
    client_id: int

    @property
    def values(self) -> dict[str, str]:
        """What fills the slots of `page` and `newer`, beside those of the search."""
        return {"at": _moment(self.at), "client_id": str(self.client_id)}


FIRST = Place(datetime.max.replace(tzinfo=UTC), 0)  # all come after it


def chosen(tables: Tables, shape: frozenset[str], *columns: str) -> ir.Table:
    """One row a customer that is looked for: `client_id`, `created_at`, and `columns` of the client or the profile.

    When somebody was activated or deleted is told only once it has come.
    """
    client, profile = tables("client"), tables("client_profile")
    if "with_deleted" not in shape:
        client = client.filter(client.deleted_at.isnull() | (client.deleted_at >= as_of()))
    for name in sorted(shape & {"since", "until"}):
        client = client.filter(_is_within(client, name))
    profile = reduce(_kept, sorted(shape - {"since", "until", "with_deleted", "network"}), profile)
    if "network" in shape:
        social = tables("client_social")
        profile = profile.semi_join(_any_of(social, "network"), "client_id")
    moments = {name: (client[name] < as_of()).ifelse(client[name], None) for name in ("activated_at", "deleted_at")}
    client = client.mutate(**moments).select("client_id", "created_at", *(n for n in columns if n in OF_CLIENT))
    profile = profile.select("client_id", *(n for n in columns if n not in OF_CLIENT))
    return client.inner_join(profile, "client_id").select("client_id", "created_at", *columns)


def found(tables: Tables, shape: frozenset[str]) -> ir.Table:
    """One row a customer that is looked for: all that he told, when he was made, activated and deleted, and whose."""
    return chosen(tables, shape, *OF_CLIENT, *TOLD)


def with_networks(tables: Tables, shape: frozenset[str]) -> ir.Table:
    """`found` with `networks`: the words of those that a customer linked, in their order; null where there is none."""
    customers, word = found(tables, shape), _words(tables)
    linked = word.group_by("client_id").aggregate(networks=_one_text(word))
    return customers.left_join(linked, "client_id").select(customers, linked.networks)


def page(tables: Tables, shape: frozenset[str]) -> ir.Table:
    """The newest `SIZE` + 1 customers after the place in the slots, as `with_networks`."""
    keys = chosen(tables, shape, *OF_CLIENT)
    is_after = (keys.created_at < _at()) | ((keys.created_at == _at()) & (keys.client_id < _client_id()))
    return _told(tables, newest_first(keys.filter(is_after)))


def newer(tables: Tables, shape: frozenset[str]) -> ir.Table:
    """The `SIZE` + 1 customers that come just before the place in the slots; newest first, as `page`."""
    keys = chosen(tables, shape, *OF_CLIENT)
    is_before = (keys.created_at > _at()) | ((keys.created_at == _at()) & (keys.client_id > _client_id()))
    return _told(tables, keys.filter(is_before).order_by(["created_at", "client_id"]))


def counted(tables: Tables, shape: frozenset[str]) -> ir.Table:
    """How many `customers` there are of each `registration_status`."""
    return chosen(tables, shape, "registration_status").group_by("registration_status").aggregate(customers=_.count())


def newest_first(customers: ir.Table) -> ir.Table:
    """In their total order: by creation, then by number (G-11)."""
    return customers.order_by([customers.created_at.desc(), customers.client_id.desc()])


def one(tables: Tables, _: object) -> ir.Table:
    """The customer in the slot `client_id`, a deleted one too; as a row of `found`."""
    customers = found(tables, frozenset({"with_deleted"}))
    return customers.filter(customers.client_id == _client_id())


def networks(tables: Tables, _: object) -> ir.Table:
    """The `network`s that the customer in the slot `client_id` linked, each with his `handle` there."""
    social = tables("client_social")
    return social.filter(social.client_id == _client_id()).select("network", "handle").order_by("network")


def _kept(profile: ir.Table, name: str) -> ir.Table:
    """The profiles of which one thing holds."""
    if name in LISTED:
        return _any_of(profile, name)
    if name in _MOMENTS:
        return profile.filter(_is_within(profile, name))
    if name == "gender":
        return profile.filter(profile.gender.lower() == slot(name).lower())
    if name == "name":
        first, last = profile.first_name.coalesce(""), profile.last_name.coalesce("")
        return profile.filter(_holds(first + " " + last + " " + first, name))
    return profile.filter(_holds(profile[name], name))


def _holds(text: ir.StringValue, name: str) -> ir.BooleanValue:
    """Whether a text contains what was typed, of which nothing is a wildcard."""
    return text.lower().contains(slot(name).lower())


def _any_of(table: ir.Table, name: str) -> ir.Table:
    wanted = slot(name).split(BETWEEN).unnest().name("wanted").as_table()
    return table.semi_join(wanted, table[LISTED[name]] == wanted.wanted)


def _is_within(table: ir.Table, name: str) -> ir.BooleanValue:
    column = table[_MOMENTS[name]]
    if name in ("since", "until"):
        bound = slot(name).cast(_TIME)
        return column >= bound if name == "since" else column < bound
    day = slot(name).cast("date")
    return column >= day if name == "born_since" else column <= day


def _told(tables: Tables, keys: ir.Table) -> ir.Table:
    """All of the first `SIZE` + 1 of `keys`, newest first."""
    few, word, told = keys.limit(SIZE + 1), _words(tables), tables("client_profile").select("client_id", *TOLD)
    # one after the other: what is asked of a million is then asked once
    joined = few.left_join(word, "client_id").select(few, word.word)
    linked = joined.group_by(*few.columns).aggregate(networks=_one_text(joined))
    whole = linked.inner_join(told, "client_id")
    return newest_first(whole.select(*few.columns, *TOLD, "networks"))


def _words(tables: Tables) -> ir.Table:
    """What people call each network that a client linked."""
    social = tables("client_social")
    return social.select("client_id", word=social.network.cases(*NETWORKS.items(), else_=social.network))


def _one_text(linked: ir.Table) -> ir.StringValue:
    return linked.word.group_concat(", ", order_by=linked.word)


def _at() -> ir.TimestampValue:
    return slot("at").cast(_TIME)


def _client_id() -> ir.IntegerValue:
    return slot("client_id").cast("int64")


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(sep=" ", timespec="microseconds")
