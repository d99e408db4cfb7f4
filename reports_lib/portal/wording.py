"""What was asked, in words of the language of the answer: values of a notebook's own options and its periods.

What is looked up in the warehouse, such as tags and companies, is data, and stays as it is.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from reports_lib.errors import DaybookError
from reports_lib.parameters.kinds import FlagKind, IntervalKind
from reports_lib.parameters.schema import Schema
from reports_lib.portal.ask.form import control
from reports_lib.portal.ask.span import spoken
from reports_lib.portal.language import _
from reports_lib.workspace import Workspace


@dataclass(frozen=True)
class Wording:
    """Which parameters of a family are periods, and what the options are called that its notebook writes."""

    periods: frozenset[str] = frozenset()
    options: Mapping[str, Mapping[str, str]] = field(default_factory=dict)  # label by value or label, by parameter

    def said(self, name: str, given: object) -> str:
        """A value, or several, as people read it."""
        if name in self.periods:
            return spoken(str(given))
        known = self.options.get(name, {})
        texts = given if isinstance(given, list) else [given]
        parts = [part for text in texts for part in self._parts(str(text), known)]
        return ", ".join(_(known[part]) if part in known else part for part in parts)

    @staticmethod
    def _parts(text: str, known: Mapping[str, str]) -> list[str]:
        parts = [part.strip() for part in text.split(",")]
        return parts if all(part in known for part in parts) else [text]


def wording(workspace: Workspace, family: str) -> Wording:
    """The words of a family; none if its notebook has gone or cannot be read."""
    try:
        notebook = workspace.notebook(family)
        file = notebook.stat()
        return _read(notebook, file.st_mtime_ns, file.st_size)
    except (DaybookError, OSError):
        return Wording()


@lru_cache(256)
def _read(notebook: Path, _changed: int, _size: int) -> Wording:
    schema = Schema.read(notebook)
    periods = frozenset(each.name for each in schema if isinstance(each.kind, IntervalKind))
    drawn = {each.name: each.kind for each in schema if control(each) in ("pills", "choice", "flag")}
    options = {}
    for name, kind in drawn.items():
        labels = {option.value: option.label for option in kind.options() or ()}
        more = {"true": labels["yes"], "false": labels["no"]} if isinstance(kind, FlagKind) else {}
        options[name] = labels | {label: label for label in labels.values()} | more
    return Wording(periods, options)
