"""A real installation of its own: companies in a lake, users of each, and whatever they have made.

parent (1)  <-  own (2)  <-  child (4)            a visitor of 2 sees what is of 2 and of 4
            <-  sibling (3)                       and nothing of 1, of 3 or of the whole group ("")
"""

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from itertools import count
from pathlib import Path

import nbformat
import nbformat.v4 as nb
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session

from reports_lib.accounts import account as accounts
from reports_lib.accounts import token as tokens
from reports_lib.accounts.role import Role
from reports_lib.database.roles import make_database
from reports_lib.database.schema import Account, Audience, ChartTemplate, State
from reports_lib.database.server import database_url
from reports_lib.database.url import replaced
from reports_lib.display import Column, Grid, Info, bars
from reports_lib.parameters.query import Query, slug, write_query
from reports_lib.portal.app import app
from reports_lib.rendering.formats import Format
from reports_lib.runs.installation import Installation
from reports_lib.runs.render import contents
from reports_lib.snapshots import index, links
from reports_lib.snapshots.links import Access
from reports_lib.snapshots.manifest import Author, Manifest
from reports_lib.snapshots.seal import seal
from reports_lib.warehouse import writer
from reports_lib.warehouse.address import Address
from reports_lib.workspace import Workspace
from tests.conftest import to_arrow
from tests.portal.bills import COMPANY, furnish_bills
from tests.portal.coupons import furnish_coupons
from tests.portal.people import _hashed, token_of
from tests.portal.rows import Rows
from tests.rendering.sample import output, sample

ROOT = Path(__file__).parents[2]
FAMILY = "customer_dynamics"
MADE = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
COMPANIES = {"parent": "1", "own": "2", "sibling": "3", "child": "4", "group": ""}
NAMES = ("Olga Ivanova", "Miguel Torres", "Ann Petrova")
CLIENTS = ("Meyer & Söhne OHG", "Иванова и партнёры", "عميل الشبكة", "Lighthouse Hospitality", *"EFGH")
PROFILE = {
    "registration_status": "confirmed", "first_name": "Ann", "email": "ann.petrova@example.com", "country": "DE",
    "phone": "+49 30 901820", "city": "Berlin", "metadata": '{"favourite_team": "Hertha BSC", "newsletter": true}',
}  # fmt: skip
TAGS = ["vip", "wholesale", "late", "prepaid"]
PARENTS = {"1": None, "2": 1, "3": 1, "4": 2}

_number = count(1)


@dataclass(frozen=True)
class Place:
    """The installation, and what makes things in it."""

    installation: Installation
    folder: Path  # tables of notebooks that were executed

    @cached_property
    def web(self) -> FastAPI:
        """One application for all."""
        return app(self.installation)

    @property
    def runs(self) -> Rows:
        return Rows(self.installation)

    def client(self, role: str = "", company: str = "", name: str | None = None) -> TestClient:
        """A browser's client that follows nothing; without a role nobody is signed in."""
        client = TestClient(self.web, headers={"Sec-Fetch-Site": "same-origin"}, follow_redirects=False)
        if role:
            cookie = token_of(self.installation, role, company, name)
            client.cookies.set("sid", cookie, domain="testserver.local")
        return client

    def account(self, name: str, role: str, company: str, full_name: str = "") -> None:
        with Session(self.installation.database) as session, session.begin():
            made = Account(
                name=name, role=Role(role), company=company, full_name=full_name, password_hash=_hashed(),
                password_at=MADE, made_at=MADE,
            )  # fmt: skip
            session.add(made)

    def warehouse(self, tables: Mapping[str, Sequence[Mapping]]) -> None:
        owner = Address.of(self.installation.workspace, reader=False)
        filled = {name: to_arrow(name, rows) for name, rows in tables.items()}
        writer.write(owner, filled, author="tests", message="given rows", replace=True)

    def notebook(self, family: str, title: str, question: str, parameters: str, **about: str) -> None:
        """A family of which only the form is wanted."""
        cells = [
            nb.new_markdown_cell(f"# {title}\n\n{question}"),
            nb.new_code_cell(parameters, metadata={"tags": ["parameters"]}),
        ]
        made = nb.new_notebook(cells=cells, metadata={"daybook": about} if about else {})
        nbformat.write(made, self.installation.workspace.notebooks / f"{family}.ipynb")

    def report(self, company: str, user: str, title: str, rows: Sequence[Sequence[object]], **values) -> Manifest:
        """A sealed report of texts and counts, with a chart of them."""
        columns = values.pop("columns", [Column("name", "Name"), Column("n", "Number", "quantity")])
        said = [{"name": text, "n": number} for text, number in rows]
        folder = self.folder / str(next(_number))
        folder.mkdir()
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("DAYBOOK_TABLES", str(folder))
            labels = values.get("labels") or {"Currency": "USD"}
            shown = [
                Info(labels, "2026-10-01/2026-10-31", None, MADE, "UTC", "17", [title]),
                Grid(title, said, columns, note=title, name="rows", is_main=True),
                bars(said, columns[0], columns[1], title, title),
            ]  # fmt: skip
            outputs = [output(each) for each in shown]
        cells = [nb.new_markdown_cell(f"# {title}"), nb.new_code_cell("", outputs=outputs)]
        draft = Manifest(
            **{
                "family": FAMILY, "title": title, "set_name": None, "asked": {}, "resolved": {}, "labels": {},
                "requested_interval": "2026-10-01/2026-10-31", "data_interval": None, "as_of": MADE,
                "time_zone": "UTC", "data_version": "17", "notebook_sha256": "0" * 64, "code_version": "0",
                "generated_by": Author("analyst", user, company), "generated_at": MADE, "duration_ms": 1234,
            } | values
        )  # fmt: skip
        files, tables = contents(nb.new_notebook(cells=cells), folder, draft, [Format.HTML])
        made = seal(self.installation.store, replace(draft, tables=tables), files)
        with Session(self.installation.database) as session, session.begin():
            index.insert(session, made)
        return made

    def query(self, name: str, owner: str = "", company: str = "", visibility: str = "public", **more) -> str:
        """A saved query; returns the name of its set."""
        values = more.pop("values", {"interval": "last month"})
        family = more.pop("family", FAMILY)
        query = Query(values, name=name, owner=owner, company=company, visibility=visibility, **more)
        folder = self.installation.workspace.parameters / family
        folder.mkdir(exist_ok=True)
        set_name = f"{slug(name)[:40].strip('-')}-{next(_number)}"
        write_query(folder / f"{set_name}.yaml", query)
        return set_name

    def chart(self, name: str, owner: str, company: str, visibility: str, **more) -> int:
        """A chart template of the reports' table; returns its number."""
        family = more.pop("family", FAMILY)
        choice = {"kind": "bar", "table": "rows", "x": "name", "y": ["n"]} | more
        with Session(self.installation.database) as session, session.begin():
            made = ChartTemplate(
                family=family, table_name="rows", name=name, choice=choice, visibility=visibility, owner=owner,
                company=company, made_at=MADE,
            )  # fmt: skip
            session.add(made)
            session.flush()
            return made.id


@pytest.fixture(scope="module")
def place(workspace: Workspace, tmp_path_factory: pytest.TempPathFactory):
    """An installation with the real notebook of customer dynamics and an empty lake."""
    name = f"place_{next(_number)}"
    root = tmp_path_factory.mktemp(name)
    (root / "notebooks").mkdir()
    (root / "parameters").mkdir()
    shutil.copy(ROOT / "notebooks" / f"{FAMILY}.ipynb", root / "notebooks")
    main = database_url(workspace)
    own = Workspace(root, root / "outputs", database_url=make_database(replaced(main, dbname=name), beside=main))
    writer.create(Address.of(own, reader=False))
    installation = Installation(own)
    yield Place(installation, tmp_path_factory.mktemp("tables"))
    installation.database.dispose()


@dataclass(frozen=True)
class Furnished:
    """A place as people would leave it after some weeks, and the addresses of its pages by their names."""

    place: Place
    pages: Mapping[str, str]


@pytest.fixture(scope="module")
def furnished(place: Place) -> Furnished:
    """Reports, runs in every state, queries, charts and links that look like a company's."""
    return furnish(place)


def furnish(place: Place) -> Furnished:
    """Put it all there; the user is `ann`, an administrator of the whole group."""
    place.warehouse(
        {
            "company": [
                {"company_id": 1, "parent_company_id": None, "name": "Northwind Telecom", **COMPANY},
                {"company_id": 2, "parent_company_id": 1, "name": "Northwind South"},
            ],
            "app_user": [{"user_id": n, "company_id": 1, "full_name": name} for n, name in enumerate(NAMES, 1)],
            "client": [{"client_id": n, "company_id": 1, "name": name} for n, name in enumerate(CLIENTS, 1)],
            "client_profile": [{"client_id": n, **PROFILE, "last_name": name} for n, name in enumerate(CLIENTS, 1)],
            "client_social": [{"client_id": 1, "network": name, "handle": "meyer"} for name in ("facebook", "x")],
            "client_tag": [{"client_id": n, "tag": tag} for n, tag in enumerate(TAGS, 1)],
            "package": [{"package_id": n, "name": f"Family {n}00"} for n in range(1, 6)],
            "currency": [
                {"code": code, "details_precision": 4, "totals_precision": 2} for code in ("USD", "EUR", "UAH")
            ],
        }
    )
    place.notebook(
        "traffic", "Traffic by destination", "How much was called, and where?", 'interval: Interval = "last month"'
    )
    place.account("ann", "admin", "", "Ann Petrova")
    place.account("board", "viewer", "", "The Board")
    manifest = _sample(place)
    now = datetime.now(UTC)
    with Session(place.installation.database) as session, session.begin():
        token = links.make(session, manifest.id, by="ann", at=now)
        links.make(session, manifest.id, by="ann", at=now, access=Access(Audience.NAMED, readers=["board"]))
        links.revoke(session, links.make(session, manifest.id, by="ann", at=now, access=Access(Audience.PUBLIC)), now)
        account = accounts.find(session, "ann")
        tokens.make(session, account, "Nightly export", None, now)
    asked = {"interval": "last 12 months", "currency": "EUR", "client_tags": TAGS[:2]}
    more = {"asked": asked, "user_name": "ann", "role": "admin"}
    add = place.runs.add
    made = add(State.GENERATED, name="Customer dynamics for the board", snapshot_id=manifest.id, **more)
    failed = add(
        State.ERROR,
        name="Prepaid cards, EUR",
        step="Exchange rates",
        done=3,
        total=8,
        **more | {"error": "no rate of UAH to EUR before 2026-03-01; load it with `daybook ingest fx_rate`"},
    )
    add(State.CANCELLED, name="Customers by package", error="cancelled by ann", **more)
    for month in range(1, 13):
        add(
            State.ERROR if month % 5 == 0 else State.CANCELLED,
            set_name="previous-month",
            **more | ({"error": "the warehouse did not answer within 60 s"} if month % 5 == 0 else {}),
        )
    add(State.QUEUED, name="Traffic, last week", **more | {"family": "traffic"})
    running = add(
        State.GENERATING,
        name="Customer dynamics by package",
        stage="executing",
        step="Packages",
        done=5,
        total=8,
        **more,
    )
    query = place.query(
        "The board’s figures",
        "ann",
        "",
        "company",
        note="For the meeting on the 3rd.",
        formats=("xlsx",),
        recipients=("board@example.com",),
        cron="0 6 1 * *",
        time_zone="Europe/Kyiv",
        values={"interval": "last 12 months", "currency": "EUR", "client_tags": TAGS[:2]},
    )
    place.query(
        "Prepaid cards, EUR", values={"interval": "last month", "client_type": "calling_card", "currency": "EUR"}
    )
    place.query("Yesterday", "ann", "", "private", values={"interval": "yesterday"})
    place.chart(
        "Active clients by month",
        "ann",
        "",
        "public",
        table="customer_dynamics",
        x="bucket",
        y=["clients_–_active_qty"],
        by="",
        sort="table",
        palette="daybook",
        colours=[],
        title="",
    )
    pages = {
        "list": "/", "ask": "/ask", "form": f"/ask/{FAMILY}",
        "form-filled": f"/ask/{FAMILY}?interval=last+week&client_tags={TAGS[0]}&currency=XYZ",
        "run-running": f"/runs/{running}", "run-failed": f"/runs/{failed}", "run-ready": f"/runs/{made}",
        "delete": f"/runs/{made}/delete", "queries": "/queries", "query": f"/queries/{FAMILY}/{query}",
        "viewer": f"/view?id={token}", "sealed": f"/view?id={token}&as=html", "share": f"/view/share?id={token}",
        "chart": f"/view/chart?id={token}", "chart-blank": f"/view/chart?id={token}&blank=1",
        "account": "/account", "missing": "/nowhere", "sign-in": "/sign-in?next=/queries",
        "customers": "/customers", "customers-filtered": "/customers?country=DE&born_since=May",
        "customer": "/customers/1", "customer-edit": "/customers/1/edit", "customer-delete": "/customers/1/delete",
        **furnish_bills(place.installation), **furnish_coupons(place.installation),
    }  # fmt: skip
    return Furnished(place, pages)


def _sample(place: Place) -> Manifest:
    folder = place.folder / str(next(_number))
    folder.mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DAYBOOK_TABLES", str(folder))
        executed = sample()
    draft = Manifest(
        family=FAMILY, title="Customer dynamics", set_name="last-12-months", asked={"currency": "USD"},
        resolved={"currency": "USD"}, labels={"Currency": "USD", "Client Type": "client"},
        requested_interval="2025-11-01/2026-10-31", data_interval=None, as_of=MADE, time_zone="Europe/Kyiv",
        data_version="17", notebook_sha256="0" * 64, code_version="0", generated_by=Author("admin", "ann"),
        generated_at=MADE, duration_ms=1234,
    )  # fmt: skip
    files, tables = contents(executed, folder, draft, [Format.HTML])
    made = seal(place.installation.store, replace(draft, tables=tables), files)
    with Session(place.installation.database) as session, session.begin():
        index.insert(session, made)
    return made
