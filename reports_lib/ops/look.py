"""A customer as the warehouse has him, read as reports read."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import ibis.expr.types as ir

from reports_lib.errors import WarehouseError
from reports_lib.ops.state import CLIENT, PROFILE, State, of_rows
from reports_lib.values.selling import USER
from reports_lib.warehouse.connection import Warehouse
from reports_lib.warehouse.statement import Tables, slot

_SLOT = "client_id"


@dataclass(frozen=True, slots=True)
class Seen:
    """Whose he is, since when, and his rows."""

    company: str
    created_at: datetime
    state: State


def read(warehouse: Warehouse, client_id: int) -> Seen | None:
    """The customer with that id, None if there is none. Raises `WarehouseError` for a warehouse without customers."""
    warehouse.check(["client", "client_profile"])
    wanted = {_SLOT: str(client_id)}
    clients, profiles = (warehouse.ask(build, None, wanted) for build in (_client, _profile))
    if not clients or not (profiles or clients[0]["client_type"] == USER):
        return None
    social = warehouse.ask(_social, None, wanted) if _has(warehouse, "client_social") else []
    (client,) = clients
    state = of_rows(client, profiles[0] if profiles else None, social)
    return Seen(str(client["company_id"]), client["created_at"].replace(tzinfo=UTC), state)


def traces(warehouse: Warehouse, client_id: int) -> dict[str, dict[str, str]]:
    """What else is personal: network addresses by session, and what gateways told by payment."""
    found: dict[str, dict[str, str]] = {"ips": {}, "raw": {}}
    for name, table, build in (("ips", "client_session", _addresses), ("raw", "payment", _answers)):
        if _has(warehouse, table):
            rows = warehouse.ask(build, None, {_SLOT: str(client_id)})
            found[name] = {str(row["id"]): row["text"] for row in rows}
    return found


def is_taken(warehouse: Warehouse, client_id: int, company: str, email: str) -> bool:
    """Whether another customer of the company has that e-mail address, in whatever case."""
    values = {_SLOT: str(client_id), "company": company, "email": email}
    return bool(warehouse.ask(_with_email, None, values))


def _has(warehouse: Warehouse, table: str) -> bool:
    try:
        warehouse.check([table])
    except WarehouseError:
        return False
    return True


def _of(table: ir.Table) -> ir.Table:
    return table.filter(table.client_id == slot(_SLOT).cast("int64"))


def _client(tables: Tables, _: Any) -> ir.Table:  # noqa: ANN401
    return _of(tables("client")).select("client_type", "company_id", "created_at", *CLIENT)


def _profile(tables: Tables, _: Any) -> ir.Table:  # noqa: ANN401
    return _of(tables("client_profile")).select(*PROFILE)


def _social(tables: Tables, _: Any) -> ir.Table:  # noqa: ANN401
    return _of(tables("client_social")).select("network", "handle")


def _addresses(tables: Tables, _: Any) -> ir.Table:  # noqa: ANN401
    sessions = _of(tables("client_session", ever=True))
    return sessions.filter(sessions.ip.notnull()).select(id=sessions.session_id, text=sessions.ip)


def _answers(tables: Tables, _: Any) -> ir.Table:  # noqa: ANN401
    payments = _of(tables("payment", ever=True))
    return payments.filter(payments.raw.notnull()).select(id=payments.payment_id, text=payments.raw)


def _with_email(tables: Tables, _: Any) -> ir.Table:  # noqa: ANN401
    client, profile = tables("client"), tables("client_profile")
    profile = profile.filter(profile.email.lower() == slot("email").lower())
    others = profile.filter(profile.client_id != slot(_SLOT).cast("int64"))
    of_company = client.filter(client.company_id == slot("company").cast("int64"))
    return others.semi_join(of_company, "client_id").select("client_id").limit(1)
