"""The colours of a chart's series: palettes for light and dark ground, told apart up to the last series."""

from collections.abc import Sequence

from reports_lib.picture import NIGHT, SERIES, Ink
from reports_lib.portal.charts.choice import Palette

_LIGHT = {
    Palette.DAYBOOK: SERIES,
    Palette.BLUE: ("#0b3c5d", "#2a7ab8", "#7fb4dc", "#14598c", "#549bd0", "#a3c9e8", "#35607f"),
    Palette.WARM: ("#a63603", "#e6862b", "#7a1f1f", "#c9a227", "#d9613c", "#6b4a1e", "#f0b67f"),
    Palette.GREY: ("#1b2430", "#76828f", "#a9b3be", "#3f4b59", "#919ca8", "#5a6673", "#c1c9d1"),
}
_DARK = {
    Palette.DAYBOOK: ("#5db4ee", "#ff8f4d", "#2fc49a", "#e59fc8", "#f2c14e", "#9db8ff", "#b3bcc6"),
    Palette.BLUE: ("#a8d4f5", "#4d9cd8", "#d3e9fb", "#6fb2e3", "#3a86c2", "#8cc4ec", "#5f93b8"),
    Palette.WARM: ("#ff9d5c", "#f2c14e", "#e5706b", "#d9a679", "#ffcf9e", "#c98b3f", "#f08f78"),
    Palette.GREY: ("#e6eaf0", "#98a4b1", "#6f7b88", "#c3ccd6", "#84909d", "#aeb9c5", "#5d6976"),
}


def colours(palette: Palette, chosen: Sequence[tuple[str, str]], series: Sequence[str], ink: Ink) -> list[str]:
    """`#rrggbb` for each of the series in turn: as chosen, else of the palette, each lap of it paler."""
    own, usual = dict(chosen), (_DARK if ink == NIGHT else _LIGHT)[palette]
    found = []
    for place, name in enumerate(series):
        lap, at = divmod(place, len(usual))
        found.append(own.get(name) or _mixed(usual[at], ink, min(0.76, 0.38 * lap)))
    return found


def _mixed(colour: str, ink: Ink, part: float) -> str:
    """The colour with a part of the ground in it."""
    ground = "#ffffff" if ink.ground == "white" else ink.ground
    pairs = zip(_parts(colour), _parts(ground), strict=True)
    return "#" + "".join(f"{round(a * (1 - part) + b * part):02x}" for a, b in pairs)


def _parts(colour: str) -> list[int]:
    return [int(colour[at : at + 2], 16) for at in (1, 3, 5)]
