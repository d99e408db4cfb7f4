"""Accounts: made, found, changed, and what is written down of it."""

import pytest
from sqlalchemy import select

from reports_lib.accounts import account as accounts
from reports_lib.accounts.role import Role
from reports_lib.database.schema import AuditEntry
from reports_lib.errors import ParameterError, StateError, UnknownNameError
from tests.accounts.conftest import NOW
from tests.portal.people import PASSWORD


def add(session, name="dora", role=Role.BILLING, password=PASSWORD, **more):
    return accounts.add(session, name=name, role=role, password=password, now=NOW, by="tests", **more)


def test_a_name_is_taken_once_in_whatever_letters(session):
    assert add(session, " Dora@Example.com ").name == "dora@example.com"
    with pytest.raises(StateError, match="already"):
        add(session, "DORA@example.COM")
    assert accounts.find(session, "dora@EXAMPLE.com").full_name == ""


@pytest.mark.parametrize("name", ["", " ", "a b", "-a", ".a", "a/b", "a\nb", "é", "a" * 64, "<b>", "a'or'1", "a\x00"])
def test_what_is_no_name(session, name):
    with pytest.raises(ParameterError):
        add(session, name)


def test_a_name_that_is_nearly_right_is_told(session):
    add(session, "theodora")
    with pytest.raises(UnknownNameError, match="did you mean 'theodora'"):
        accounts.find(session, "teodora")


def test_each_change_is_written_down_once(session):
    dora = add(session, company="2")
    accounts.change_role(session, dora, Role.ANALYST, NOW, "ann")
    accounts.change_role(session, dora, Role.ANALYST, NOW, "ann")
    accounts.change_company(session, dora, "3", NOW, "ann")
    accounts.change_company(session, dora, "3", NOW, "ann")
    accounts.change_password(session, dora, "quite another one", NOW, "ann")
    accounts.disable(session, dora, NOW, "ann")
    accounts.disable(session, dora, NOW, "ann")
    accounts.enable(session, dora, NOW, "ann")
    accounts.enable(session, dora, NOW, "ann")
    session.flush()
    query = select(AuditEntry).where(AuditEntry.object == "user dora").order_by(AuditEntry.id)
    assert [(e.who, e.action, e.before, e.after) for e in session.scalars(query)] == [
        ("tests", "add user", None, {"role": "billing", "company": "2"}),
        ("ann", "change role", {"role": "billing"}, {"role": "analyst"}),
        ("ann", "change company", {"company": "2"}, {"company": "3"}),
        ("ann", "change password", None, None),
        ("ann", "disable user", None, None),
        ("ann", "enable user", None, None),
    ]
