"""The card of one customer: what was told at registration, and the last log-ins (MS-13 … MS-16, MS-23)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from zoneinfo import ZoneInfo

import ibis.expr.types as ir

from reports_lib.errors import ParameterError
from reports_lib.metrics.payment_record import fields
from reports_lib.metrics.question import Warehouse
from reports_lib.metrics.timeline import local
from reports_lib.values.formats import quoted
from reports_lib.values.geography import country_name
from reports_lib.values.selling import NETWORKS, REGISTRATION_STATUSES, UNKNOWN
from reports_lib.warehouse import registered
from reports_lib.warehouse.statement import Dialect, Tables, slot, statement

READ = (*registered.READ, "company", "client_session")
LAST = 5  # sessions (M-79)
TOLD_OF = 5  # customers of one address
EVERYBODY = frozenset({"with_deleted"})

Row = dict[str, Any]


class Question(Protocol):
    """The parameters of a run, resolved."""

    as_of: datetime
    time_zone: ZoneInfo
    customer: str  # number or e-mail address


@dataclass(frozen=True)
class Card:
    """One customer, called `name`. `basic`, `address` and `metadata` have a `value` for each `field`.

    `sessions` are the last ones. Times are on the clocks of the report's zone.
    """

    client_id: int
    name: str
    status: str
    basic: list[Row]
    address: list[Row]
    social: list[Row]
    metadata: list[Row]
    sessions: list[Row]

    @property
    def last_login(self) -> datetime | None:
        """When the customer logged in last."""
        return self.sessions[0]["started_at"] if self.sessions else None


def card(warehouse: Warehouse, asked: Question) -> Card:
    """The card of the customer that is asked for.

    Raises `ParameterError` if there is none, or more than one of that address, and `WarehouseError` naming all that
    the warehouse lacks.
    """
    warehouse.check(READ)
    values = {"client_id": str(_number_of(warehouse, asked.customer.strip()))}
    (told,) = warehouse.ask(registered.one, None, values)
    zone = asked.time_zone
    return Card(
        client_id=told["client_id"],
        name=" ".join(filter(None, [told["first_name"], told["last_name"]])) or told["email"],
        status=_word(REGISTRATION_STATUSES, told["registration_status"]),
        basic=_named(_basic(told, zone, _company(warehouse, told["company_id"]))),
        address=_named(_address(told)),
        social=[
            {"network": _word(NETWORKS, row["network"]), "handle": row["handle"]}
            for row in warehouse.ask(registered.networks, None, values)
        ],
        metadata=[{"field": name or "Metadata", "value": value} for name, value in fields(told["metadata"])],
        sessions=[
            row | {"started_at": local(row["started_at"], zone), "country": _country(row["country"])}
            for row in warehouse.ask(sessions, None, values)
        ],
    )


def compile_ahead() -> None:
    """Compile for a lake what every card asks. Asks nobody."""
    for build in (called, registered.one, registered.networks, sessions):
        statement(Dialect(), build, None)


def called(tables: Tables, _shape: None) -> ir.Table:
    """The customers whose number or e-mail address is in the slot, those who are there first."""
    found = registered.chosen(tables, EVERYBODY, "email", "deleted_at")
    wanted = slot("customer")
    found = found.filter((found.client_id.cast("string") == wanted) | (found.email.lower() == wanted.lower()))
    found = found.select("client_id", is_gone=found.deleted_at.notnull())
    return found.order_by(["is_gone", "client_id"]).limit(TOLD_OF + 1)


def sessions(tables: Tables, _shape: None) -> ir.Table:
    """The newest `LAST` sessions of the customer in the slot, by their beginning and then by number (M-79)."""
    session = _of_client(tables("client_session"))
    return session.order_by([session.started_at.desc(), session.session_id.desc()]).limit(LAST)


def company(tables: Tables, _shape: None) -> ir.Table:
    """What the company in the slot is called."""
    found = tables("company")
    return found.filter(found.company_id == slot("company_id").cast("int64")).select("name")


def _of_client(table: ir.Table) -> ir.Table:
    return table.filter(table.client_id == slot("client_id").cast("int64"))


def _number_of(warehouse: Warehouse, customer: str) -> int:
    if not customer:
        raise ParameterError("customer is empty: give the number or the e-mail address of one")
    if not customer.isprintable():
        raise ParameterError("customer: take out the control characters, such as tabs")
    found = warehouse.ask(called, None, {"customer": customer})
    there = [row["client_id"] for row in found if not row["is_gone"]] or [row["client_id"] for row in found]
    if not there:
        raise ParameterError(
            f"customer: {quoted(customer)} is neither the number nor the whole e-mail address of a customer; "
            "the report Customers finds one by a part of it"
        )
    if len(there) > 1:
        numbers = ", ".join(map(str, there[:TOLD_OF])) + (", …" if len(there) > TOLD_OF else "")
        raise ParameterError(
            f"customer: several have the address {quoted(customer)}; give the number of one: {numbers}"
        )
    return int(there[0])


def _company(warehouse: Warehouse, number: int) -> str:
    found = warehouse.ask(company, None, {"company_id": str(number)})
    return found[0]["name"] if found else str(number)


def _clock(at: datetime | None, zone: ZoneInfo) -> str | None:
    return None if at is None else f"{local(at, zone):%Y-%m-%d %H:%M:%S}"


def _country(code: str | None) -> str | None:
    return country_name(code) if code else None


def _basic(told: Mapping[str, Any], zone: ZoneInfo, owner: str) -> dict[str, str | None]:
    born = told["birth_date"]
    return {
        "Customer number": str(told["client_id"]),
        "Registration status": _word(REGISTRATION_STATUSES, told["registration_status"]),
        "First name": told["first_name"],
        "Last name": told["last_name"],
        "E-mail": told["email"],
        "Phone": told["phone"],
        "Birth date": born and born.isoformat(),
        "Gender": told["gender"],
        "Created": _clock(told["created_at"], zone),
        "Activated": _clock(told["activated_at"], zone),
        **({"Deleted": _clock(told["deleted_at"], zone)} if told["deleted_at"] else {}),
        "Company": owner,
    }


def _address(told: Mapping[str, Any]) -> dict[str, str | None]:
    country = told["country"]
    return {
        "Address": told["address"],
        "City": told["city"],
        "State": told["state"],
        "Country": f"{country_name(country)} ({country})" if country else UNKNOWN,  # T-65
    }


def _named(texts: Mapping[str, str | None]) -> list[Row]:
    return [{"field": field, "value": value} for field, value in texts.items()]


def _word(words: Mapping[str, str], word: str) -> str:
    return words.get(word, word)
