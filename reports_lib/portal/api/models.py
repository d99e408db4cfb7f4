"""What the API answers."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from reports_lib.accounts.role import Right, Role
from reports_lib.database.schema import Audience, State, Visibility

Value = str | int | bool | list[str]
"""A parameter as it is given: what it means, its kind says."""


class Out(BaseModel):
    """An answer; nothing is in it that its model does not name."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Error(Out):
    """What is answered instead: one line for a person, the kind of error, and what is wrong by field."""

    error: str
    kind: str
    faults: dict[str, str] | None = None


class Company(Out):
    """A company of the warehouse."""

    id: str
    name: str


class Me(Out):
    """Who asks. `company` null is the whole group; `companies` are that one and all below it."""

    name: str
    full_name: str
    role: Role
    rights: list[Right]
    company: Company | None
    companies: list[Company]
    time_zone: str


class Family(Out):
    """A family of reports that can be asked for."""

    name: str
    title: str
    question: str
    service: str
    type: str
    needs: list[str] = Field(description="Tables of the warehouse without whose rows there is nothing to report on.")
    personal: bool = Field(description="Whether its reports tell of people: for one company, and deleted in time.")


class Families(Out):
    """All of them, by name."""

    families: list[Family]


class Option(Out):
    """One thing to choose: what is sent, and what people read."""

    value: str
    label: str


class Parameter(Out):
    """A parameter of a family. `options` are all there are; null if it is written, or looked up (`is_looked_up`)."""

    name: str
    label: str
    kind: str
    section: str
    help: str
    default: Value
    is_required: bool
    is_many: bool
    is_looked_up: bool
    options: list[Option] | None
    low: int | None
    high: int | None


class FamilySchema(Family):
    """A family with its parameters, in the order of its form."""

    parameters: list[Parameter]


class Options(Out):
    """Some of the options of a parameter, and whether there are more that match."""

    options: list[Option]
    more: bool


class Asked(Out):
    """A report that was asked for: its run, how that stands, and its page for people."""

    run: int
    state: State
    url: str


class Progress(Out):
    """How far a run is: `done` of `total` cells are behind it; `elapsed` in seconds."""

    attempt: int
    stage: str | None
    step: str | None
    done: int
    total: int
    elapsed: float


class Actions(Out):
    """What may be done with a run as it is now."""

    cancel: bool
    regenerate: bool
    delete: bool


class Run(Out):
    """A run. `report` is the link that its page opens, null if there is none that is open."""

    run: int
    name: str
    family: str
    query: str | None
    state: State
    error: str | None
    progress: Progress
    parameters: dict[str, Value]
    formats: list[str]
    as_of: datetime
    data_version: str | None
    asked_by: str
    requested_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    snapshot: str | None
    report: str | None
    files: dict[str, str]
    may: Actions
    url: str


class Runs(Out):
    """Runs, newest first; `next` is what `before` must say to go on, null at the end."""

    runs: list[Run]
    next: str | None


class Column(Out):
    """A column of a table, as shown; `places` are the decimals of its figures."""

    name: str
    label: str
    kind: str
    group: str
    places: int


class Table(Out):
    """A table of a report, without its rows; `rows` counts them without the total."""

    name: str
    title: str
    rows: int
    columns: list[Column]
    url: str


class Tables(Out):
    """The tables of a report, in its order."""

    tables: list[Table]


class Rows(Out):
    """Rows of a table in its order, figures exact and as text; `next` is where to go on, null at the end."""

    table: str
    columns: list[Column]
    count: int
    rows: list[list[str | None]]
    total: list[str | None] | None
    next: int | None


class Link(Out):
    """A link to a report, and for whom it is."""

    token: str
    url: str
    audience: Audience
    company: str | None
    readers: list[str]
    made_by: str
    made_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    is_open: bool
    views: int
    viewed_at: datetime | None


class Links(Out):
    """The links of a report, in the order they were made."""

    links: list[Link]


class Query(Out):
    """A saved query. `recipients` are shown to those who may know them; `version` changes with every change."""

    family: str
    query: str
    name: str
    note: str
    visibility: Visibility
    owner: str
    is_own: bool
    may_change: bool
    parameters: dict[str, Value]
    formats: list[str]
    recipients: list[str]
    chart: str
    cron: str
    time_zone: str
    next: str
    version: str
    url: str


class Queries(Out):
    """Saved queries, by family and name."""

    queries: list[Query]


class ChartChoice(Out):
    """What a chart shows: of which table, which columns, drawn how."""

    table: str
    kind: str
    x: str
    y: list[str]
    by: str
    sort: str
    palette: str
    colours: dict[str, str]
    title: str


class Chart(Out):
    """A chart that is kept for a family."""

    id: int
    family: str
    name: str
    visibility: Visibility
    is_own: bool
    may_change: bool
    made_at: datetime
    choice: ChartChoice


class Charts(Out):
    """The charts that are kept for a family, one's own first."""

    charts: list[Chart]
