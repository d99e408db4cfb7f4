"""Who is asked for an amount, and by whom: as the warehouse knows them now."""

from decimal import Decimal

from sqlalchemy.orm import Session

from reports_lib.cli.invoice import me, now
from reports_lib.database.schema import Invoice
from reports_lib.errors import ParameterError, UnknownNameError
from reports_lib.invoicing.advance import Advance, ask
from reports_lib.invoicing.parties import buyers, issuer
from reports_lib.runs.installation import Installation
from reports_lib.warehouse.connection import connect
from reports_lib.workspace import Workspace


def asked(session: Session, client: int, amount: Decimal, currency: str, key: str) -> Invoice:
    """The invoice for an amount, of the company that the client belongs to.

    Raises `UnknownNameError` for a client or currency that there is not, and as `advance.ask`.
    """
    installation, moment = Installation(Workspace.find()), now()
    with connect(installation.warehouse, as_of=moment) as warehouse:
        clients = warehouse.table("client")
        mine = clients.filter(clients.client_id == client).select("company_id", "currency", "deleted_at")
        rows = mine.to_pyarrow().to_pylist()
        codes = set(warehouse.table("currency").select("code").to_pyarrow()["code"].to_pylist())
    if not rows or rows[0]["deleted_at"] is not None:
        raise UnknownNameError(f"there is no client {client}")
    own = currency or rows[0]["currency"]
    if codes and own not in codes:
        raise UnknownNameError.of("currency", own, codes)
    company = issuer(installation, moment, str(rows[0]["company_id"]))
    buyer = buyers(installation, session, moment, [client])[client]
    if amount <= 0:
        raise ParameterError(f"{amount} is not an amount above 0")
    return ask(session, installation.workspace, Advance(company, buyer, amount, own, key), me(), moment)
