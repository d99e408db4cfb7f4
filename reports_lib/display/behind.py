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
