"""Whoever asks: nobody known, or a user with a role and a company."""

from dataclasses import dataclass, field

from sqlalchemy import ColumnElement, false, true
from sqlalchemy.orm import InstrumentedAttribute

from reports_lib.accounts.role import RIGHTS, Right, Role


@dataclass(frozen=True)
class Visitor:
    """Who asks; nobody known if `name` is empty.

    `company` is the id of his company in the warehouse, empty for the whole group. `companies` are
    that one and all below it.
    """

    name: str = ""
    role: Role | None = None
    company: str = ""
    companies: frozenset[str] = frozenset()
    full_name: str = ""
    email: str = ""
    language: str = ""  # empty is the browser's
    account_id: int = 0
    via_token: bool = field(default=False, compare=False)  # a program, with a token of his

    @property
    def is_signed_in(self) -> bool:
        """Whether it is known who he is."""
        return self.role is not None

    @property
    def is_group(self) -> bool:
        """Whether he stands above every company."""
        return self.is_signed_in and not self.company

    def may(self, right: Right) -> bool:
        """Whether his role gives him the right."""
        return self.role is not None and right in RIGHTS[self.role]

    def owns(self, company: str) -> bool:
        """Whether what belongs to `company` is his to see; that of the whole group is the group's only."""
        return self.is_group or (self.is_signed_in and company in self.companies)

    def sees(self, company: InstrumentedAttribute[str] | InstrumentedAttribute[str | None]) -> ColumnElement[bool]:
        """`owns` as a condition on a column: the one predicate of every list."""
        if self.is_group:
            return true()
        return company.in_(sorted(self.companies)) if self.is_signed_in else false()


NOBODY = Visitor()
"""Nobody known."""
