"""A few headline figures in a row."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from markupsafe import Markup

from reports_lib.display.behind import Behind
from reports_lib.values.formats import number

MIME = "application/vnd.daybook.tiles+json"
MANY = 6  # more than these stand in several rows


@dataclass(frozen=True, slots=True)
class Tile:
    """A figure under its label; `change` says how it compares, a Decimal being per cent.

    `behind` is the report that shows what the figure is made of. Text is shown as it is, a number with its
    own digits after the point, and None as an em dash.
    """

    label: str
    value: str | int | Decimal | None
    change: str | Decimal | None = None
    behind: Behind | None = None

    @property
    def value_text(self) -> str:
        """What stands in large type."""
        return _figure(self.value)

    @property
    def change_text(self) -> str:
        """What stands below it: empty where nothing is compared."""
        if self.change is None or isinstance(self.change, str):
            return self.change or ""
        sign = "+" if self.change > 0 else ""
        return f"{sign}{_figure(self.change)} %"


def _figure(value: str | int | Decimal | None) -> str:
    return value if isinstance(value, str) else number(value)


@dataclass(frozen=True, slots=True)
class Tiles:
    """Headline figures side by side."""

    tiles: Sequence[Tile]

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, Any]:
        return {
            "text/html": "".join([_opening(self.tiles), *map(_tile, self.tiles), Markup("</dl>")]),
            "text/plain": "\n".join(f"{t.label}: {t.value_text} {t.change_text}".rstrip() for t in self.tiles),
            MIME: {"tiles": [{"label": t.label, "value": t.value_text, "change": t.change_text} for t in self.tiles]},
        }


def _opening(tiles: Sequence[Tile]) -> Markup:
    return Markup('<dl class="{}">\n').format("tiles many" if len(tiles) > MANY else "tiles")


def _tile(tile: Tile) -> Markup:
    change = Markup('<dd class="change">{}</dd>').format(tile.change_text) if tile.change_text else ""
    behind = Markup('<dd class="behind">{}</dd>').format(tile.behind.html) if tile.behind else ""
    return Markup('<div class="tile"><dt>{}</dt><dd class="value"><bdi>{}</bdi></dd>{}{}</div>\n').format(
        tile.label, tile.value_text, change, behind
    )
