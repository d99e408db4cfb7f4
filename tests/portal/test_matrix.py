"""Who may what with whose: every role at every address with the things of every company (T4, JD-72, G-13, T-28).

`CASES` is the one table of what is expected. An address that no case names fails by its name. Each thing
holds a word that is nowhere else, `qv<company><kind>`; no answer may hold one of what the visitor may not see.
"""

import io
import json
import re
import zipfile
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from reports_lib.accounts import account as accounts
from reports_lib.accounts import token as tokens
from reports_lib.database.schema import (
    Account,
    Audience,
    AuditEntry,
    CdrFile,
    ChartTemplate,
    Coupon,
    CouponGroup,
    Link,
    Operation,
    Run,
    SignIn,
    State,
)
from reports_lib.parameters.query import version
from reports_lib.portal.api.app import CALLS
from reports_lib.portal.app import ROUTES
from reports_lib.portal.users.guesses import Guesses
from reports_lib.snapshots import links
from reports_lib.snapshots.links import Access
from tests.invoicing.samples import line
from tests.portal.bills import Bills
from tests.portal.expected import APART, API, CASES, INSIDE, PROGRAMS, ROLES, filled
from tests.portal.place import COMPANIES, FAMILY, MADE, PARENTS, Place, place

__all__ = ["place"]

HOME = COMPANIES["own"]
HERS = ("user", "full")  # names of users: for their own company only
NAMING = (
    "/queries",
    "/view/share",
    "/api/v1/queries",
    "/api/v1/runs/{run_made}/links",
)  # pages that name users also to the companies above theirs
THEIRS = ("privateset", "privatechart", "privatenote")  # for whoever made it only
OPEN = ("publicset", "publicchart", "publicnote")  # for everyone who is signed in
MARK = re.compile(r"qv(own|child|sibling|parent|group)([a-z]+)", re.IGNORECASE)
IMAGE = ("image/png", "application/pdf")

_number = count(1)


@dataclass
class Things:
    """What there is of one company: by name what stands in addresses."""

    place: Place
    relation: str
    known: dict[str, object] = field(default_factory=dict)

    @property
    def company(self) -> str:
        return COMPANIES[self.relation]

    def mark(self, kind: str) -> str:
        return f"qv{self.relation}{kind}"

    def get(self, name: str) -> object:
        if name == "name":
            return f"Name {next(_number)}"
        if name.startswith("new_"):
            return self._new(name.removeprefix("new_"))
        return self.known[name]

    def _new(self, name: str) -> object:
        """A thing of its own for a request that may change it."""
        if name in ("waiting", "failed"):
            return self.run(State.QUEUED if name == "waiting" else State.ERROR)
        kind = name.rpartition("_")[2]
        if name == "file":
            return self.file()
        if name.startswith("bill_"):
            return self.bill(kind)
        if name.startswith("set_"):
            return self.saved(kind)
        return self.kept(kind) if name.startswith("chart_") else self.link()

    def run(self, state: State, **more) -> int:
        asked = {"interval": "last month", "client_tags": [self.mark("tag")]} if self.company else {}
        error = {"error": self.mark("error")} if state == State.ERROR else {}
        return self.place.runs.add(
            state,
            company=self.company,
            user_name=self.mark("user"),
            name=self.mark("run"),
            asked=asked,
            **error,
            **more,
        )

    def file(self) -> int:
        """A file of call records, with a line that was rejected."""
        rejects = self.place.installation.workspace.outputs / "rejects" / f"{self.company}-{next(_number)}.csv"
        rejects.parent.mkdir(exist_ok=True)
        rejects.write_text(f"file,line,column,reason,record\na.csv,1,,{self.mark('reason')},x\n")
        made = CdrFile(
            company=self.company, name=self.mark("file"), sha256=f"{next(_number):064x}", format="asterisk",
            size_bytes=1, uploaded_at=MADE, processed_at=MADE, uploaded_by=self.mark("user"), state="success",
            lines=1, rejected=1, rejects=f"rejects/{rejects.name}",
        )  # fmt: skip
        with Session(self.place.installation.database) as session, session.begin():
            session.add(made)
            session.flush()
            return made.id

    def bill(self, kind: str) -> int:
        """An invoice; with its payment, if it is paid."""
        name, client, series = self.mark("bill"), int(self.company or 999), f"Q{self.company}-"
        bills = Bills(self.place.installation, self.company, client, name, series, self.mark("user"))
        if kind in ("draft", "held"):
            return bills.draft(line(1, "10"), held=[self.mark("held")] if kind == "held" else [])
        made = bills.recorded(line(1, "10", description=self.mark("billed")))
        if kind == "paid":
            self.known["payment"] = bills.pay({made: "1"})
        return made

    def coupon(self) -> tuple[int, int]:
        """A group with a coupon, and the operation that added it."""
        made = CouponGroup(
            company=self.company, name=self.mark("coupons"), created_at=MADE, created_by=self.mark("user")
        )
        with Session(self.place.installation.database) as session, session.begin():
            session.add(made)
            session.flush()
            change = Operation(
                key=self.mark("key"), kind="add coupon group", subject=f"coupon group {made.id}", who=self.mark("user"),
                company=self.company, at=MADE, asked="0", before={}, after={}, state="done", ended_at=MADE,
            )  # fmt: skip
            session.add(change)
            session.flush()
            coupon = Coupon(
                group_id=made.id, operation_id=change.id, code=self.mark("code"), reusable=True, coupon_type="plan",
                discount_type="trial_days", trial_days=3, enabled=True, created_at=MADE,
            )  # fmt: skip
            session.add(coupon)
            return made.id, change.id

    def saved(self, kind: str) -> str:
        owner, note = self.mark("user"), self.mark(f"{kind}note")
        more = {"note": note, "recipients": (f"{self.mark('mail')}@example.com",), "formats": ("csv",)}
        return self.place.query(self.mark(f"{kind}set"), owner, self.company, kind, **more)

    def kept(self, kind: str) -> int:
        name = f"{self.mark(f'{kind}chart')} {next(_number)}"
        more = {"by": "", "sort": "table", "palette": "daybook", "colours": [], "title": self.mark(f"{kind}chart")}
        return self.place.chart(name, self.mark("user"), self.company, kind, **more)

    def link(self, **access) -> str:
        with Session(self.place.installation.database) as session, session.begin():
            return links.make(
                session, self.known["snapshot"], by=self.mark("user"), at=datetime.now(UTC), access=Access(**access)
            )

    def make(self) -> None:
        user, known, place = self.mark("user"), self.known, self.place
        place.account(user, "analyst", self.company, self.mark("full"))
        tag, company = self.mark("tag"), self.company
        made = place.report(
            company, user, self.mark("report"), [(f"{self.mark('report')} {n}", n) for n in (1, 2, 3)],
            asked={"client_tags": [tag], "company": [company]}, labels={"Client Tags": tag},
            resolved={"client_tags": [tag], "company": [company]},
        )  # fmt: skip
        known |= {"snapshot": made.id, "company": company or "999", "tag": tag, "staff": company or "999"}
        audiences = {
            "any": {},
            "company": {"audience": Audience.COMPANY, "company": company or "1"},
            "named": {"audience": Audience.NAMED, "readers": [user]},
            "public": {"audience": Audience.PUBLIC},
            "revoked": {},
            "expired": {"expires_at": datetime.now(UTC) - timedelta(seconds=1)},
        }
        known |= {f"link_{name}": self.link(**access) for name, access in audiences.items()}
        with Session(place.installation.database) as session, session.begin():
            links.revoke(session, str(known["link_revoked"]), MADE)
        known["run_made"] = self.run(State.GENERATED, snapshot_id=made.id)
        known["run_failed"] = self.run(State.ERROR, step=self.mark("step"), total=3)
        known["run_waiting"] = self.run(State.QUEUED)
        known["run_generating"] = self.run(State.GENERATING, step=self.mark("step"), total=3)
        folder = place.installation.workspace.outputs / "runs" / str(known["run_failed"]) / "1"
        folder.mkdir(parents=True)
        (folder / "executed.ipynb").write_text(json.dumps({"cells": [], "said": self.mark("notebook")}))
        for kind in ("draft", "held", "recorded", "paid"):
            known[f"bill_{kind}"] = self.bill(kind)
        known["client"], known["file"] = company or "999", self.file()
        known["coupons"], known["coupon_change"] = self.coupon()
        for kind in ("private", "company", "public"):
            known[f"set_{kind}"], known[f"chart_{kind}"] = self.saved(kind), self.kept(kind)
        with Session(place.installation.database) as session, session.begin():
            account = accounts.find(session, user)
            token = tokens.make(session, account, self.mark("label"), None, datetime.now(UTC))
            session.flush()
            known["token"] = tokens.working(session, account, datetime.now(UTC))[0].id[: tokens.SHORT]
            session.add(SignIn(id=f"{self.relation:0>64}".replace("o", "0"), account_id=account.id, made_at=MADE,
                               seen_at=datetime.now(UTC), expires_at=datetime.now(UTC) + timedelta(days=1),
                               agent=self.mark("agent")))  # fmt: skip
        known["browser"] = f"{self.relation:0>64}".replace("o", "0")[:16]
        assert token


@pytest.fixture(scope="module")
def things(place):
    """What each company has."""
    rows = {"company": [], "app_user": [], "client": [], "client_profile": [], "client_tag": []}
    for relation, company in COMPANIES.items():
        if company:
            number, word = int(company), f"qv{relation}"
            rows["company"].append(
                {"company_id": number, "parent_company_id": PARENTS[company], "name": f"{word}company"}
            )
            rows["app_user"].append({"user_id": number, "company_id": number, "full_name": f"{word}staff"})
            rows["client"].append({"client_id": number, "company_id": number, "owner_user_id": number,
                                   "name": f"{word}bill"})  # fmt: skip
            known = {"first_name": f"{word}customer", "email": f"{word}letters@example.com"}
            rows["client_profile"].append({"client_id": number, "registration_status": "confirmed", **known})
            rows["client_tag"].append({"client_id": number, "tag": f"{word}tag"})
    rows["package"] = [{"package_id": 1, "name": "Basic"}]
    rows["currency"] = [{"code": code, "details_precision": 4, "totals_precision": 2} for code in ("USD", "EUR")]
    place.warehouse(rows)
    found = {relation: Things(place, relation) for relation in COMPANIES}
    for each in found.values():
        each.make()
    for each in found.values():  # another report of the visitor's own company
        each.known["of_own"] = found["own"].known["link_any"]
        each.known["other_own"] = found["own"].known["link_public"] if each.relation != "own" else None
    other = place.report(HOME, "qvownuser", "qvownreport", [("qvownreport", 1)])
    with Session(place.installation.database) as session, session.begin():
        found["own"].known["other_own"] = links.make(session, other.id, by="x", at=datetime.now(UTC))
    return found


@pytest.fixture(scope="module")
def visitors(place, things):
    """A client of each role in the company `own`, of a token, and of nobody."""
    clients = {role: place.client(role, HOME, f"visitor-{role}") for role in ROLES}
    clients |= {"token": place.client(), "nobody": place.client()}
    with Session(place.installation.database) as session, session.begin():
        account = accounts.find(session, "visitor-analyst")
        made = tokens.make(session, account, "matrix", None, datetime.now(UTC))
    del clients["token"].headers["Sec-Fetch-Site"]
    clients["token"].headers["Authorization"] = f"Bearer {made}"
    with ExitStack() as stack:  # one thread for all that each asks
        yield {who: stack.enter_context(client) for who, client in clients.items()}


def asked(case, things):
    """Address and form of a case with the things in it."""
    values = {name: things.get(name) for name in sorted(case.names | {"name"})}  # a new bill before its payment
    for name in [name for name in values if name.startswith("new_set")]:
        folder = things.place.installation.workspace.parameters / FAMILY
        values["version"] = version(folder / f"{values[name]}.yaml")
    return case.at.format_map(values), filled(case.form, values), {str(value) for value in values.values()}


def words_of(answer):
    """All that an answer says, packed sheets and addresses of redirects too."""
    if answer.headers.get("content-type", "").startswith(IMAGE):
        return ""
    said = answer.headers.get("location", "") + answer.headers.get("content-disposition", "")
    if answer.content[:4] == b"PK\x03\x04":
        with zipfile.ZipFile(io.BytesIO(answer.content)) as file:
            return said + "".join(file.read(name).decode("utf-8", "replace") for name in file.namelist())
    return said + answer.text


def may_know(who, relation, kind, case, about):
    """Whether a visitor may meet that word in the answer to a case about a thing of the company `about`."""
    if relation == about and kind in case.shows and (who != "nobody" or "link_public" in case.at):
        return True
    if who == "nobody" or kind in THEIRS:
        return False
    if kind in OPEN:
        return True
    return relation == "own" if kind in HERS and not case.at.startswith(NAMING) else relation in INSIDE


def test_what_is_shown_is_there_to_be_shown(things, visitors):
    """The words are where the matrix looks for them, so that their absence says something."""
    group = things["own"].place.client("admin", "", "visitor-of-all")
    own = things["own"].known
    for address, kinds in {
        "/": ["run", "error", "step"],
        f"/runs/{own['run_failed']}": ["run", "error", "tag", "step"],
        f"/runs/{own['run_failed']}/notebook": ["notebook"],
        f"/runs/{own['run_made']}/events": [],
        "/customers": ["customer", "letters"],
        f"/customers/{own['client']}": ["customer", "letters"],
        "/invoices": ["bill"],
        f"/invoices/{own['bill_recorded']}": ["bill", "billed", "user"],
        f"/invoices/{own['bill_held']}": ["held"],
        "/coupons": ["coupons"],
        f"/coupons/{own['coupons']}": ["coupons", "code", "user"],
        "/queries": ["companyset", "publicset"],
        f"/queries/{FAMILY}/{own['set_company']}": ["companyset", "companynote", "mail", "full"],
        f"/view?id={own['link_any']}": ["report", "tag"],
        f"/view?id={own['link_any']}&as=csv": ["report"],
        f"/view?id={own['link_any']}&as=xlsx": ["report"],
        f"/view/data?id={own['link_any']}": ["report"],
        f"/view/chart?id={own['link_any']}": ["report", "companychart", "publicchart"],
        f"/view/share?id={own['link_any']}": ["report", "user", "company"],
        f"/ask/{FAMILY}/options/client_tags": ["tag"],
        f"/ask/{FAMILY}/options/company": ["company"],
        f"/ask/{FAMILY}/options/owner_user": ["staff"],
        f"/ask/{FAMILY}?from_run={own['run_made']}": ["tag"],
    }.items():
        said = words_of(visitors["admin"].get(address))
        assert {kind for kind in kinds if f"qvown{kind}" in said} == set(kinds), address
        if not any(word in address for word in ("id=", "/runs/", "/invoices/", "/customers/", "/coupons/", "from_run")):
            said = words_of(group.get(address))
            assert [r for r in COMPANIES if r != "group" and f"qv{r}" not in said] == [], address


@pytest.mark.parametrize(
    "case", [*CASES, *PROGRAMS], ids=lambda case: f"{case.route.partition(' ')[0]} {case.at} {'|'.join(case.form)}"
)
def test_who_may_what_with_whose(place, things, visitors, case):  # T4, JD-72, G-13
    method, wrong = case.route.partition(" ")[0], []
    for who, client in visitors.items():
        for relation in case.about(who):
            place.web.state.guesses = Guesses()  # whose patience is tried elsewhere
            address, form, typed = asked(case, things[relation])
            sent = {"json": form} if form and address.startswith(API) else {"data": form} if form else {}
            answer = client.request(method, address, **sent)
            expected = case.expected(who, relation)
            if answer.status_code != expected:
                wrong.append(f"{who} of {relation}: {answer.status_code} and not {expected}, {method} {address}")
            said = words_of(answer)
            for text in typed:  # what was asked comes back; nothing else may
                said = said.replace(text, "")
            found = {(m[1].lower(), m[2].lower()) for m in MARK.finditer(said)}
            leaks = [f"qv{r}{k}" for r, k in sorted(found) if not may_know(who, r, k, case, relation)]
            if leaks:
                wrong.append(f"{who} of {relation}: learns {leaks}, {method} {address}")
    assert not wrong, "\n".join(wrong)


@pytest.fixture(autouse=True)
def tidied(place, things):
    """Queries that a test has made are gone after it: with hundreds of them lists would take their time."""
    folder = place.installation.workspace.parameters / FAMILY
    before = set(folder.iterdir())
    yield
    for path in set(folder.iterdir()) - before:
        path.unlink()


def test_every_address_has_its_case():
    known = {case.route for case in [*CASES, *PROGRAMS]} | APART
    there = {f"{route.methods[0]} {route.path}" for route in ROUTES}
    there |= {f"{call.method} {API}{call.path}" for call in CALLS}
    assert not there - known, f"say in CASES who may what at {sorted(there - known)}"
    assert not known - there, f"no such address: {sorted(known - there)}"


def test_the_list_counts_what_it_shows(place, things, visitors):
    with Session(place.installation.database) as session:
        owned = select(func.count()).select_from(Run).where(Run.deleted_at.is_(None), Run.company.in_([HOME, "4"]))
        there = session.scalar(owned)
        everything = session.scalar(select(func.count()).select_from(Run).where(Run.deleted_at.is_(None)))
    assert 0 < there < everything
    counted = re.search(
        r'data-category="all"[^>]*>\s*\w+\s*<span class="count">([\d,]+)', visitors["viewer"].get("/").text
    )
    assert int(counted[1].replace(",", "")) == there


def test_what_others_made_is_still_theirs(place, things):
    """After all of that nothing of the companies that a visitor does not see was changed by one of them."""
    outside = [COMPANIES[relation] for relation in COMPANIES if relation not in INSIDE]
    with Session(place.installation.database) as session:
        runs = select(func.count()).select_from(Run).where(Run.company.in_(outside))
        assert session.scalar(runs.where(Run.deleted_at.is_not(None))) == 0
        assert session.scalar(runs.where(Run.state == State.CANCELLED)) == 0
        assert session.scalar(runs.where(Run.user_name.startswith("visitor-"))) == 0
        ids = [things[r].known["snapshot"] for r in things if r not in INSIDE]
        made = select(func.count()).select_from(Link).where(Link.snapshot_id.in_(ids))
        assert session.scalar(made.where(Link.made_by.startswith("visitor-"))) == 0
        theirs = select(ChartTemplate.name).where(ChartTemplate.company.in_(outside))
        assert all(name.startswith("qv") for name in session.scalars(theirs))
        entries = session.scalars(select(AuditEntry).where(AuditEntry.who.startswith("visitor-"))).all()
        words = ("qvsibling", "qvparent", "qvgroup")
        assert not [e for e in entries if any(word in str([e.before, e.after]) for word in words)]
        assert session.scalar(select(func.count()).select_from(Account).where(Account.disabled_at.is_not(None))) == 0


@pytest.mark.parametrize("ends", sorted(APART))
def test_one_leaves_only_oneself(place, things, ends):
    one, other = place.client("analyst", HOME, "leaver"), place.client("analyst", HOME, "stayer")
    assert one.post(ends.partition(" ")[2]).status_code == 303
    one.cookies.clear()
    assert (one.get("/").status_code, other.get("/").status_code) == (303, 200)


def test_what_is_ones_own_may_be_changed(place, things):
    """A private query and chart: their owner sees and changes them, whoever else does not."""
    owner = place.client("analyst", HOME, "qvownuser")
    own = things["own"]
    name = own.saved("private")
    assert owner.get(f"/queries/{FAMILY}/{name}").status_code == 200
    assert owner.post(f"/queries/{FAMILY}/{name}/delete").status_code == 303
    chart = own.kept("private")
    address = f"/view/chart/delete?id={own.known['link_any']}&template={chart}"
    assert owner.post(address).status_code == 303


# Ids exchanged: what is one's own in one place opens nothing of others in another (T4)


@pytest.mark.parametrize("relation", ["sibling", "parent", "group"])
def test_an_id_of_others_beside_ones_own(place, things, visitors, relation):
    own, theirs = things["own"].known, things[relation].known
    admin = visitors["admin"]
    place.web.state.guesses = Guesses()
    assert admin.post(f"/view/revoke?id={own['link_any']}", data={"link": theirs["link_any"]}).status_code == 404
    assert admin.post(f"/view/revoke?id={theirs['link_any']}", data={"link": own["link_any"]}).status_code == 403
    assert admin.get(f"/view/chart?id={theirs['link_any']}&template={theirs['chart_company']}").status_code == 404
    for address in (
        f"/view?id={theirs['snapshot']}",
        f"/view?id={theirs['run_made']}",
        f"/view/data?id={own['snapshot']}",
    ):
        assert admin.get(address).status_code == 404
    # a link followed to a report of others says nothing of its run, of its other links, of its newer version
    page = admin.get(f"/view?id={theirs['link_any']}").text
    assert all(str(theirs[f"link_{name}"]) not in page for name in ("company", "named", "public"))
    assert f"/runs/{theirs['run_made']}" not in page
    assert "/view/share" not in page
    assert theirs["snapshot"] not in page


@pytest.mark.parametrize("number", ["0", "-1", "9" * 18, "9" * 30, "1e3", "%31", "１"])
def test_numbers_of_runs_that_are_none(visitors, number):
    for suffix in ("", "/events", "/notebook"):
        assert visitors["admin"].get(f"/runs/{number}{suffix}").status_code == 404


@pytest.mark.parametrize(
    "name", ["../sibling", "..%2f..%2fetc%2fpasswd", "%00", "a" * 5000, ".", "..", "x%0d%0aSet-Cookie:a=b"]
)
def test_names_that_are_paths(visitors, name):  # T10
    for address in (f"/ask/{name}", f"/queries/{name}/x", f"/queries/{FAMILY}/{name}", f"/ask/{FAMILY}?set={name}",
                    f"/ask/{FAMILY}/options/{name}", f"/static/{name}"):  # fmt: skip
        answer = visitors["admin"].get(address)
        assert answer.status_code in (404, 422, 303, 307, 200)
        assert "root:" not in answer.text
        assert answer.status_code == 404 or "%2f" not in name.lower() or address.startswith(f"/ask/{FAMILY}?")
        assert "a" not in answer.cookies
