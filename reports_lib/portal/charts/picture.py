"""A chart as a file to take away: its title above it, and below it what keeps it true wherever it ends up."""

import re
from collections.abc import Iterator
from html import escape
from textwrap import wrap
from threading import BoundedSemaphore
from zoneinfo import ZoneInfo

from reports_lib.errors import ThrottleError
from reports_lib.picture import FONT, PAPER, bare, named, png
from reports_lib.portal.charts.figures import Figures
from reports_lib.portal.charts.parts import Look
from reports_lib.portal.charts.spec import spec
from reports_lib.portal.language import _, moment
from reports_lib.snapshots.manifest import Manifest
from reports_lib.values.formats import legible, stretch

MARGIN, TITLE, FOOT = 24, 18, 11.5  # pixels: around it, and of type
AT_ONCE = 4  # pictures being made
SECONDS = 2
_SIZE = re.compile(r'<svg[^>]* width="([\d.]+)" height="([\d.]+)"')
_UNSAFE = re.compile(r"[^a-z0-9]+")
_pens = BoundedSemaphore(AT_ONCE)


def picture(figures: Figures, manifest: Manifest) -> str:
    """The SVG. Raises `ThrottleError` while as many as can be are being made, `NotebookError` if it cannot be."""
    if not _pens.acquire(blocking=False):
        raise ThrottleError(_("Too many pictures are being made at this moment; try again in a few seconds."), SECONDS)
    try:
        return named(_framed(bare(spec(figures, Look()), figures.title), figures, manifest), *_words(figures))
    finally:
        _pens.release()


def pixels(drawn: str) -> bytes:
    """The PNG of such a picture, two pixels to one."""
    return png(drawn)


def foot(manifest: Manifest) -> str:
    """Of which report a chart is: its title, interval, as-of and data version."""
    as_of = moment(manifest.as_of, ZoneInfo(manifest.time_zone))
    said = _("{title} · {interval} · as of {as_of} · data version {version}")
    start, to, end = stretch(manifest.requested_interval).partition(" to ")
    interval = _("{start} to {end}").format(start=start, end=end) if to else _("no interval")
    return said.format(title=manifest.title, interval=interval, as_of=as_of, version=manifest.data_version)


def filename(figures: Figures, manifest: Manifest, suffix: str) -> str:
    """`customer_dynamics-balance-refill-total-2025-11-01-2026-10-31.png`: family, chart and interval."""
    parts = (manifest.family.lower(), _slug(figures.title) or "chart", _slug(manifest.requested_interval or ""))
    return "-".join(filter(None, parts)) + f".{suffix}"


def _slug(text: str) -> str:
    return _UNSAFE.sub("-", text.lower()).strip("-")[:60].strip("-")


def _words(figures: Figures) -> tuple[str, str]:
    return figures.title, figures.description


def _framed(drawn: str, figures: Figures, manifest: Manifest) -> str:
    found = _SIZE.search(drawn)
    width, height = (float(found[1]), float(found[2])) if found else (Look().width, Look().height)
    across = width + 2 * MARGIN
    titles = wrap(legible(figures.title), max(20, int(width / (TITLE * 0.56)))) or [""]
    feet = [
        line for text in (*figures.notes, foot(manifest)) for line in wrap(legible(text), int(width / (FOOT * 0.54)))
    ]
    top = MARGIN + len(titles) * (TITLE + 6) + 8
    whole = top + height + 12 + len(feet) * (FOOT + 5) + MARGIN - 6
    lines = [
        *_lines(titles, MARGIN + TITLE, TITLE, f'font-weight="600" fill="{INK}"'),
        *_lines(feet, top + height + 12 + FOOT, FOOT, f'fill="{PAPER.words}"'),
    ]
    inner = drawn.replace("<svg ", f'<svg x="{MARGIN}" y="{top:g}" ', 1)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{across:g}" height="{whole:g}" '
        f'viewBox="0 0 {across:g} {whole:g}" font-family="{escape(FONT)}">'
        f'<rect width="{across:g}" height="{whole:g}" fill="{PAPER.ground}"/>{"".join(lines)}{inner}</svg>'
    )


INK = "#1b2430"


def _lines(texts: list[str], y: float, size: float, rest: str) -> Iterator[str]:
    for place, text in enumerate(texts):
        at = y + place * (size + (6 if size == TITLE else 5))
        yield f'<text x="{MARGIN}" y="{at:g}" font-size="{size:g}" {rest}>{escape(text)}</text>'
