"""docs/api.md: its examples do what they say, in its order, and its tables say what there is."""

import json
import re
import shlex
from pathlib import Path

from sqlalchemy import func, update
from sqlalchemy.orm import Session

from reports_lib.database.schema import Run, State
from reports_lib.portal.api.app import CALLS, REFUSALS
from reports_lib.portal.api.sent import LARGEST
from reports_lib.portal.users.guesses import FREE, FREE_OF_ADDRESS
from tests.api.conftest import NORTH, program
from tests.portal.bills import Bills
from tests.portal.shared import another

PAGE = (Path(__file__).parents[2] / "docs" / "api.md").read_text(encoding="utf-8")


def table():
    """The table of all addresses."""
    first = [(call, " ".join((call.function.__doc__ or "").split("\n\n")[0].split())) for call in CALLS]
    lines = [f"| `{call.method} {call.path}` | {text} |" for call, text in first]
    return "\n".join(["| address | what it does |", "|---|---|", *lines])


def curl(client, line, variables):
    """What is answered to a line of curl."""
    for name in re.findall(r"\$([A-Z]+)", line):
        line = line.replace(f"${name}", variables[name])
    words, method, body = shlex.split(line)[1:], "GET", None
    assert words[:2] == ["-H", f"Authorization: Bearer {variables['TOKEN']}"]
    words, path = words[2:-1], words[-1].removeprefix(variables["URL"])
    while words:
        option, text, *words = words
        if option == "--json":
            body, method = json.loads(text), "POST" if method == "GET" else method
        elif option == "-X":
            method = text
        else:
            assert option == "-o"
    return client.request(method, path, **({} if body is None else {"json": body}))


def test_its_examples_do_what_they_say(installation, reports, rows):
    client = program(installation, "admin", "1")
    report = another(installation, reports[NORTH], company=NORTH)  # it is deleted
    draft = Bills(installation, NORTH, 2, series="DOC-").draft()
    variables = {"URL": "http://127.0.0.1:8127/api/v1", "TOKEN": client.token, "INVOICE": str(draft)}
    blocks = re.findall(r"```(bash|json)\n(.*?)```", PAGE.split("## What is refused")[0], re.DOTALL)
    told, lines = {}, 0
    for kind, text in blocks:
        if kind == "json":
            assert json.loads(text).keys() <= told.keys()
            continue
        for line in text.splitlines():
            if line.startswith("export RUN"):
                variables["RUN"] = str(told["run"])
                finish(installation, told["run"], report)
            elif line.startswith("export LINK"):
                variables["LINK"] = told["token"]
            elif line.startswith("curl"):
                answer = curl(client, line, variables)
                assert answer.status_code < 300, (line, answer.text)
                told = answer.json() if answer.headers.get("content-type") == "application/json" else told
                lines += 1
    assert lines == len(re.findall(r"^curl", PAGE, re.MULTILINE)) > 15


def finish(installation, run, manifest):
    """What a worker does with a run, in short."""
    with Session(installation.database) as session, session.begin():
        made = {"state": State.GENERATED, "snapshot_id": manifest.id, "formed_at": func.now()}
        session.execute(update(Run).where(Run.id == run).values(**made))


def test_its_tables_say_what_there_is():
    assert table() in PAGE
    for status, text in REFUSALS.items():
        assert f"| {status} | {text} |" in PAGE
    assert f"{LARGEST:,} bytes" in PAGE
    assert f"After {FREE_OF_ADDRESS} void tokens a minute from one address, or {FREE} links" in PAGE
