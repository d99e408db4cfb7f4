"""How much one run may take."""

from dataclasses import dataclass
from typing import Self

from reports_lib.workspace import SIZES, Workspace


@dataclass(frozen=True)
class Limits:
    """The most that one run may take of each thing; sizes in bytes."""

    cell_seconds: float
    run_seconds: float  # rendering included
    memory: int  # of all its processes together, with what its queries put aside on disk
    output: int  # printed, shown and written into its folder
    processes: int  # at a time

    @classmethod
    def of(cls, workspace: Workspace) -> Self:
        """What the workspace allows."""
        return cls(
            cell_seconds=workspace.cell_timeout,
            run_seconds=workspace.run_timeout,
            memory=workspace.run_memory,
            output=workspace.run_output,
            processes=workspace.run_processes,
        )


def size(count: float) -> str:
    """A number of bytes for people, such as `5.9 GB`."""
    for unit, factor in reversed(SIZES.items()):
        if count >= factor:
            return f"{count / factor:.3g} {unit}"
    return "0 B"
