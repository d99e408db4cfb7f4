"""The typeface of PDFs and charts: Inter, regular, italic and semibold, cut to Latin, Greek and Cyrillic.

It travels with the package so that a report looks alike on every machine, also one without a
network. The licence is `OFL.txt`. Other scripts fall back to fonts of the machine (`docs/design.md`).
"""

from pathlib import Path

FOLDER = Path(__file__).parent
FAMILY = "Inter"
FACES = {
    "Inter-Regular.ttf": (400, "normal"),
    "Inter-Italic.ttf": (400, "italic"),
    "Inter-SemiBold.ttf": (600, "normal"),
}
