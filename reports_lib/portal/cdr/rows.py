"""A file of call records as its row and its page show it."""

from dataclasses import dataclass

from reports_lib.database.schema import CdrFile, CdrState
from reports_lib.portal.language import N_, _
from reports_lib.values.formats import binary_size

WORDS = {
    CdrState.WAITING: N_("Waiting"),
    CdrState.PROCESSING: N_("Processing"),
    CdrState.SUCCESS: N_("Success"),
    CdrState.ERROR: N_("Error"),
}
SHAPES = {  # of the badge
    CdrState.WAITING: "queued",
    CdrState.PROCESSING: "generating",
    CdrState.SUCCESS: "generated",
    CdrState.ERROR: "error",
}


@dataclass(frozen=True)
class Row:
    """One file."""

    file: CdrFile

    @property
    def url(self) -> str:
        """Its page."""
        return f"/cdr/{self.file.id}"

    @property
    def word(self) -> str:
        """Where it is."""
        return _(WORDS[CdrState(self.file.state)])

    @property
    def shape(self) -> str:
        """The shape of its badge."""
        return SHAPES[CdrState(self.file.state)]

    @property
    def size(self) -> str:
        """What it takes on disk, packed if it came so (CD-04)."""
        return binary_size(self.file.size_bytes)

    @property
    def is_on_its_way(self) -> bool:
        """Whether it will change by itself."""
        return self.file.state in (CdrState.WAITING, CdrState.PROCESSING)

    @property
    def is_success(self) -> bool:
        """Whether its lines are in the warehouse, or aside."""
        return self.file.state == CdrState.SUCCESS
