"""The document on paper: one file that is PDF/A-3a, PDF/UA-1 and Factur-X EN 16931 at once.

    facts --page.py--> HTML --WeasyPrint--> pages, tagged  \
          --xml.py---> factur-x.xml ----------------------  > one PDF, the same bytes whenever it is made
          --annex.py-> calls.csv -------------------------  /

A work of a renderer: bytes and plain values in, bytes out (`rendering/works.py`). Nothing but the facts and
the rows of the annex goes in, so neither an address nor a rate that changes later can change the paper.
"""

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from reports_lib.invoicing import annex
from reports_lib.invoicing.document import Document
from reports_lib.invoicing.page import CODE, TEMPLATES, calls_name, page
from reports_lib.invoicing.qr import payment_code
from reports_lib.invoicing.totals import check
from reports_lib.invoicing.words import Words
from reports_lib.invoicing.xml import lacks, xml
from reports_lib.rendering.archive import Archive, Attached, Property, Schema

XML_NAME = "factur-x.xml"
FACTUR_X = Schema(
    "Factur-X PDFA Extension Schema",
    "urn:factur-x:pdfa:CrossIndustryDocument:invoice:1p0#",
    "fx",
    tuple(
        Property(name, "Text", "external", description, value)
        for name, description, value in (
            ("DocumentFileName", "The name of the embedded XML document", XML_NAME),
            ("DocumentType", "The type of the hybrid document in capital letters", "INVOICE"),
            ("Version", "The version of the standard applying to the embedded XML document", "1.0"),
            ("ConformanceLevel", "The conformance level of the embedded XML document", "EN 16931"),
        )
    ),
)


def pdf(document_json: bytes, given: Mapping[str, Any]) -> bytes:
    """The PDF of the document whose facts are `document_json`.

    `given["calls"]` is the path of the Parquet file with the rows of its annex, where it has one. Raises
    `ParameterError` if the facts are none or do not agree, `CorruptSnapshotError` if the rows are not its own.
    """
    from reports_lib.rendering.pdf import printed  # half a second of imports, for those who print

    document = Document.parse(document_json)
    check(document)
    words = Words(document.language, document.places, document.currency)
    rows, table = annex.kept(document, Path(given.get("calls", ""))) if document.calls else ([], b"")
    is_printed = document.calls is not None and document.calls.form == "pages"
    code = payment_code(document)
    held = {CODE: code} if code else {}
    source = page(document, is_coded=bool(code), annex=annex.pages(rows, words) if is_printed else None)
    data = embedded(document)
    archive = Archive(tuple(_attached(document, data, table, words)), (FACTUR_X,) if data else ())
    return printed(source, document_json, created=document.made_at, styles=[_style()], held=held, archive=archive)


def embedded(document: Document) -> bytes | None:
    """The `factur-x.xml` that goes into the PDF, or None where EN 16931 cannot say it (`xml.lacks`)."""
    if lacks(document):
        return None
    return xml(document, document.payment.text)


def _attached(document: Document, data: bytes | None, table: bytes, words: Words) -> Iterator[Attached]:
    if data:
        yield Attached(XML_NAME, data, words.say("attached_xml"), "Alternative")
    if document.calls:
        yield Attached(calls_name(document), table, words.say("attached_csv"), "Supplement")


@cache
def _style() -> Any:  # noqa: ANN401 - a style sheet of WeasyPrint, untyped
    import weasyprint

    from reports_lib.rendering.pdf import OwnAssets, typefaces

    _, faces = typefaces()
    return weasyprint.CSS(filename=TEMPLATES / "invoice.css", font_config=faces, url_fetcher=OwnAssets())
