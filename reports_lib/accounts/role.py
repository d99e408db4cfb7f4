"""Roles, and what each may do: the one table of rights."""

from enum import StrEnum


class Role(StrEnum):
    """What an account is for."""

    ADMIN = "admin"
    ANALYST = "analyst"
    BILLING = "billing"
    VIEWER = "viewer"


class Right(StrEnum):
    """One thing that may be done; always with what belongs to the own company and those below it."""

    READ = "read"  # lists, pages of runs, reports and their files
    ASK = "ask"  # make, cancel and regenerate reports, keep queries for oneself, use the API
    SHARE = "share"  # make and revoke links
    PUBLISH = "publish"  # public links; queries and charts for others; schedules
    NOTEBOOK = "notebook"  # the notebook of a run that failed
    INVOICE = "invoice"  # issue and revise invoices
    OPERATE = "operate"  # change customers, make coupons
    DELETE = "delete"  # what others have made


RIGHTS: dict[Role, frozenset[Right]] = {
    Role.ADMIN: frozenset(Right),
    Role.ANALYST: frozenset({Right.READ, Right.ASK, Right.SHARE, Right.PUBLISH, Right.NOTEBOOK}),
    Role.BILLING: frozenset({Right.READ, Right.ASK, Right.SHARE, Right.INVOICE, Right.OPERATE}),
    Role.VIEWER: frozenset({Right.READ}),
}
