"""The import law: a room imports only rooms below it on its own side, or the ground."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent / "reports_lib"
GROUND = ("errors", "workspace", "values", "parameters", "database", "warehouse", "families", "fonts", "picture")
NOTEBOOK_SIDE = ("metrics", "display", "notebook", "ahead")
BETWEEN = {"grafana": ("metrics", "display")}  # asks what notebooks ask, for those who hand out the question
HANDING_OUT = ("portal", "cli")
MACHINERY = (
    "accounts",
    "kernels",
    "rendering",
    "snapshots",
    "delivery",
    "mirror",
    "runs",
    "cdr",
    "invoicing",
    "ops",
    "portal",
    "cli",
)


def room_of(path: Path) -> str:
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


def imported_rooms(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("reports_lib"):
            parts = node.module.split(".")
            names = parts[1:2] or [alias.name for alias in node.names]
            found |= {name for name in names if not name.startswith("__")}
        elif isinstance(node, ast.Import):
            found |= {a.name.split(".")[1] for a in node.names if a.name.startswith("reports_lib.")}
    return found


def allowed(room: str) -> set[str]:
    if room in GROUND:
        return set(GROUND[: GROUND.index(room) + 1])
    if room in BETWEEN:
        return {*GROUND, *BETWEEN[room], room}
    side = NOTEBOOK_SIDE if room in NOTEBOOK_SIDE else MACHINERY
    return set(GROUND) | set(side[: side.index(room) + 1]) | (set(BETWEEN) if room in HANDING_OUT else set())


def modules() -> list[Path]:
    return sorted(p for p in ROOT.rglob("*.py") if p != ROOT / "__init__.py")


@pytest.mark.parametrize("path", modules(), ids=lambda p: str(p.relative_to(ROOT)))
def test_a_room_imports_only_what_lies_below_it(path):
    assert imported_rooms(path) <= allowed(room_of(path)) - {"__version__"}


def test_every_room_has_its_place():
    assert {room_of(p) for p in modules()} <= {*GROUND, *NOTEBOOK_SIDE, *BETWEEN, *MACHINERY}


@pytest.mark.parametrize("word", ["fastapi", "starlette", "uvicorn"])
def test_nothing_outside_the_portal_knows_http(word):
    knowing = {room_of(p) for p in modules() if f"import {word}" in p.read_text() or f"from {word}" in p.read_text()}
    assert knowing <= {"portal", "cli"}


def test_nothing_is_pickled():  # a database that somebody else can write to must not be able to run code (T17)
    for path in modules():
        assert not {"pickle", "joblib", "dill", "cloudpickle"} & {
            alias.name
            for node in ast.walk(ast.parse(path.read_text()))
            if isinstance(node, ast.Import)
            for alias in node.names
        }, path


def test_no_sql_is_put_together_from_texts_on_the_notebook_side():  # T12
    for path in modules():
        if room_of(path) in NOTEBOOK_SIDE:
            calls = {
                n.func.attr
                for n in ast.walk(ast.parse(path.read_text()))
                if isinstance(n, ast.Call) and isinstance(n.func, ast.Attribute)
            }
            assert not calls & {"sql", "raw_sql"}, path
