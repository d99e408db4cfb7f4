"""Where dialogues of the web widget come from: counted by the cells of a grid on the earth (TW-106, M-39)."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Protocol

import ibis
import ibis.expr.types as ir
from ibis import _

from reports_lib.metrics.chats import READ, Span
from reports_lib.metrics.dialogues import Narrowed, bounds, dialogues, picks
from reports_lib.metrics.question import Warehouse
from reports_lib.metrics.tallies import data_interval
from reports_lib.metrics.timeline import end, start
from reports_lib.values.formats import number
from reports_lib.warehouse.statement import Dialect, Tables, slot, statement

WEB = "web"
MOST = 2_000  # places that are shown: more can neither be drawn nor read
POLE, HALF_TURN = 90, 180  # degrees


class Question(Narrowed, Protocol):
    """The parameters of a run, resolved."""

    grid: str  # degrees that a cell is wide and high


@dataclass(frozen=True)
class Places:
    """Dialogues by the middle of their cell, in degrees, most first: of very many cells the first `MOST`.

    `total` are all dialogues of the messenger Web; of these, `unknown` have no place, and `others` lie in cells
    that have no row.
    """

    rows: list[dict[str, Any]]
    total: int
    unknown: int
    others: int
    data_interval: Span | None

    @property
    def note(self) -> str:
        """How many of them have a place."""
        whole, unknown = number(self.total), number(self.unknown)
        told = f"{whole} dialogues of the messenger Web, {unknown} of them without coordinates."
        if not self.others:
            return told
        shown, others = number(len(self.rows)), number(self.others)
        return f"{told} Shown are the {shown} places with most of them; {others} were elsewhere."


def web_places(warehouse: Warehouse, asked: Question, most: int = MOST) -> Places:
    """Dialogues of the messenger Web that began in the period, by the cell that their coordinates lie in.

    One without coordinates, or with such as are not on the earth, is `unknown`. The edge of a cell to its south or
    west belongs to it. Raises `WarehouseError` naming all that the warehouse lacks.
    """
    warehouse.check(READ)
    chosen = picks(asked)
    found = warehouse.ask(cells, frozenset(chosen), chosen | bounds(asked) | {"grid": asked.grid})
    known = [row for row in found if row["south"] is not None]
    known.sort(key=lambda row: (-row["dialogues"], -row["south"], row["west"]))
    total, placed, shown = (sum(row["dialogues"] for row in rows) for rows in (found, known, known[:most]))
    return Places(
        rows=[_row(row, Decimal(asked.grid)) for row in known[:most]],
        total=total,
        unknown=total - placed,
        others=placed - shown,
        data_interval=data_interval(found),
    )


def compile_ahead() -> None:
    """Compile for a lake what is asked most, with no filter. Asks nobody."""
    statement(Dialect(), cells, frozenset())


def cells(tables: Tables, chosen: frozenset[str]) -> ir.Table:
    """Dialogues by cell: `south` and `west` are its edges, in cells from the equator and from Greenwich, or null."""
    session, chat = dialogues(tables, chosen), tables("chat")
    session = session.filter(session.started_at >= start(), session.started_at < end())
    session = session.semi_join(chat.filter(chat.messenger == WEB), "chat_id")
    size = slot("grid").cast("float64")
    is_there = session.latitude.between(-POLE, POLE) & session.longitude.between(-HALF_TURN, HALF_TURN)
    # the pole belongs to the cell below it, and the 180th meridian is one, from wherever it is reached
    south = ibis.least(session.latitude, ibis.literal(POLE, "float64") - size) / size
    west = ibis.ifelse(session.longitude == HALF_TURN, -float(HALF_TURN), session.longitude) / size
    told = session.select(
        at=session.started_at,
        south=ibis.ifelse(is_there, south, None).floor().cast("int64"),
        west=ibis.ifelse(is_there, west, None).floor().cast("int64"),
    )
    return told.group_by("south", "west").aggregate(dialogues=_.count(), first_at=_.at.min(), last_at=_.at.max())


def _row(cell: Mapping[str, Any], size: Decimal) -> dict[str, Any]:
    middle = {name: cell[edge] * size + size / 2 for name, edge in (("latitude", "south"), ("longitude", "west"))}
    return middle | {"dialogues": cell["dialogues"]}
