"""Who asks, what he may do and which companies are his."""

from fastapi import Request

from reports_lib.accounts.role import RIGHTS, Right
from reports_lib.portal.api.call import Call
from reports_lib.portal.api.common import installation_of
from reports_lib.portal.api.models import Company, Me
from reports_lib.portal.page import visitor_of
from reports_lib.portal.view.share import companies_of


def who_am_i(request: Request) -> Me:
    """Who asks: the name and role of the token's user, and the companies whose reports are his to see."""
    installation, visitor = installation_of(request), visitor_of(request)
    assert visitor.role is not None
    names = companies_of(installation, visitor)
    own = Company(id=visitor.company, name=names.get(visitor.company, visitor.company)) if visitor.company else None
    return Me(
        name=visitor.name,
        full_name=visitor.full_name,
        role=visitor.role,
        rights=[right for right in Right if right in RIGHTS[visitor.role]],
        company=own,
        companies=[Company(id=number, name=name) for number, name in names.items()],
        time_zone=installation.workspace.time_zone,
    )


CALLS = (Call("GET", "/me", who_am_i, Right.READ, Me),)
