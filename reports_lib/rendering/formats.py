"""The formats a report comes in."""

from collections.abc import Iterable
from enum import StrEnum
from typing import Self

from reports_lib.errors import UnknownNameError

_MIMES = {
    "html": "text/html; charset=utf-8",
    "pdf": "application/pdf",
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "xls": "application/vnd.ms-excel",
}


class Format(StrEnum):
    """A format; its value is its name, in addresses and as the ending of files (JD-24 to JD-27)."""

    HTML = "html"
    PDF = "pdf"
    CSV = "csv"
    XLSX = "xlsx"
    XLS = "xls"

    @property
    def mime(self) -> str:
        """Its media type."""
        return _MIMES[self.value]

    @classmethod
    def parse(cls, text: str) -> Self:
        """The format named `text`, in any case; raises `UnknownNameError`."""
        known = {form.value: form for form in cls}
        if found := known.get(text.strip().lower()):
            return found
        raise UnknownNameError.of("format", text, known)

    @classmethod
    def parse_all(cls, texts: Iterable[str]) -> tuple[Self, ...]:
        """The formats of these names, each once, in their order; raises as `parse` does."""
        return tuple(dict.fromkeys(map(cls.parse, texts)))
