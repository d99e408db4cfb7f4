"""The README and docs/ promise only what is so: each table in them is compared with the code.

Blocks between `<!-- table: name -->` and `<!-- end -->` are worked out of the code. After a change
`python -m tests.test_readme` writes them anew; everything else in prose is held by the tests below.
"""

import ast
import json
import re
import shlex
import shutil
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import fields
from datetime import UTC, datetime
from importlib.metadata import distribution
from pathlib import Path

import click
import pytest
from papermill.cli import papermill
from papermill.engines import papermill_engines

import scheduler
from reports_lib import __version__, snapshots
from reports_lib.accounts.role import RIGHTS, Right, Role
from reports_lib.cli.main import COMMANDS, daybook
from reports_lib.database.schema import Audience
from reports_lib.delivery.claims import WAITS
from reports_lib.delivery.smtp_url import Server
from reports_lib.errors import tree
from reports_lib.families import heading
from reports_lib.kernels.engine import DaybookEngine
from reports_lib.parameters import cell
from reports_lib.parameters.kinds import CHOICES, KINDS
from reports_lib.parameters.schema import Schema
from reports_lib.parameters.sets import read_set
from reports_lib.parameters.sources import SOURCES
from reports_lib.portal import app
from reports_lib.rendering.exporters import DaybookHTML, DaybookPDF
from reports_lib.runs.entry import Overlap
from reports_lib.runs.outcome import Outcome
from reports_lib.runs.schedule import KEYS, CatchUp, read_schedule
from reports_lib.snapshots.manifest import Manifest
from reports_lib.values.relative import RELATIVE
from reports_lib.warehouse.ddl import BY_MONTH
from reports_lib.warehouse.ingest import Limits, cells, header
from reports_lib.warehouse.ingest.rejects import HEADER
from reports_lib.warehouse.tables import TABLES, Table
from reports_lib.warehouse.tables.table import TYPES
from reports_lib.workspace import SETTINGS, Workspace

ROOT = Path(__file__).parent.parent
PAGES = ("README.md", "CHANGELOG.md", *(f"docs/{p.name}" for p in sorted((ROOT / "docs").glob("*.md"))))
WORKSPACE = Workspace.find(ROOT, {})
AS_OF = datetime(2026, 11, 1, tzinfo=UTC)
WORDS = (
    "family",
    "parameter",
    "parameter set",
    "interval",
    "bucket",
    "as-of",
    "run",
    "attempt",
    "worker",
    "entry",
    "tick",
    "snapshot",
    "manifest",
    "data version",
    "company (reseller)",
    "client",
)
MAY = {  # what each right is
    Right.READ: "read lists, pages and reports, draw charts and take files away",
    Right.ASK: "ask for reports, cancel and repeat them; keep queries and charts for oneself; API tokens",
    Right.SHARE: "make and revoke links",
    Right.INVOICE: "issue and revise invoices; see to files of call records",
    Right.OPERATE: "change customers, make coupons",
    Right.PUBLISH: "make public links, queries and charts for others, and schedules",
    Right.NOTEBOOK: "get the notebook of a run that failed",
    Right.DELETE: "change and delete what others made",
}
OPENS = {  # who opens a link, as the form for links calls it, and what is to be known of that
    Audience.ANY_USER: ("Any signed-in user, of any company", "so is the link that each report has from the start"),
    Audience.COMPANY: ("Users of one company", "and those of the companies above it"),
    Audience.NAMED: ("Named users", "of any company; up to 200"),
    Audience.PUBLIC: ("Whoever has the link, without signing in", "takes a role that publishes, and a second yes"),
}
HOLDS = {  # the types of the canonical tables, by the names that documents use
    "int64": "a whole number of 64 bits",
    "text": "text",
    "bool": "true or false",
    "day": "a day without a time",
    "time": "a moment in UTC, to the microsecond",
    "money": "an amount or volume, 6 decimals",
    "rate": "an exchange rate, 9 decimals",
    "double": "a floating number; coordinates only",
}
NAMES = {text: name for name, text in TYPES.items()}


def page(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


# Blocks that are worked out of the code


def table(heads: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [heads, ("---",) * len(heads), *rows]
    return "\n".join("| " + " | ".join(each.replace("|", "\\|") for each in line) + " |" for line in lines)


def code(text: str) -> str:
    return f"`{text}`" if text else "—"


def one_line(text: str | None) -> str:
    return " ".join((text or "").split())


def command(name: str) -> click.Command:
    found: click.Command | None = daybook
    for word in name.split():
        assert isinstance(found, click.Group), f"{name} is no group of commands"
        found = found.get_command(click.Context(found), word)
        assert found, f"no command {name}"
    assert found
    return found


def names() -> Iterator[str]:
    """Every command, one of a group by both words."""
    for name in COMMANDS:
        found = command(name)
        within = found.commands if isinstance(found, click.Group) else None
        yield from (f"{name} {word}" for word in within) if within else (name,)


def commands() -> str:
    rows = []
    for name in names():
        found = command(name)
        pieces = [p for p in found.collect_usage_pieces(click.Context(found)) if p != "[OPTIONS]"]
        rows.append((code(" ".join(["daybook", name, *pieces])), one_line(found.help)))
    return table(("command", "what it does"), rows)


def options_of(found: click.Command) -> Iterator[tuple[str, str]]:
    for option in found.params:
        if isinstance(option, click.Option) and (record := option.get_help_record(click.Context(found))):
            yield record


def options() -> str:
    found: dict[tuple[str, str], list[str]] = {}
    for name in names():
        for given, text in options_of(command(name)):
            found.setdefault((given, text), []).append(name)
    rows = [(code(given), ", ".join(code(n) for n in names), text) for (given, text), names in found.items()]
    return table(("option", "of", "what it does"), rows)


def clock() -> str:
    rows = [(code(given), text) for given, text in options_of(scheduler.main)]
    return table(("option of `python scheduler.py`", "what it does"), rows)


def addresses() -> str:
    rows = []
    for route in app.ROUTES:
        told = one_line((route.function.__doc__ or "").strip().partition("\n\n")[0])
        told = re.sub(r"^`(GET|POST) [^`]*`: | \([A-Z]{2}-\d+[^)]*\)", "", told).partition(". ")[0].rstrip(".") + "."
        right = str(route.right) if route.right else "whoever comes"
        rows.append((code(f"{route.methods[0]} {route.path}"), right, told[0].upper() + told[1:]))
    return table(("address", "right", "what it does"), rows)


def roles() -> str:
    ranks = sorted(Role, key=lambda role: len(RIGHTS[role]))
    rows = [(text, *("yes" if right in RIGHTS[role] else "" for role in ranks)) for right, text in MAY.items()]
    return table(("may", *map(code, ranks)), rows)


def audiences() -> str:
    return table(("who opens it", ""), [(f"*{label}*", text) for label, text in OPENS.values()])


def settings() -> str:
    return table(("setting", "default", "what it is for"), [(code(s.name), code(s.default), s.help) for s in SETTINGS])


def errors() -> str:
    rows = []
    for cls in tree().values():
        doc = re.sub(r" \(G-\d+\)", "", one_line(cls.__doc__))
        if cls.exit_code == 1:
            doc = "Anything else that went wrong."
        rows.append((str(cls.exit_code), code(cls.__name__), str(cls.http_status), doc))
    return table(("exit code", "error", "HTTP", "means"), rows)


def families() -> str:
    rows = []
    for name in WORKSPACE.families():
        sets = ", ".join(code(each) for each in WORKSPACE.sets(name)) or "—"
        rows.append((code(name), heading(WORKSPACE.notebook(name)).title, sets))
    return table(("family", "report", "saved sets"), rows)


def types() -> str:
    import ibis

    schema = ibis.schema(TYPES)
    own = {c.this.name: c.args["kind"].sql("postgres").lower() for c in schema.to_sqlglot_column_defs("postgres")}
    return table(("type", "holds", "on Postgres"), [(code(n), HOLDS[n], code(own[n])) for n in TYPES])


def accepted() -> str:
    lines = [line for line in (cells.__doc__ or "").splitlines() if line.startswith("| ")]
    return "\n".join([lines[0], "|---|---|", *lines[1:]])


def canonical() -> str:
    return "\n\n".join(map(described, TABLES.values()))


def described(found: Table) -> str:
    rows = []
    for column in found.columns:
        marks = ["key"] * column.is_key + ["optional"] * column.type.nullable
        kind = NAMES[str(column.type.copy(nullable=True))]
        rows.append((code(column.name), kind, ", ".join(marks), column.meaning))
    exists = f" Exists from `{found.happened_at}`." if found.happened_at else ""
    grain = found.grain[0].upper() + found.grain[1:]
    return f"### {found.name}\n\n{grain}.{exists} {whose(found)}.\n\n" + table(("column", "type", "", "meaning"), rows)


def whose(found: Table) -> str:
    if not found.owners:
        return "Of everybody" if found.is_shared else "Of the whole group"
    by = code(found.owners[0].column)
    if found.owners[0].table == "company":
        return f"Of its company, by {by}"
    return f"Of the company of its {' or '.join(code(owner.table) for owner in found.owners)}, by {by}"


def relative() -> str:
    return ", ".join(map(code, RELATIVE))


def manifest() -> str:
    return ", ".join(code(each.name) for each in fields(Manifest))


def read_tables() -> str:
    sources = "".join(p.read_text() for p in (ROOT / "reports_lib/metrics").glob("*.py"))
    return ", ".join(code(name) for name in sorted(set(re.findall(r'tables?\("([a-z_]+)"(?:, ever=True)?\)', sources))))


BLOCKS: dict[tuple[str, str], Callable[[], str]] = {
    ("README.md", "table: commands"): commands,
    ("README.md", "table: options"): options,
    ("README.md", "table: clock"): clock,
    ("README.md", "table: roles"): roles,
    ("README.md", "table: audiences"): audiences,
    ("README.md", "table: settings"): settings,
    ("README.md", "table: errors"): errors,
    ("README.md", "table: families"): families,
    ("docs/warehouse.md", "table: types"): types,
    ("docs/warehouse.md", "table: cells"): accepted,
    ("docs/warehouse.md", "table: tables"): canonical,
    ("docs/warehouse.md", "reads"): read_tables,
    ("docs/figures.md", "relative"): relative,
    ("docs/design.md", "manifest"): manifest,
    ("docs/design.md", "table: addresses"): addresses,
}


def block(name: str) -> re.Pattern[str]:
    return re.compile(rf"(<!-- {re.escape(name)} -->)(.*?)(<!-- end -->)", re.DOTALL)


@pytest.mark.parametrize(("name", "mark"), BLOCKS, ids=lambda text: text.removeprefix("table: "))
def test_a_block_says_what_the_code_says(name, mark):
    (found,) = block(mark).finditer(page(name))
    assert found[2].strip() == BLOCKS[name, mark](), f"{name} is behind the code: python -m tests.test_readme"


def test_every_block_is_known():
    found = {(name, mark) for name in PAGES for mark in re.findall(r"<!-- (.*?) -->(?=.*?<!-- end -->)", page(name))}
    marked = {(name, mark) for name in PAGES for mark in re.findall(r"<!-- (table: .*?) -->", page(name))}
    assert found | marked <= set(BLOCKS)


# What is typed


def blocks_of(text: str, language: str) -> list[str]:
    found = re.findall(rf"^( *)```{language}\n(.*?)^ *```$", text, re.DOTALL | re.MULTILINE)
    return ["\n".join(line.removeprefix(indent) for line in body.splitlines()) for indent, body in found]


def typed() -> Iterator[tuple[str, str]]:
    """Every line of every block of shell."""
    for name in PAGES:
        for text in blocks_of(page(name), "sh"):
            yield from ((name, line) for line in text.splitlines() if line.strip())


def spoken() -> Iterator[tuple[str, str]]:
    """Every command named within a sentence."""
    for name in PAGES:
        prose = re.sub(r"^ *```.*?^ *```$", "", page(name), flags=re.DOTALL | re.MULTILINE)
        prose = block("table: commands").sub("", prose)
        for span in re.findall(r"`([^`\n]+)`", prose):
            if re.match(r"(DAYBOOK_\w+=\S+ )?(daybook|make|python) ", span):
                yield name, span


def without_settings(line: str) -> list[str]:
    words = shlex.split(line, comments=True)
    known = {s.name for s in SETTINGS}
    while words and re.fullmatch(r"[A-Z_]+=.*", words[0]):
        assert words[0].partition("=")[0] in known, line
        words = words[1:]
    return words


def parsed(found: click.Command, words: list[str]) -> dict[str, object]:
    """The options and arguments that click reads; raises for an unknown option or too many words."""
    context = click.Context(found, info_name=found.name)
    given, left, _order = found.make_parser(context).parse_args(args=list(words))
    assert not left, f"{found.name} takes no {left}"
    return {name: value for name, value in given.items() if value is not None}


def check(line: str, is_whole: bool) -> None:
    program, *words = without_settings(line)
    match program:
        case "make":
            assert re.search(rf"^{words[0]}:", page("Makefile"), re.MULTILINE), line
        case "python" if words[0] == "scheduler.py":
            parsed(scheduler.main, words[1:])
        case "python":
            assert words == ["-m", "tests.test_readme"], line
        case "papermill":
            given = parsed(papermill, words)
            assert papermill_engines.get_engine(str(given["engine"])) is DaybookEngine, line
            assert (ROOT / str(given["notebook_path"])).is_file(), line
        case "daybook":
            if words[1:] and isinstance(command(words[0]), click.Group):
                words = [" ".join(words[:2]), *words[2:]]
            found = command(words[0])
            given = parsed(found, words[1:])
            if is_whole:
                missing = [p.name for p in found.params if p.required and not given.get(str(p.name))]
                assert not missing, f"{line} lacks {missing}"
                check_names(words[0], given)
        case _:
            assert line == ". .venv/bin/activate", line


def check_names(name: str, given: dict[str, object]) -> None:
    """Families, sets, parameters, formats and tables that a command names are there."""
    made = set(re.findall(r"^daybook new (\w+)", page("README.md"), re.MULTILINE))
    family = str(given.get("family", ""))
    if name in ("run", "resolve") and family not in made:
        schema = Schema.read(WORKSPACE.notebook(family))
        asked = read_set(WORKSPACE.set_path(family, str(given["set_name"]))) if "set_name" in given else {}
        changes = [str(change).partition("=") for change in given.get("changes", [])]  # type: ignore[attr-defined]
        schema.resolve(asked | {key: value for key, _, value in changes}, AS_OF)
    if name == "ingest":
        assert given["table"] in TABLES


@pytest.mark.parametrize(("name", "line"), list(typed()))
def test_a_command_that_is_shown_can_be_typed(name, line):
    check(line, is_whole=True)


@pytest.mark.parametrize(("name", "line"), list(spoken()))
def test_a_command_that_is_named_exists(name, line):
    check(line, is_whole=False)


def test_commands_are_found_in_prose_and_blocks():
    assert len(list(typed())) > 10
    assert {"daybook serve", "make test"} <= {line for _, line in spoken()}


@pytest.mark.parametrize("name", PAGES)
def test_settings_that_are_named_exist(name):
    known = set(re.findall(r"DAYBOOK_[A-Z_]+[A-Z]", "".join(p.read_text() for p in ROOT.glob("reports_lib/**/*.py"))))
    assert set(re.findall(r"DAYBOOK_[A-Z_]+[A-Z]", page(name))) <= known


def test_what_stands_in_the_menu_of_jupyterlab():
    for exporter in (DaybookHTML, DaybookPDF):
        assert f"*{exporter.export_from_notebook}*" in page("README.md")
    spec = json.loads((ROOT / "reports_lib/kernels/kernelspec/kernel.json").read_text())
    assert f"kernel *{spec['display_name']}*" in page("README.md")


# What is shown


def test_the_json_shown_has_the_keys_that_are_printed():
    (shown,) = blocks_of(page("README.md"), "json")
    outcome = Outcome(1, "", "", "", None, "", "", None, None, 0, {}, {})
    assert list(json.loads(shown)) == list(outcome.json())


def test_the_sets_and_entries_shown_can_be_read(tmp_path):
    entries = [shown for shown in blocks_of(page("README.md"), "yaml") if shown.startswith("- ")]
    assert entries
    for shown in set(blocks_of(page("README.md"), "yaml")) - set(entries):
        (tmp_path / "shown.yaml").write_text(shown)
        Schema.read(WORKSPACE.notebook("customer_dynamics")).resolve(read_set(tmp_path / "shown.yaml"), AS_OF)
    for folder in ("notebooks", "parameters"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    (tmp_path / "parameters/schedule.yaml").write_text("\n".join(entries))
    assert all(entry.due(None, AS_OF) for entry in read_schedule(Workspace.find(tmp_path, {})))


@pytest.mark.parametrize("name", ["README.md", "docs/design.md"])
def test_the_parameters_shown_can_be_declared(name):
    for shown in blocks_of(page(name), "python"):
        assert cell.declarations(shown)


def test_every_kind_is_named():
    kinds = next(line for line in page("README.md").splitlines() if line.startswith("Kinds: "))
    named = {each.removesuffix("[…]") for each in re.findall(r"`([^`]+)`", kinds)}
    assert named == {*KINDS, *CHOICES, *SOURCES}


def test_the_schedule_can_be_read_and_explains_its_keys():
    entries = read_schedule(WORKSPACE)
    assert entries
    for entry in entries:
        Schema.read(WORKSPACE.notebook(entry.family)).resolve(entry.given, AS_OF)
        assert entry.due(None, AS_OF)
    text = (WORKSPACE.parameters / "schedule.yaml").read_text()
    assert all(re.search(rf"\b{key}:", text) for key in KEYS)
    assert all(way in text for way in (*CatchUp, *Overlap))


def test_the_ways_of_the_clock_are_all_told():
    rows = re.findall(r"^\| (?:`(\w+)` )?\| `(\w+)` \|", page("docs/operations.md"), re.MULTILINE)
    assert [key for key, _ in rows if key] == [CatchUp.key(), Overlap.key()]
    assert [way for _, way in rows] == [*CatchUp, *Overlap]


def test_every_right_and_audience_is_told():
    assert set(MAY) == set(Right)
    assert set(OPENS) == set(Audience)
    form = (ROOT / "reports_lib/portal/templates/share.html.j2").read_text()
    assert all(f'choice("{audience}", _("{label}"))' in form for audience, (label, _) in OPENS.items())


def test_what_programs_are_shown_is_run():  # docs/api.md is, by tests/api/test_docs.py
    lines = [line for text in blocks_of(page("README.md"), "bash") for line in text.splitlines() if "curl" in line]
    assert lines
    assert set(lines) <= set(page("docs/api.md").splitlines())


def test_mail_servers_are_reached_as_it_is_told():
    text = page("docs/operations.md")
    rows = re.findall(r"^\| `(smtps?://\S+)` \| (\d+) \|", text, re.MULTILINE)
    assert len(rows) == 5
    assert all(Server.parse(url).port == int(port) for url, port in rows)
    minutes = [f"{wait.total_seconds() / 60:g}" for wait in WAITS]
    assert f"after {', '.join(minutes[:3])} … minutes" in text


# What is promised


def test_the_law_of_the_store_stands_word_for_word():
    law = (
        "A file's name is the SHA-256 of its bytes. A file is written once and never changed. "
        "A snapshot's name is that of its manifest, which lists every file by its name."
    )
    assert f"> {law}\n" in page("README.md")
    assert law in one_line(page("docs/design.md"))
    assert law in one_line(snapshots.__doc__)


def test_the_glossary_has_the_words_of_the_design():
    glossary = page("README.md").split("## Glossary")[1].split("\n## ")[0]
    rows = re.findall(r"^\| ([^|]+) \| [^|]+ \|$", glossary, re.MULTILINE)
    assert tuple(rows[1:]) == WORDS
    assert f"Words, used the same everywhere (README glossary): *{', '.join(WORDS)}*." in page("docs/design.md")


def test_the_changelog_begins_with_this_version():
    assert re.findall(r"^## (\S+)", page("CHANGELOG.md"), re.MULTILINE)[0] == __version__


def figures_of(notebook: Path) -> list[tuple[str, str]]:
    """Group and label of every column of the notebook that stands in a group, in its order."""
    found = []
    for each in json.loads(notebook.read_text())["cells"]:
        if each["cell_type"] == "code":
            for node in ast.walk(ast.parse("".join(each["source"]))):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Column":
                    texts = [a.value for a in node.args if isinstance(a, ast.Constant)]
                    if len(texts) > 3:
                        found.append((node.lineno, texts[3], texts[1]))
    return [(group, label) for _, group, label in sorted(found)]


def test_every_figure_is_defined():
    rows = re.findall(r"^\| ([^|`]+) \| ([^|]+) \| [^|]+ \|$", page("docs/figures.md"), re.MULTILINE)[1:]
    found = figures_of(WORKSPACE.notebook("customer_dynamics"))
    always = [each for each in found if each[0] != "Chargebacks"]
    assert rows == always
    assert len(rows) == 21
    assert {label for group, label in found if group == "Chargebacks"} == {"Qty", "Total"}


def test_every_parameter_is_explained_with_its_words():
    rows = dict(re.findall(r"^\| `(\w+)` \| (.+) \|$", page("docs/figures.md"), re.MULTILINE))
    schema = Schema.read(WORKSPACE.notebook("customer_dynamics"))
    assert list(rows) == [p.name for p in schema]
    for parameter in schema:
        if isinstance(parameter.kind, tuple(CHOICES.values())) and not parameter.kind.lookup:
            for option in parameter.kind.options() or ():
                assert f"`{option.value}`" in rows[parameter.name], option


def test_ingest_is_as_it_is_told():
    text = page("docs/warehouse.md")
    assert "\n" + ",".join(HEADER) + "\n" in text
    limits = Limits()
    assert f"{limits.line:,} bytes" in text
    assert f"{limits.content >> 30} GiB" in text
    assert f"more than {limits.ratio} times" in text
    assert ", ".join(map(code, BY_MONTH)) in text


def test_the_file_of_rows_that_is_shown_can_be_loaded():
    (shown,) = [text for text in blocks_of(page("README.md"), "text") if text.startswith("usage_id,")]
    first, *lines = shown.splitlines()
    _, columns = header.split("shown", first.encode(), TABLES["usage_event"], 1000)
    for line in lines:
        for column, text in zip(columns, line.split(","), strict=True):
            cells.value(column, text)


def test_the_rooms_are_on_the_map():
    layout = page("docs/design.md").split("reports_lib/\n")[1].split("```")[0]
    shown = re.findall(r"^  ([a-z]+(?:/|\.py)) ", layout, re.MULTILINE)
    there = {p.name for p in (ROOT / "reports_lib").glob("*.py")} - {"__init__.py"}
    there |= {f"{p.parent.name}/" for p in (ROOT / "reports_lib").glob("*/__init__.py")}
    assert set(shown) == there


def test_every_library_has_its_reason():
    libraries, tools = page("docs/design.md").split("| library | why | typed |")[1].split("| tool | why | typed |")
    rows, more = (
        re.findall(r"^\| ([a-z0-9-]+) \| ([^|]+) \| (\w+) \|$", text, re.MULTILINE) for text in (libraries, tools)
    )
    project = tomllib.loads(page("pyproject.toml"))["project"]
    bare = [re.split(r"[\[=<>]", each)[0] for each in project["dependencies"]]
    assert [name for name, _, _ in rows] == bare
    assert {name for name, _, _ in more} <= {
        re.split(r"[=<>]", each)[0] for each in project["optional-dependencies"]["dev"]
    }
    for name, why, typed_ in [*rows, *more]:
        files = distribution(name).files or []
        assert why.endswith(".")
        assert (typed_ == "yes") == any(f.name == "py.typed" for f in files), name


@pytest.mark.parametrize("name", PAGES)
def test_links_lead_somewhere_and_no_machine_is_named(name):
    text = page(name)
    for target in re.findall(r"\]\(([^)#\s]+)\)", text):
        if not target.startswith("https://"):
            assert (ROOT / name).parent.joinpath(target).exists(), target
    assert not re.search(r"/(home|root|work|Users|tmp)/|pypi|simple/", text)


def write() -> None:
    """Write every block anew."""
    for (name, mark), render in BLOCKS.items():
        inner = render()
        ends = "\n" if "\n" in inner else ""
        text = block(mark).sub(lambda m, put=ends + inner + ends: m[1] + put + m[3], page(name))
        (ROOT / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write()
