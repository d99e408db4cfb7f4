"""Media types by which a notebook's outputs say what they are; the display room writes them."""

TABLE = "application/vnd.daybook.table+json"
CHART = "application/vnd.daybook.chart+json"
INFO = "application/vnd.daybook.info+json"
TILES = "application/vnd.daybook.tiles+json"
SVG = "image/svg+xml"
