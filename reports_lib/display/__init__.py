"""What a report shows: tables, charts, tiles and the facts about its data (NOTEBOOK SIDE).

Each thing describes itself to Jupyter as a bundle of media types. `text/html` is for people; the
`application/vnd.daybook.*+json` beside it is for the machinery, which never imports this room.
"""

from reports_lib.display.behind import Behind, Opening
from reports_lib.display.charts import Chart, bars, circles, lines, ranks
from reports_lib.display.column import Column
from reports_lib.display.grid import Grid
from reports_lib.display.headlines import headlines
from reports_lib.display.info import Info
from reports_lib.display.tiles import Tile, Tiles

__all__ = [
    "Behind",
    "Chart",
    "Column",
    "Grid",
    "Info",
    "Opening",
    "Tile",
    "Tiles",
    "bars",
    "circles",
    "headlines",
    "lines",
    "ranks",
]
