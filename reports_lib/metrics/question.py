"""What Customer Dynamics can be asked: the attributes that its notebook's parameters give."""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from reports_lib.values.interval import Interval
from reports_lib.values.spine import Unit
from reports_lib.warehouse.statement import Build

FINEST_FIRST = (Unit.DATE, Unit.MONTH, Unit.YEAR)


class Warehouse(Protocol):
    """Whatever answers questions about the canonical tables, without rows from its as-of moment on."""

    def ask(self, build: Build, shape: Hashable = None, values: Mapping[str, str] = ...) -> list[dict[str, Any]]:
        """The rows that `build` describes for a question of this shape and these values."""

    def check(self, names: Iterable[str]) -> None:
        """Raise one `WarehouseError` that names all that is wrong with these tables."""


class Question(Protocol):
    """The parameters of a run, resolved; ids are whole numbers or their text."""

    interval: Interval
    as_of: datetime
    client_type: Sequence[str]
    client_tags: Sequence[str]
    company: Sequence[str]
    include_sub_companies: bool
    owner_user: Sequence[str]
    package: Sequence[str]
    group_by: Sequence[str]  # of year, month, date and package
    currency: str
    active_duration: int  # months
    compare_to: str  # none, or a Comparison
    empty_buckets: str  # show or hide
    fx_mode: str  # event or report_end
    tax_mode: str  # gross or net
    balance_mode: str  # live or fixed
    chargebacks: bool


@dataclass(frozen=True, slots=True)
class Shape:
    """What the query of a question depends on, beside the values that are filled in."""

    picks: frozenset[str]  # the filters that are used, as columns of `population.PICKED`
    has_packages: bool  # whether packages were chosen
    is_by_package: bool
    is_net: bool
    is_fixed: bool  # balances
    chargebacks: bool

    @property
    def is_narrow(self) -> bool:
        """Whether some clients are left out."""
        return bool(self.picks) or self.has_packages


def unit(asked: Question) -> Unit | None:
    """The finest time unit asked for, which makes the buckets."""
    return next((u for u in FINEST_FIRST if u.value in asked.group_by), None)


def keys(asked: Question) -> list[str]:
    """The groupings asked for, the coarsest first."""
    return [name for name in ("year", "month", "date", "package") if name in asked.group_by]


def is_by_package(asked: Question) -> bool:
    """Whether every bucket is split by package."""
    return "package" in asked.group_by
