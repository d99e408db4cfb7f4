"""Hostile texts in everything that people and data can write, on every page, in a real browser (T1, T22).

All of them are put where a text is kept: rows of the warehouse, runs, queries, charts, links, accounts, notebooks,
addresses and forms. Nothing of them may run, be fetched, or become an attribute that could.
"""

import json
from datetime import UTC, datetime, timedelta
from itertools import cycle, islice
from urllib.parse import quote

import pytest
from sqlalchemy.orm import Session

from reports_lib.accounts import account as accounts
from reports_lib.accounts import token as tokens
from reports_lib.database.schema import Audience, Link, SignIn, State
from reports_lib.display import Column
from reports_lib.errors import DaybookError
from reports_lib.snapshots import links
from tests.portal.conftest import served
from tests.portal.corpus import PAYLOADS, PLAIN
from tests.portal.people import token_of
from tests.portal.place import MADE, place

__all__ = ["place"]
pytestmark = pytest.mark.browser

KINDS = ("bar", "stacked", "line", "area", "pie", "scatter")
LIVE = """() => {
  const found = window.__xss === undefined ? [] : ["ran"];
  const bad = /^[\\s\\u0000-\\u0020]*(javascript|vbscript|data:text)/i;
  for (const element of document.querySelectorAll("*")) {
    for (const { name, value } of element.attributes) {
      if (/^on/i.test(name)) found.push(`${element.tagName} ${name}`);
      const leads = ["href", "src", "action", "formaction", "xlink:href", "data", "srcdoc", "background"];
      if (!leads.includes(name)) continue;
      if (bad.test(value) || name === "srcdoc") found.push(`${element.tagName} ${name}=${value}`);
      if (/evil\\.example/.test(new URL(value, location).host)) found.push(`leads to ${value}`);
    }
    if (element.tagName === "SCRIPT" && !element.src && element.type !== "application/json") found.push("a script");
    const none = ["OBJECT", "EMBED", "BASE", "MARQUEE", "MATH", "AUDIO", "VIDEO"];
    if (none.includes(element.tagName)) found.push(element.tagName);
  }
  return found;
}"""


def kept(make, texts):
    """What could be made of the texts; those that are refused are no danger."""
    found = []
    for text in texts:
        try:
            found.append(make(text))
        except DaybookError:
            continue
    return found


@pytest.fixture(scope="module")
def poisoned(place):
    """The place with hostile texts in all of it; what the addresses of its pages take."""
    printed = [text for text in PAYLOADS if "\0" not in text]
    spare = cycle(printed)
    place.warehouse(
        {
            "company": [
                {"company_id": n, "parent_company_id": None, "name": text} for n, text in enumerate(printed, 1)
            ],
            "app_user": [{"user_id": n, "company_id": n, "full_name": text} for n, text in enumerate(printed, 1)],
            "client": [{"client_id": n, "company_id": n, "name": text} for n, text in enumerate(printed, 1)],
            "client_profile": [
                {"client_id": n, "email": text, "metadata": json.dumps({text: next(spare)})}
                | dict.fromkeys(("registration_status", "first_name", "phone", "gender", "city", "country"), text)
                for n, text in enumerate(printed, 1)
            ],
            "client_social": [{"client_id": n, "network": text, "handle": text} for n, text in enumerate(printed, 1)],
            "client_tag": [{"client_id": n, "tag": text} for n, text in enumerate(printed, 1)],
            "package": [{"package_id": n, "name": text} for n, text in enumerate(printed, 1)],
            "currency": [{"code": "USD", "details_precision": 4, "totals_precision": 2}],
        }
    )
    one = "<img src=x onerror=window.__xss=1>\"'></title></textarea><script>window.__xss=1</script>{{7*7}}"
    place.notebook(
        "hostile",
        one,
        one,
        f"""interval: Interval = "last month"  # Filters | {one}
words: Text = {one!r}  # {one} | {one}
company: Choices[Company] = []  # Filters | {one}
client_tags: Choices[ClientTag] = []  # Filters | {one}
owner_user: Choices[OwnerUser] = []  # Filters | {one}
package: Choices[Package] = []  # Filters | {one}
choice: Choice[{one!r}, "b"] = "b"  # Output | {one}""",
        service=one,
        type=one,
    )
    place.account("target", "admin", "", one)
    for number, text in enumerate(islice(spare, 40)):
        place.account(f"user{number}", "analyst", "", text)
    manifest = place.report(
        "", "user1", one, [(text, n) for n, text in enumerate(printed)],
        columns=[Column("name", one), Column("n", one, "quantity", one)], labels={one: one, "Tags": ", ".join(printed)},
        asked={"words": one, "client_tags": printed[:30]}, set_name=one, family="hostile", time_zone="UTC",
    )  # fmt: skip
    with Session(place.installation.database) as session, session.begin():
        token = links.make(session, manifest.id, by=one, at=MADE)
        for text in printed:
            made = links.make(session, manifest.id, by=text, at=MADE)
            session.get_one(Link, made).audience, session.get_one(Link, made).readers = (
                Audience.NAMED,
                [text, next(spare)],
            )
        account = accounts.find(session, "target")
        for text in PLAIN[:40]:
            tokens.make(session, account, text, None, datetime.now(UTC))
        now = datetime.now(UTC)
        for number, text in enumerate(printed):
            session.add(
                SignIn(id=f"{number:064x}", account_id=account.id, made_at=MADE, seen_at=now, agent=text,
                       expires_at=now + timedelta(days=1))
            )  # fmt: skip
    runs = [
        place.runs.add(
            (State.ERROR, State.GENERATING, State.QUEUED, State.CANCELLED)[n % 4], name=text, family="hostile",
            step=next(spare), stage=next(spare) if n % 8 == 1 else None, total=9, done=n % 9, set_name=next(spare),
            user_name=f"user{n % 40}", asked={next(spare): next(spare), "interval": next(spare), "words": [text]},
            **({"error": next(spare)} if n % 4 in (0, 3) else {}),
        )
        for n, text in enumerate(printed)
    ]  # fmt: skip
    made = place.runs.add(State.GENERATED, name=one, family="hostile", snapshot_id=manifest.id)
    sets = kept(lambda text: place.query(text, "target", "", "public", note=next(spare), chart=text, family="hostile",
                                         values={"interval": "last month", "words": text, "client_tags": [text]}),
                [text for text in printed if len(text) <= 120])  # fmt: skip
    charts = kept(lambda text: place.chart(text, "target", "", "public", title=text[:120], by="", sort="table",
                                           palette="daybook", colours=[[text, "#112233"]], family="hostile"),
                  PLAIN)  # fmt: skip
    assert min(len(sets), len(charts), len(PAYLOADS)) > 60
    return {"token": token, "runs": runs, "made": made, "sets": sets, "charts": charts, "one": one}


@pytest.fixture(scope="module")
def at(place, poisoned):
    with served(place.installation) as (_, address):
        yield address


@pytest.fixture(scope="module")
def watched(browser, place, poisoned, at):
    """One page in which `target` is signed in; `seen` is whatever it should not have said, asked or opened."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.add_cookies([{"name": "sid", "value": token_of(place.installation, name="target"), "url": at}])
    context.set_default_timeout(20_000)
    page = context.new_page()
    page.seen = []
    page.on("dialog", lambda dialog: (page.seen.append("dialog"), dialog.dismiss()))
    page.on("popup", lambda _: page.seen.append("popup"))
    page.on("pageerror", lambda error: page.seen.append(str(error)))
    page.on("console", lambda said: page.seen.append(said.text) if is_complaint(said) else None)
    page.on("request", lambda asked: None if asked.url.startswith((at, "data:")) else page.seen.append(asked.url))
    yield page
    context.close()


def is_complaint(said):
    is_told_anyway = said.type == "error" and "Failed to load resource" not in said.text
    return is_told_anyway or "Content Security Policy" in said.text


def check(page, where):
    """Nothing ran, nothing could, in any frame."""
    found = [each for frame in page.frames for each in frame.evaluate(LIVE)]
    assert (where, found, page.seen) == (where, [], [])


def test_the_list_and_runs(watched, at, poisoned):
    watched.goto(at)
    for _ in range(3):
        watched.evaluate("for (const menu of document.querySelectorAll('details')) menu.open = true")
        check(watched, watched.url)
        older = watched.locator("a[rel=next]")
        if not older.count():
            break
        watched.goto(at + older.get_attribute("href"))
    for run in [poisoned["made"], *poisoned["runs"][:4], *poisoned["runs"][40:42]]:
        watched.goto(f"{at}/runs/{run}")
        check(watched, watched.url)
    watched.goto(f"{at}/runs/{poisoned['runs'][0]}/delete?back=javascript:window.__xss=1")
    check(watched, "delete")


def test_a_run_that_changes_under_the_eyes(watched, at, poisoned, place):
    run = poisoned["runs"][5]  # generating
    watched.goto(f"{at}/runs/{run}")
    watched.locator("#said", has_text="Running").wait_for(state="attached")
    place.runs.change(run, step=poisoned["one"], done=5)
    watched.locator("[data-text=doing]", has_text="window.__xss").wait_for()
    place.runs.change(run, state=State.ERROR, error=poisoned["one"])
    watched.locator("#run.error .why").wait_for()
    check(watched, "a run that fails")


def test_the_form_with_its_pickers_open(watched, at, poisoned):
    texts = "&".join(
        f"{name}={quote(poisoned['one'])}" for name in ("words", "client_tags", "company", "package", "x<y")
    )
    for address in ("/ask", "/ask/hostile", f"/ask/hostile?{texts}", f"/ask/hostile?set={poisoned['sets'][0]}",
                    f"/ask/hostile?from_run={poisoned['runs'][0]}",
                    f"/ask/hostile?from_link={poisoned['token']}"):  # fmt: skip
        watched.goto(at + address)
        check(watched, address)
    for field in watched.locator("[role=combobox]:visible").all()[:6]:
        field.focus()
        field.press("ArrowDown")
        watched.wait_for_timeout(150)
    check(watched, "pickers")
    for name in ("words", "report-name", "send-to"):
        watched.evaluate("([name, text]) => { for (const e of document.getElementsByName(name)) e.value = text; }",
                         [name, poisoned["one"]])  # fmt: skip
    watched.locator("#ask .actions button.go").click()
    watched.locator("#faults").wait_for()
    check(watched, "a refused form")


def test_customers(watched, at, poisoned):
    one = quote(poisoned["one"])
    paths = [f"/{number}{path}" for number in (1, 2, 3, 5, 8, 13) for path in ("", "/edit")]
    for path in ("", f"?q={one}&first_name={one}&born_since={one}&country={one}", "/4/delete", *paths):
        watched.goto(f"{at}/customers{path}")
        check(watched, path)
    watched.get_by_label("Phone").fill(poisoned["one"])
    watched.get_by_label("Another entry").fill(poisoned["one"])
    watched.get_by_role("button", name="Save Changes").click()
    watched.locator(".fault").first.wait_for()
    check(watched, "a refused card")


def test_saved_queries(watched, at, poisoned):
    for address in ("/queries", f"/queries?q={quote(poisoned['one'])}", *(
        f"/queries/hostile/{name}" for name in poisoned["sets"][:60:12])):  # fmt: skip
        watched.goto(at + address)
        check(watched, address)


def test_the_viewer_its_frame_and_the_share_panel(watched, at, poisoned):
    token = poisoned["token"]
    watched.goto(f"{at}/view?id={token}")
    watched.frame_locator("iframe").locator("table").first.wait_for()
    watched.locator("#facts summary").click()
    check(watched, "viewer")
    watched.goto(f"{at}/view/share?id={token}")
    check(watched, "share")
    watched.locator("[name=audience][value=named]").check()
    watched.locator("[name=readers]").fill(poisoned["one"])
    watched.locator("form[action^='/view/share'] button[type=submit]").first.click()
    watched.locator(".fault").first.wait_for()
    check(watched, "share refused")
    watched.goto(f"{at}/view?id={token}&as=html")
    check(watched, "sealed")


@pytest.mark.parametrize("kind", KINDS)
def test_charts(watched, at, poisoned, kind):
    x = "n" if kind == "scatter" else "name"
    choice = f"table=rows&kind={kind}&x={x}&y=n&title={quote(poisoned['one'][:120])}"
    watched.goto(f"{at}/view/chart?id={poisoned['token']}&{choice}")
    watched.locator("#drawing[data-drawn], #problem:not([hidden])").first.wait_for()
    if box := watched.locator("#drawing").bounding_box():
        for part in (0.2, 0.4, 0.6, 0.8):
            watched.mouse.move(box["x"] + box["width"] * part, box["y"] + box["height"] * 0.55)
            watched.wait_for_timeout(60)
    check(watched, kind)
    if kind == "bar":
        for number in poisoned["charts"][:40:10]:
            watched.goto(f"{at}/view/chart?id={poisoned['token']}&template={number}")
            check(watched, "template")


def test_account_and_doors(watched, at, poisoned, browser):
    watched.goto(f"{at}/account?done=<script>window.__xss=1</script>")
    check(watched, "account")
    watched.locator("[name=label]").fill(poisoned["one"])
    watched.locator("form.make button[type=submit]").click()
    check(watched, "account refused")
    one = quote(poisoned["one"], safe="")
    token = poisoned["token"]
    for address in (f"/?q={one}&since={one}&state={one}&done={one}", f"/{one}", f"/ask/{one}", f"/runs/{one}",
                    f"/view?id={one}", f"/view/chart?id={token}&table={one}&x={one}&kind={one}&template={one}",
                    f"/view/data?id={token}&table={one}", f"/?lang={one}", f"/queries/hostile/{one}",
                    "/sign-in?next=javascript:window.__xss=1"):  # fmt: skip
        watched.goto(at + address)
        check(watched, address)
    with browser.new_context() as context:
        page = context.new_page()
        page.seen = watched.seen
        page.goto(f"{at}/sign-in?next={one}")
        check(page, "sign-in")
        page.locator("[name=name]").fill(poisoned["one"])
        page.locator("[name=password]").fill(poisoned["one"])
        page.locator("form[action='/sign-in'] button[type=submit]").click()
        page.locator("[role=alert], .notice").first.wait_for()
        check(page, "sign-in refused")
