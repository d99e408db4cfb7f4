"""Charts: what is drawn is what the table shows, what cannot be drawn is said, who finds what is kept."""

import json
import re
from datetime import UTC, datetime
from decimal import Decimal
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select
from sqlalchemy.orm import Session
from starlette.datastructures import QueryParams

from reports_lib.database.schema import Audience, AuditEntry, ChartTemplate
from reports_lib.display import Column
from reports_lib.display.cells import text
from reports_lib.errors import ParameterError
from reports_lib.picture import NIGHT
from reports_lib.portal.charts import data as chart_data
from reports_lib.portal.charts import vega
from reports_lib.portal.charts.choice import Choice, Kind, Palette, Sort
from reports_lib.portal.charts.data import chosen, figures
from reports_lib.portal.charts.figures import shown
from reports_lib.portal.charts.parts import Look
from reports_lib.portal.charts.spec import spec
from reports_lib.rendering.tables import StoredColumn
from reports_lib.snapshots import links
from tests.portal.people import signed_in
from tests.rendering.corpus import PAYLOADS

MONTH = StoredColumn("month", "Month", "text", "", 0)
PACKAGE = StoredColumn("package", "Package", "text", "", 0)
QTY = StoredColumn("qty", "Qty", "quantity", "Refills", 0)
TOTAL = StoredColumn("total", "Total", "money", "Refills", 2)
FEES = StoredColumn("fees", "Fees", "money", "Refills", 2)
AVG = StoredColumn("avg", "Avg", "ratio", "Refills", 2)
COLUMNS = (MONTH, PACKAGE, QTY, TOTAL, FEES, AVG)
ROWS = [
    {"month": "2026-02", "package": "Basic", "qty": 2, "total": Decimal("10.10"), "fees": Decimal("1.00"), "avg": None},
    {"month": "2026-01", "package": "Basic", "qty": 5, "total": None, "fees": Decimal("2.00"), "avg": Decimal("1.50")},
    {"month": "2025-12", "package": "Gold", "qty": 3, "total": Decimal("30.30"), "fees": Decimal("0.00"), "avg": None},
]


def draw(rows=ROWS, **choice):
    choice = Choice(**({"table": "t", "x": "month"} | choice))
    return figures(choice, chosen(choice, COLUMNS), rows, "EUR")


def values(made, look=None):
    return spec(made, look or Look())["data"]["values"]


def test_what_is_drawn_is_what_the_table_says_in_its_order():
    made = draw(kind=Kind.BAR, y=("total", "fees"))
    assert made.xs == ("2026-02", "2026-01", "2025-12")  # as in the table, not by name
    assert made.rows == [["2026-02", "10.10", "1.00"], ["2026-01", "—", "2.00"], ["2025-12", "30.30", "0.00"]]
    assert {(v["x"], v["s"]): v["y"] for v in values(made)} == {
        ("2026-02", "Total"): 10.1,
        ("2025-12", "Total"): 30.3,
        ("2026-02", "Fees"): 1.0,
        ("2026-01", "Fees"): 2.0,
        ("2025-12", "Fees"): 0.0,
    }
    assert spec(made, Look())["encoding"]["y"]["title"] == "Refills (EUR)"


@pytest.mark.parametrize("kind", [Kind.LINE, Kind.AREA])
def test_nothing_is_a_gap_and_not_zero(kind):  # G-9
    found = {(v["x"], v["s"]): v["y"] for v in values(draw(kind=kind, y=("total",)))}
    assert found[("2026-01", "Total")] is None
    assert draw(kind=kind, y=("total",), by="package").series == ("Basic", "Gold")
    beside = {(v["x"], v["s"]): v["y"] for v in values(draw(kind=kind, y=("qty",), by="package"))}
    assert beside[("2025-12", "Basic")] is None  # a line must not go on over a month that it has no figure of


@pytest.mark.parametrize(
    ("sort", "xs"),
    [
        (Sort.LARGEST, ("2026-01", "2025-12", "2026-02")),
        (Sort.SMALLEST, ("2026-02", "2025-12", "2026-01")),
        (Sort.NAME, ("2025-12", "2026-01", "2026-02")),
    ],
)
def test_the_order_that_was_chosen(sort, xs):
    assert draw(y=("qty",), sort=sort).xs == xs


@pytest.mark.parametrize(
    ("choice", "said"),
    [
        ({"y": ()}, "Choose at least one column of figures"),
        ({"y": ("gone",)}, "no column “gone”; it is left out. Choose at least one"),
        ({"x": "gone", "y": ("qty",)}, "Choose a column for the x axis"),
        ({"y": ("package",)}, "“Package” holds no figures"),
        ({"y": ("qty", "total")}, "“Refills: Qty”, “Refills: Total” are not of one unit"),
        ({"y": ("avg", "total"), "kind": Kind.STACKED}, "“Refills: Avg” is an average"),
        ({"y": ("avg",), "kind": Kind.PIE}, "does not add up"),
        ({"y": ("qty",), "kind": Kind.PIE, "by": "package"}, "A pie shows one column"),
        ({"y": ("qty",), "x": "package"}, "Several rows have “Basic” in “Package”"),
    ],
)
def test_what_cannot_be_drawn_is_said(choice, said):
    with pytest.raises(ParameterError, match=re.escape(said)):
        draw(**choice)


def test_columns_that_a_report_lacks_are_said_and_the_others_drawn():
    made = draw(y=("qty", "gone"))
    assert made.series == ("Qty",)
    assert made.notes == ("This report has no column “gone”; it is left out.",)


def test_below_zero_there_is_no_slice_and_no_area_on_another():
    rows = [row | {"qty": -row["qty"]} for row in ROWS]
    with pytest.raises(ParameterError, match="A pie cannot show figures below zero"):
        draw(rows, kind=Kind.PIE, y=("qty",))
    with pytest.raises(ParameterError, match="Areas on each other"):
        draw(rows, kind=Kind.AREA, y=("qty",), by="package")
    assert draw(rows, kind=Kind.AREA, y=("qty",)).rows[0] == ["2026-02", "−2"]


def test_a_pie_puts_small_slices_together_and_says_so():
    rows = [{"month": f"name {n}", "qty": n} for n in range(31)]
    made = draw(rows, kind=Kind.PIE, y=("qty",))
    assert len(made.points) == 12
    assert sum(point.value for point in made.points) == sum(range(31))
    assert made.points[-1].x == "All others (19)"
    assert "11 largest" in made.notes[1]
    assert "1 row without a figure" in made.notes[0]
    assert sum(Decimal(v["share"].removesuffix(" %")) for v in values(made) if v["share"]) > 60


def test_a_huge_table_is_drawn_as_far_as_it_can_be_and_says_how_far():
    rows = [{"month": f"{n:06}", "qty": n, "total": None, "fees": Decimal(n)} for n in range(30_000)]
    made = draw(rows, kind=Kind.LINE, y=("total", "fees"))
    assert len(made.points) == chart_data.MOST_POINTS
    assert made.notes == ("Only the first 2,000 of 60,000 figures are drawn; a chart shows no more.",)
    largest = draw(rows, kind=Kind.BAR, y=("qty",), sort=Sort.LARGEST)
    assert largest.points[0].shown == "29,999"  # the order is that of all, not of those that are drawn


def test_more_series_than_colours_are_the_largest_and_that_is_said():
    rows = [
        {"month": month, "package": f"p{n}", "qty": n, "total": Decimal(n)}
        for month in ("2026-01", "2026-02")
        for n in range(25)
    ]
    beside = draw(rows, kind=Kind.LINE, y=("total",), by="package")
    assert beside.series == tuple(f"p{n}" for n in range(13, 25))
    assert beside.notes == ("Only the 12 largest of 25 values of “Package” are drawn.",)
    stacked = draw(rows, kind=Kind.STACKED, y=("total",), by="package")
    assert stacked.series[-1] == "All others (14)"
    assert sum(point.value for point in stacked.points) == 2 * sum(range(25))  # a pile is as high as its parts
    assert "the others are together in one" in stacked.notes[0]


def test_every_series_has_a_colour_of_its_own():
    rows = [{"month": "2026-01", "package": f"p{n}", "qty": n} for n in range(20)]
    for palette in Palette:
        for ink in (Look().ink, NIGHT):
            made = draw(rows, y=("qty",), by="package", palette=palette, colours=(("p3", "#123456"),))
            scale = spec(made, Look(ink=ink))["encoding"]["color"]["scale"]
            assert len(set(scale["range"])) == 20
            assert scale["range"][3] == "#123456"


def test_values_are_written_as_the_table_writes_them():
    for kind, value in [
        ("money", Decimal("-1234567.5")),
        ("percent", Decimal("12.50")),
        ("quantity", 1234),
        ("text", "x\x00y"),
    ]:
        column = Column("a", "A", kind)
        stored = StoredColumn("a", "A", kind, "", column.digits)
        assert shown(stored, value) == text(column, value)
        assert shown(stored, None) == text(column, None)


CHOICES = st.builds(
    Choice,
    table=st.sampled_from(["t", "other"]),
    kind=st.sampled_from(Kind),
    x=st.sampled_from([*(c.name for c in COLUMNS), "gone", ""]),
    y=st.lists(st.sampled_from([*(c.name for c in COLUMNS), "gone"]), max_size=4, unique=True).map(tuple),
    by=st.sampled_from(["", "package", "month", "qty", "gone"]),
    sort=st.sampled_from(Sort),
    palette=st.sampled_from(Palette),
    colours=st.lists(st.tuples(st.sampled_from(["Basic", "Qty"]), st.just("#0b5c8a")), max_size=2).map(tuple),
    title=st.sampled_from(["", "Über <b>"]),
)


@given(CHOICES, st.integers(240, 1600))
@settings(max_examples=150, deadline=None)
def test_every_choice_is_kept_exactly_and_is_drawn_or_refused_in_words(choice, width):
    assert Choice.asked(QueryParams(choice.query)) == choice
    assert Choice.kept(json.loads(json.dumps(choice.json()))) == choice
    try:
        made = figures(choice, chosen(choice, COLUMNS), ROWS)
    except ParameterError:
        return
    json.dumps(spec(made, Look(width)), allow_nan=False)
    assert all(len(row) == len(made.head) for row in made.rows)


VALID = Choice("t", Kind.LINE, "month", ("qty",)).json()
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda s: st.lists(s) | st.dictionaries(st.text(max_size=5), s),
    max_leaves=5,
)


@given(st.sampled_from([*VALID, "spec", "data"]), ANYTHING)
@settings(max_examples=150, deadline=None)
def test_nothing_but_a_choice_is_taken_for_one(name, value):
    try:
        made = Choice.kept(VALID | {name: value})
    except ParameterError:
        return
    assert made.json() == VALID | {name: value}


@pytest.mark.parametrize(
    "query",
    ["kind=spiral&x=a", "kind=bar&sort=up", "kind=bar&palette=neon", "kind=bar&x=a&series=a", "kind=bar&x=%00",
     "kind=bar&x=a&series=a&colour=red", "kind=bar&x=a&series=a&colour=url(x)", "kind=bar&x=a&y=b&y=b",
     "kind=bar&x=a&title=" + "x" * 121, "kind=bar&" + "&".join(f"y={n}" for n in range(13)), "kind=bar&x=" + "x" * 201],
)  # fmt: skip
def test_a_bad_choice_in_an_address_is_one_line(client, sealed, query):
    _, token = sealed
    for path in ("/view/chart", "/view/chart.json", "/view/chart.svg"):
        answer = client.get(f"{path}?id={token}&{query}")
        assert answer.status_code == 422
    assert list(client.get(f"/view/chart.json?id={token}&{query}").json()) == ["problem"]


def test_the_ready_made_charts_are_those_the_report_shows(client, sealed):  # JD-61 … JD-65
    _, token = sealed
    page = client.get("/view/chart", params={"id": token}).text
    assert "Clients – Active: Qty" in page
    assert "Blank Chart" in page
    told = client.get(
        "/view/chart.json", params={"id": token, "chart": "Balance Refill: Total"}
    ).json()  # it says the currency too
    assert told["title"] == "Balance Refill: Total, USD"
    data = client.get("/view/data", params={"id": token}).json()
    place = [column["name"] for column in data["columns"]].index("refill_total")
    assert told["rows"] == [[row[0], row[place]] for row in data["rows"]]
    assert [value["y"] for value in told["spec"]["data"]["values"]] == [
        float(row[place].replace(",", "")) for row in data["rows"]
    ]
    assert "Total" not in {row[0] for row in told["rows"]}  # the total is never drawn beside its parts
    assert data["total"][0] == "Total"
    own = client.get(f"/view/chart.json?id={token}&{told['choice']}").json()  # the same, put together by hand
    assert (own["rows"], own["title"]) == (told["rows"], "Balance Refill: Total")
    assert (
        "There is no chart “Gone” for this report"
        in client.get("/view/chart", params={"id": token, "chart": "Gone"}).text
    )


@pytest.mark.parametrize("path", ["/view/chart", "/view/chart.json", "/view/chart.png", "/view/data"])
def test_a_chart_is_seen_by_those_who_see_the_report(installation, client, sealed, path):
    manifest, _ = sealed
    now = datetime.now(UTC)
    with Session(installation.database) as session, session.begin():
        public = links.make(session, manifest.id, by="ann", at=now, access=links.Access(Audience.PUBLIC))
        theirs = links.make(
            session, manifest.id, by="ann", at=now, access=links.Access(Audience.NAMED, readers=["bob"])
        )
        ended = links.make(session, manifest.id, by="ann", at=now)
        links.revoke(session, ended, now)
    nobody = signed_in(installation)
    nobody.cookies.clear()
    assert client.get(path, params={"id": public}).status_code == 200
    assert nobody.get(path, params={"id": public}).status_code == 200
    assert {client.get(path, params={"id": token}).status_code for token in (theirs, ended, "x" * 22, "")} == {404}
    assert nobody.get(path, params={"id": theirs}, follow_redirects=False).status_code == 303


@pytest.mark.parametrize("kind", list(Kind))
def test_pictures_are_whole_and_say_where_they_come_from(client, sealed, kind):
    _, token = sealed
    choice = {
        "table": "customer_dynamics",
        "kind": str(kind),
        "x": "bucket",
        "y": "refill_total",
        "title": "A < B & “C”",
    }
    svg = client.get("/view/chart.svg", params={"id": token} | choice)
    assert svg.status_code == 200
    assert "default-src 'none'" in svg.headers["content-security-policy"]
    name = "customer_dynamics-a-b-c-2025-11-01-2026-10-31.svg"
    assert svg.headers["content-disposition"] == f'attachment; filename="{name}"'
    root = ElementTree.fromstring(svg.text)
    words = [element.text for element in root.iter("{http://www.w3.org/2000/svg}text")]
    assert words[0] == "A < B & “C”"
    assert any("2025-11-01 to 2026-10-31" in (word or "") and "data version 17" in word for word in words)
    assert not re.search(r"<script|\son\w+=|href=", svg.text)
    png = client.get("/view/chart.png", params={"id": token} | choice)
    assert png.content.startswith(b"\x89PNG\r\n")
    assert int.from_bytes(png.content[16:20], "big") >= 1800


def test_a_picture_of_nothing_is_refused(client, sealed):
    _, token = sealed
    answer = client.get("/view/chart.png", params={"id": token, "blank": "1"})
    assert answer.status_code == 409
    assert "Choose at least one column of figures" in answer.text


def test_hostile_texts_stay_texts_in_the_picture():  # T1, T22
    from reports_lib.picture import bare

    rows = [{"month": payload, "package": payload, "qty": 1} for payload in dict.fromkeys(PAYLOADS)]
    for kind in (Kind.BAR, Kind.PIE):
        made = draw(rows, kind=kind, y=("qty",), title=PAYLOADS[0])
        root = ElementTree.fromstring(bare(spec(made, Look()), made.title))
        names = {element.tag.rpartition("}")[2] for element in root.iter()}
        assert names <= {"svg", "g", "path", "text", "line", "rect", "defs", "clipPath", "tspan", "title"}
        assert not [a for element in root.iter() for a in element.attrib if a.startswith("on") or "href" in a]


@pytest.fixture
def kept(installation):
    yield
    with Session(installation.database) as session, session.begin():
        session.execute(delete(ChartTemplate))


CHOSEN = "table=customer_dynamics&kind=area&x=bucket&y=refill_total&y=payg_total&palette=warm"


def keep(client, token, name="My chart", visibility="private", choice=CHOSEN):
    form = {"name": name, "visibility": visibility, "choice": choice}
    return client.post(f"/view/chart/save?id={token}", data=form, follow_redirects=False)


def test_a_chart_is_kept_found_renamed_and_deleted(client, sealed, installation, kept):  # JD-67
    _, token = sealed
    saved = keep(client, token)
    assert saved.status_code == 303
    told = client.get(saved.headers["location"].replace("/view/chart?", "/view/chart.json?")).json()
    assert told["choice"] == CHOSEN
    assert told["title"] == "My chart"
    assert told["spec"]["mark"]["type"] == "area"
    assert client.get("/view/chart.json", params={"id": token, "chart": "my chart"}).json() == told
    again = keep(client, token)
    assert again.status_code == 422
    assert "You already keep a chart named “My chart”" in again.text
    number = saved.headers["location"].rpartition("=")[2]
    renamed = client.post(
        f"/view/chart/rename?id={token}&template={number}", data={"name": "Other"}, follow_redirects=False
    )
    assert renamed.status_code == 303
    assert "Other" in client.get(f"/view/chart?id={token}").text
    assert client.post(f"/view/chart/delete?id={token}&template={number}", follow_redirects=False).status_code == 303
    assert client.get(f"/view/chart?id={token}&template={number}").status_code == 404
    with Session(installation.database) as session:
        noted = session.scalars(
            select(AuditEntry.action)
            .where(AuditEntry.object == f"chart customer_dynamics/{number}")
            .order_by(AuditEntry.id)
        )
        assert list(noted) == ["save chart", "rename chart", "delete chart"]


@pytest.mark.parametrize(
    "form",
    [{"name": ""}, {"name": "x" * 81}, {"visibility": "all"}, {"choice": "kind=bar"}],
)
def test_what_cannot_be_kept_is_refused_and_nothing_is_lost(client, sealed, installation, kept, form):
    _, token = sealed
    answer = keep(client, token, **form)
    assert answer.status_code == 422
    with Session(installation.database) as session:
        assert not session.scalars(select(ChartTemplate)).all()


@pytest.mark.parametrize(
    ("visibility", "found"),
    [
        ("private", set()),
        ("company", {"same", "group"}),
        ("public", {"same", "group", "other", "viewer"}),
    ],
)
def test_who_finds_a_kept_chart(installation, sealed, kept, monkeypatch, visibility, found):
    _, token = sealed
    monkeypatch.setattr("reports_lib.warehouse.companies.below", lambda warehouse, company: frozenset({company}))
    owner = signed_in(installation, "analyst", "7")
    number = keep(owner, token, visibility=visibility).headers["location"].rpartition("=")[2]
    others = {
        "same": signed_in(installation, "billing", "7"),
        "other": signed_in(installation, "analyst", "8"),
        "viewer": signed_in(installation, "viewer", "9"),
        "group": signed_in(installation, "analyst"),
    }
    page = f"/view/chart?id={token}&template={number}"
    assert {name for name, client in others.items() if client.get(page).status_code == 200} == found
    for client in others.values():
        change = client.post(f"/view/chart/delete?id={token}&template={number}", follow_redirects=False)
        assert change.status_code in (403, 404)
    admin = signed_in(installation, "admin", "7").post(
        f"/view/chart/delete?id={token}&template={number}", follow_redirects=False
    )
    assert admin.status_code == (404 if visibility == "private" else 303)


@pytest.mark.parametrize(
    ("role", "visibility", "status"),
    [("viewer", "private", 403), ("billing", "private", 303), ("billing", "public", 403), ("analyst", "public", 303)],
)
def test_who_may_keep_a_chart_for_whom(installation, sealed, kept, role, visibility, status):
    _, token = sealed
    assert keep(signed_in(installation, role), token, visibility=visibility).status_code == status


def test_a_kept_chart_of_another_report_says_what_is_missing(client, sealed, installation, kept):
    _, token = sealed
    number = int(keep(client, token).headers["location"].rpartition("=")[2])
    with Session(installation.database) as session, session.begin():
        template = session.get(ChartTemplate, number)
        template.choice = template.choice | {"y": ["refill_total", "voicemail"]}
    told = client.get(f"/view/chart.json?id={token}&template={number}").json()
    assert told["notes"] == ["This report has no column “voicemail”; it is left out."]
    assert told["head"] == ["Month", "Balance Refill: Total (USD)"]
    with Session(installation.database) as session, session.begin():
        session.get(ChartTemplate, number).choice = {"spec": {"data": {"url": "http://evil.example/"}}}
    told = client.get(f"/view/chart.json?id={token}&template={number}").json()
    assert told["spec"] is None
    assert "put it together anew" in told["problem"]


def test_the_script_of_charts_is_kept_by_browsers(client):
    answer = client.get(vega.address())
    assert "immutable" in answer.headers["cache-control"]
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.text.count("window.daybookChart=") == 1
    assert "window.vega=" not in answer.text
    assert "immutable" not in client.get("/static/vega.js?v=old").headers["cache-control"]
    plain = client.get(vega.address(), headers={"Accept-Encoding": "identity"})
    assert plain.text == answer.text
