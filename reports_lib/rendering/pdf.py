"""Page to PDF, by WeasyPrint, which is let to nothing but what the page itself holds.

By itself WeasyPrint fetches whatever a page names, local files too, and puts them into the PDF (T6).
"""

import hashlib
import re
import warnings
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import cache

import weasyprint
from weasyprint.text.fonts import FontConfiguration
from weasyprint.urls import FatalURLFetchingError, URLFetcher, URLFetcherResponse

from reports_lib import fonts
from reports_lib.errors import NotebookError
from reports_lib.rendering.archive import Archive
from reports_lib.rendering.long_tables import for_paper
from reports_lib.rendering.objects import write_once
from reports_lib.rendering.strict import Strict

UNKNOWN = "\ufffd"  # what stands for a letter that cannot be shown


class OwnAssets(URLFetcher):
    """Serves `data:` addresses, our typefaces and the `held` PNGs as `asset:<name>`; anything else ends the rendering.

    To hold a picture spares WeasyPrint the long address, which it reads a letter at a time.
    """

    def __init__(self, held: Mapping[str, bytes] | None = None) -> None:
        super().__init__()
        self.held = held or {}
        self.refused: list[str] = []  # within SVG, WeasyPrint takes even a fatal error for a mere broken picture

    def fetch(self, url: str, headers: object = None) -> URLFetcherResponse:
        """The named bytes; raises WeasyPrint's fatal error, for others it would pass over in silence."""
        if re.match("data:", url, re.IGNORECASE):
            return super().fetch(url, headers)
        name = url.removeprefix("asset:")
        if url.startswith("asset:") and name in fonts.FACES:
            return URLFetcherResponse(url, (fonts.FOLDER / name).read_bytes(), {"Content-Type": "font/ttf"})
        if url.startswith("asset:") and name in self.held:
            return URLFetcherResponse(url, self.held[name], {"Content-Type": "image/png"})
        self.refused.append(url)
        raise FatalURLFetchingError(url)


def pdf(html: bytes, *, created: datetime) -> bytes:
    """The page on paper, dated `created` (aware): identical bytes for identical input.

    Raises `NotebookError` if the page refers to anything outside itself.
    """
    return printed(for_paper(html.decode()), html, created=created)


def printed(
    page: str,
    source: bytes,
    *,
    created: datetime,
    styles: Sequence[weasyprint.CSS] = (),
    held: Mapping[str, bytes] | None = None,
    archive: Archive | None = None,
) -> bytes:
    """`page` on paper, made of `source` by which the PDF identifies itself; raises as `pdf`.

    `held` are the PNGs that it names as `asset:<name>`. A page that comes with `styles` is a `Strict` one: they are all
    that is said of it.
    """
    stamp = created.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    fetcher = OwnAssets(held)
    reader = Strict if styles else weasyprint.HTML
    options: dict[str, object] = {"pdf_identifier": hashlib.sha256(source + stamp.encode()).digest()[:16]}

    def put(text: str) -> tuple[bytes, set[int]]:
        style, faces = typefaces()
        html = reader(string=text, base_url="asset:", url_fetcher=fetcher)
        document = html.render(stylesheets=[style, *styles], font_config=faces)
        document.metadata.created = document.metadata.modified = stamp
        if archive:
            archive.seal(document.metadata, created.astimezone(UTC), fetcher)
            options["pdf_variant"] = "pdf/a-3a"
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ResourceWarning)  # WeasyPrint leaves the file of its colours to be closed
            made = bytes(document.write_pdf(finisher=write_once, **options))
        return made, {letter for font in document.fonts.values() for letter in font.missing}

    try:
        made, unknown = put(page)
        if unknown and archive:  # a letter that no typeface here has would be a box that no archive may hold
            made, _ = put(page.translate(dict.fromkeys(unknown, "?" if ord(UNKNOWN) in unknown else UNKNOWN)))
    except FatalURLFetchingError:  # a BaseException: it would end the worker
        made = b""
    if fetcher.refused:
        raise NotebookError(
            f"the report refers to {fetcher.refused[0][:80]!r}; only what it holds itself can be printed"
        )
    return made


@cache
def typefaces() -> tuple[weasyprint.CSS, FontConfiguration]:
    """The rules that name our typefaces, and the configuration that holds them, loaded once a process."""
    faces = FontConfiguration()
    rules = (
        f"@font-face {{ font-family: {fonts.FAMILY}; src: url(asset:{name}); "
        f"font-weight: {weight}; font-style: {style}; }}"
        for name, (weight, style) in fonts.FACES.items()
    )
    return weasyprint.CSS(string="\n".join(rules), font_config=faces, url_fetcher=OwnAssets()), faces
