"""What makes a PDF one for archives and for screen readers at once: PDF/A-3a and PDF/UA-1, with files inside.

WeasyPrint writes the metadata of the first and would put what is added beside it, into a second `rdf:RDF`, where
no validator sees it: here all of it goes into the one, with the one list of schemas that PDF/A asks for.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from xml.sax.saxutils import escape

END = b"</rdf:RDF>"
EXTENSION = "http://www.aiim.org/pdfa/ns"


@dataclass(frozen=True, slots=True)
class Attached:
    """A file within the PDF; `relationship` is how it stands to the page (ISO 32000-2, 7.11.3)."""

    name: str
    body: bytes
    description: str
    relationship: Literal["Source", "Data", "Alternative", "Supplement"]


@dataclass(frozen=True, slots=True)
class Property:
    """A fact in the metadata, and what PDF/A wants said of it."""

    name: str
    kind: str
    category: Literal["internal", "external"]
    description: str
    value: str

    @property
    def said(self) -> str:
        """Its own description, an item of the list of a schema."""
        told = {"name": self.name, "valueType": self.kind, "category": self.category, "description": self.description}
        return _item("pdfaProperty", told)


@dataclass(frozen=True, slots=True)
class Schema:
    """Facts of one namespace."""

    title: str
    address: str
    prefix: str
    properties: tuple[Property, ...]

    @property
    def facts(self) -> str:
        """The values."""
        values = "".join(
            f"<{self.prefix}:{one.name}>{escape(one.value)}</{self.prefix}:{one.name}>" for one in self.properties
        )
        return f'<rdf:Description rdf:about="" xmlns:{self.prefix}="{self.address}">{values}</rdf:Description>'

    @property
    def said(self) -> str:
        """What they are, an item of the list of schemas."""
        told = {"schema": self.title, "namespaceURI": self.address, "prefix": self.prefix}
        listed = "".join(one.said for one in self.properties)
        return _item("pdfaSchema", told, f"<pdfaSchema:property><rdf:Seq>{listed}</rdf:Seq></pdfaSchema:property>")


UA = Schema(
    "PDF/UA Universal Accessibility Schema",
    "http://www.aiim.org/pdfua/ns/id/",
    "pdfuaid",
    (Property("part", "Integer", "internal", "Indicates, which part of ISO 14289 standard is followed", "1"),),
)


@dataclass(frozen=True, slots=True)
class Archive:
    """The files within, and facts in the metadata beyond those of PDF/A and PDF/UA."""

    attached: Sequence[Attached] = ()
    schemas: Sequence[Schema] = ()

    def seal(self, metadata: Any, created: datetime, fetcher: Any) -> None:  # noqa: ANN401 - WeasyPrint's, untyped
        """Put both into the `metadata` of a WeasyPrint document, files dated `created` (UTC)."""
        import weasyprint  # half a second, for those who print

        written = metadata.generate_rdf_metadata
        metadata.generate_rdf_metadata = lambda *given: written(*given).replace(END, self._rdf() + END)
        metadata.attachments = [
            weasyprint.Attachment(
                string=one.body,
                name=one.name,
                description=one.description,
                relationship=one.relationship,
                created=created,
                modified=created,
                url_fetcher=fetcher,
            )
            for one in self.attached
        ]

    def _rdf(self) -> bytes:
        schemas = (UA, *self.schemas)
        spaces = " ".join(
            f'xmlns:{prefix}="{EXTENSION}/{path}"'
            for prefix, path in (
                ("pdfaExtension", "extension/"),
                ("pdfaSchema", "schema#"),
                ("pdfaProperty", "property#"),
            )
        )
        facts = "".join(schema.facts for schema in schemas)
        listed = "".join(schema.said for schema in schemas)
        bag = f"<pdfaExtension:schemas><rdf:Bag>{listed}</rdf:Bag></pdfaExtension:schemas>"
        return f'{facts}<rdf:Description rdf:about="" {spaces}>{bag}</rdf:Description>'.encode()


def _item(prefix: str, told: dict[str, str], more: str = "") -> str:
    said = "".join(f"<{prefix}:{key}>{escape(value)}</{prefix}:{key}>" for key, value in told.items())
    return f'<rdf:li rdf:parseType="Resource">{said}{more}</rdf:li>'
