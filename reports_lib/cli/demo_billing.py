"""The billing side of the demo: details of its clients, and one company's invoices of its last month."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import click
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from reports_lib.database.schema.invoices import BillingDetails, BillingRun
from reports_lib.runs.installation import Installation
from reports_lib.warehouse.connection import connect
from reports_lib.warehouse.demo.build import demo_as_of
from reports_lib.warehouse.demo.names import CITIES, STREETS

COMPANY = "4"  # its invoices are made; those of the others are for whoever tries the command
LACKING = 23  # one client in so many never told its postal code, so its invoice is held
ZONES = {
    "Europe/Amsterdam": "NL", "Europe/Berlin": "DE", "Europe/Madrid": "ES", "Europe/Warsaw": "PL", "Europe/Kyiv": "UA",
    "Europe/London": "GB", "America/Chicago": "US", "America/Santiago": "CL", "Asia/Tokyo": "JP",
}  # fmt: skip
OF_COMPANY = {1: "NL", 2: "DE", 3: "UA", 4: "GB", 5: "JP"}  # of a client whose zone is not known
POSTAL = {
    "NL": "{0} AB", "DE": "{0}{1}", "ES": "{0}{1}", "PL": "{1}{1}-{2}", "UA": "{0}{1}", "GB": "LS{1} 4QT",
    "US": "{0}{1}", "CL": "{0}{2}", "JP": "{2}-{0}",
}  # fmt: skip
LANGUAGE = {"DE": "de", "ES": "es", "CL": "es", "UA": "ru"}  # else the company's
BATCH = 500


def fill(installation: Installation) -> int:
    """Say of each firm what an invoice needs, where nothing is said of any yet; returns of how many."""
    with Session(installation.database) as session:
        if session.scalar(select(BillingDetails.client_id).limit(1)) is not None:
            return 0
    with connect(installation.warehouse, as_of=demo_as_of()) as warehouse:
        client = warehouse.table("client").select("client_id", "client_type", "name", "company_id", "timezone")
        rows = client.filter(client.client_type.isin(["client", "reseller"])).to_pyarrow().to_pylist()
    now = datetime.now(UTC)
    made = [_details(row) | {"changed_at": now, "changed_by": "demo"} for row in rows]
    with Session(installation.database) as session, session.begin():
        for start in range(0, len(made), BATCH):
            session.execute(insert(BillingDetails).values(made[start : start + BATCH]).on_conflict_do_nothing())
    return len(made)


def invoice(installation: Installation) -> None:
    """Make one company's invoices of the last whole month, once, and say how the others are made."""
    from reports_lib.cli.invoice_run import billed, make_documents
    from reports_lib.invoicing.parties import issuer

    month = f"{demo_as_of().replace(day=1) - timedelta(days=1):%Y-%m}"
    with Session(installation.database) as session:
        is_done = session.scalar(select(BillingRun.id).where(BillingRun.month == month).limit(1)) is not None
    if not is_done:
        now = datetime.now(UTC)
        issued = billed(installation, issuer(installation, now, COMPANY), month, now, quiet=False)
        documents = make_documents(installation)
        click.echo(f"invoices of {month}: {issued.made} made, {issued.held} held, {documents} documents")
    click.echo(f"`daybook invoice run --month {month}` makes those of the other companies")


def _details(row: Mapping[str, Any]) -> dict[str, Any]:
    """Made up of the client's number: the same each time."""
    number = row["client_id"]
    country = ZONES.get(row["timezone"]) or OF_COMPANY[row["company_id"]]
    streets, cities = STREETS[country].split("|"), CITIES[country].split("|")
    postal = POSTAL[country].format(1000 + number % 8999, number % 10, 100 + number % 899)
    return {
        "client_id": number,
        "legal_name": row["name"],
        "address_line": f"{streets[number % len(streets)]} {number % 97 + 1}",
        "city": cities[number % len(cities)],
        "postal_code": "" if number % LACKING == 0 else postal,
        "country": country,
        "email": f"billing@client-{number}.example",
        "language": LANGUAGE.get(country, ""),
    }
