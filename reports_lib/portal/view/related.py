"""Families that can be asked with the criteria of a report: those that share its period and more (JD-69, JD-70)."""

from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from reports_lib.errors import DaybookError
from reports_lib.families import heading
from reports_lib.parameters.kinds import IntervalKind
from reports_lib.parameters.schema import Schema
from reports_lib.portal.language import _
from reports_lib.workspace import Workspace


class Related(NamedTuple):
    """Another family and what it is called."""

    family: str
    title: str


class _Declared(NamedTuple):
    title: str
    kinds: dict[str, type]  # of each parameter


def related(workspace: Workspace, family: str) -> list[Related]:
    """The other families with the same parameters for the period and at least one thing more, by title."""
    own = _declared(workspace, family)
    found = [(name, _declared(workspace, name)) for name in workspace.families() if name != family]
    alike = [Related(name, _(other.title)) for name, other in found if own and other and _are_alike(own, other)]
    return sorted(alike, key=lambda each: each.title.casefold())


def _are_alike(one: _Declared, other: _Declared) -> bool:
    shared = [kind for name, kind in one.kinds.items() if other.kinds.get(name) is kind]
    return IntervalKind in shared and len(shared) > 1


def _declared(workspace: Workspace, family: str) -> _Declared | None:
    """What the family's notebook declares; None if it has gone or cannot be read."""
    try:
        notebook = workspace.notebook(family)
        file = notebook.stat()
        return _read(notebook, file.st_mtime_ns, file.st_size)
    except (DaybookError, OSError):
        return None


@lru_cache(256)
def _read(notebook: Path, _changed: int, _size: int) -> _Declared:
    schema = Schema.read(notebook)
    return _Declared(heading(notebook).title, {each.name: type(each.kind) for each in schema})
