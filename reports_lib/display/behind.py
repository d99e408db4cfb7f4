"""The report behind a figure: another family, asked with the same criteria (CD-01, JD-69)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlencode

from markupsafe import Markup


@dataclass(frozen=True, slots=True)
class Behind:
    """What shows a figure's rows: a family, what it is called, and the parameters to ask it with.

    In the portal it is a link to the family's form, filled in; on paper its name.
    """

    family: str
    title: str
    given: Mapping[str, str | Sequence[str]] = field(default_factory=dict)

    @property
    def address(self) -> str:
        """Where the portal asks for it, on whichever host the report is read."""
        return f"/ask/{self.family}" + (f"?{urlencode(self.given, doseq=True)}" if self.given else "")

    @property
    def html(self) -> Markup:
        """The link; it opens beside the report, whose frame may not leave it."""
        return Markup('<a href="{}" target="_blank">{}</a>').format(self.address, self.title)


@dataclass(frozen=True, slots=True)
class Opening:
    """What the cells of a column open: a family, its `parameter` being what the row has by the name `value`.

    Cells of rows that have nothing there open nothing. `given` are further parameters, the same for all rows.
    """

    family: str
    parameter: str
    value: str
    given: Mapping[str, str | Sequence[str]] = field(default_factory=dict)

    def behind(self, found: object, title: str) -> Behind:
        """The way from the row that has `found`, called as its cell reads."""
        return Behind(self.family, title, {**self.given, self.parameter: str(found)})
