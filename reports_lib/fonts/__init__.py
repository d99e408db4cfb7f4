"""The typeface of PDFs and charts: Inter, regular and semibold, cut to Latin, Greek and Cyrillic.

It travels with the package so that a report looks alike on every machine, also one without a
network. The licence is `OFL.txt`. Other scripts fall back to fonts of the machine (`docs/design.md`).
"""

from pathlib import Path

FOLDER = Path(__file__).parent
FAMILY = "Inter"
FILES = {400: "Inter-Regular.ttf", 600: "Inter-SemiBold.ttf"}
