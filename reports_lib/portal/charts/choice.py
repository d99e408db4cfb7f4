"""What somebody chose to see as a chart: of which table, which columns, drawn how.

    /view/chart?id=…&table=customer_dynamics&kind=line&x=bucket&y=refill_total&sort=table

A choice has no words of Vega in it, so whatever is kept, shared or sent, no specification but ours is drawn.
Whether it fits a report is seen only when it is drawn (`chart_data`): the same choice is for any report of a family.
"""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from typing import Any, Self, TypeVar
from urllib.parse import urlencode

from starlette.datastructures import QueryParams

from reports_lib.errors import ParameterError
from reports_lib.portal.language import _

TITLE = 120  # letters
NAME = 200
MOST_COLUMNS = 12  # of figures in one chart
MOST_SERIES = 20  # colours that can be told apart
_HEX = re.compile(r"#[0-9a-f]{6}")
_CONTROL = re.compile("[\x00-\x1f\x7f\ud800-\udfff]")


Word = TypeVar("Word", bound=StrEnum)


class Kind(StrEnum):
    """How the figures are drawn (JD-66)."""

    LINE = "line"
    BAR = "bar"  # series side by side
    STACKED = "stacked"  # series on each other
    AREA = "area"  # series on each other
    PIE = "pie"
    SCATTER = "scatter"


class Sort(StrEnum):
    """The order along x."""

    TABLE = "table"
    LARGEST = "largest"
    SMALLEST = "smallest"
    NAME = "name"


class Palette(StrEnum):
    """Where colours come from that nobody chose."""

    DAYBOOK = "daybook"
    BLUE = "blue"
    WARM = "warm"
    GREY = "grey"


@dataclass(frozen=True)
class Choice:
    """A chart as chosen; raises `ParameterError` for what cannot be one of any report."""

    table: str = ""
    kind: Kind = Kind.BAR
    x: str = ""
    y: tuple[str, ...] = ()
    by: str = ""  # column whose values are the series; none if empty
    sort: Sort = Sort.TABLE
    palette: Palette = Palette.DAYBOOK
    colours: tuple[tuple[str, str], ...] = ()  # name of a series, #rrggbb
    title: str = ""

    def __post_init__(self) -> None:
        names = (self.table, self.x, *self.y, self.by, *(name for name, colour in self.colours))
        if any(len(name) > NAME or _CONTROL.search(name) for name in names):
            raise ParameterError(_("A name in this chart is longer than any column's; choose from the lists."))
        if len(self.title) > TITLE or _CONTROL.search(self.title):
            raise ParameterError(_("A title is one line of {count} letters at most.").format(count=TITLE))
        if len(self.y) > MOST_COLUMNS or len(set(self.y)) < len(self.y):
            message = _("Choose up to {count} columns of figures, each once.")
            raise ParameterError(message.format(count=MOST_COLUMNS))
        if len(self.colours) > MOST_SERIES or not all(_HEX.fullmatch(colour) for name, colour in self.colours):
            raise ParameterError(_("A colour is written like #0b5c8a."))

    @classmethod
    def asked(cls, query: QueryParams) -> Self:
        """The choice in an address; raises `ParameterError`."""
        names, colours = query.getlist("series"), query.getlist("colour")
        if len(names) != len(colours):
            raise ParameterError(_("Each colour needs the name of its series."))
        return cls(
            table=query.get("table", ""),
            kind=_one_of(Kind, query.get("kind") or Kind.BAR),
            x=query.get("x", ""),
            y=tuple(name for name in query.getlist("y") if name),
            by=query.get("by", ""),
            sort=_one_of(Sort, query.get("sort") or Sort.TABLE),
            palette=_one_of(Palette, query.get("palette") or Palette.DAYBOOK),
            colours=tuple(zip(names, (colour.lower() for colour in colours), strict=True)),
            title=query.get("title", "").strip(),
        )

    @classmethod
    def kept(cls, given: Mapping[str, Any]) -> Self:
        """The choice that `json` wrote; anything more, less or other is a `ParameterError`."""
        is_whole = isinstance(given, Mapping) and given.keys() == {field.name for field in fields(cls)}
        if not is_whole or not _is_typed(given):
            raise ParameterError(_("This chart was not kept by this version of Daybook; put it together anew."))
        return cls(
            table=given["table"],
            kind=_one_of(Kind, given["kind"]),
            x=given["x"],
            y=tuple(given["y"]),
            by=given["by"],
            sort=_one_of(Sort, given["sort"]),
            palette=_one_of(Palette, given["palette"]),
            colours=tuple((name, colour) for name, colour in given["colours"]),
            title=given["title"],
        )

    def json(self) -> dict[str, Any]:
        """What a template keeps."""
        return asdict(self) | {"y": list(self.y), "colours": [list(pair) for pair in self.colours]}

    @property
    def query(self) -> str:
        """The choice in an address; what is as usual is left out."""
        pairs = [("table", self.table), ("kind", str(self.kind)), ("x", self.x), *(("y", name) for name in self.y)]
        pairs += [("by", self.by)] if self.by else []
        pairs += [("sort", str(self.sort))] if self.sort != Sort.TABLE else []
        pairs += [("palette", str(self.palette))] if self.palette != Palette.DAYBOOK else []
        pairs += [pair for name, colour in self.colours for pair in (("series", name), ("colour", colour))]
        pairs += [("title", self.title)] if self.title else []
        return urlencode(pairs)


def _one_of(kinds: type[Word], text: str) -> Word:
    try:
        return kinds(text)
    except ValueError:
        message = _("A chart's {what} is one of {words}, and not {text}.")
        what = kinds.__name__.lower()
        raise ParameterError(message.format(what=what, words=", ".join(kinds), text=repr(text[:40]))) from None


def _is_typed(given: Mapping[str, Any]) -> bool:
    texts = all(isinstance(given[name], str) for name in ("table", "kind", "x", "by", "sort", "palette", "title"))
    lists = all(isinstance(given[name], list) for name in ("y", "colours"))
    return (
        texts
        and lists
        and all(isinstance(name, str) for name in given["y"])
        and all(
            isinstance(pair, list) and len(pair) == 2 and all(isinstance(each, str) for each in pair)
            for pair in given["colours"]
        )
    )
