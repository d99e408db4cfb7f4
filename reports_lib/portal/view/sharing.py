"""What a form for a link says: for whom, until when; and what is wrong with it, each beside its field."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Self
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from reports_lib.accounts.account import NAME
from reports_lib.accounts.role import Right
from reports_lib.accounts.visitor import Visitor
from reports_lib.database.schema import Account, Audience, AuditEntry, Link
from reports_lib.errors import UnknownNameError
from reports_lib.portal.language import _
from reports_lib.runs.regenerate import NAMELESS
from reports_lib.snapshots import links
from reports_lib.snapshots.links import Access

MOST = 200  # readers of one link
LONGEST = timedelta(days=3660)
BETWEEN = re.compile(r"[\s,;]+")


@dataclass(frozen=True)
class Form:
    """The form as it was filled in."""

    audience: str = Audience.ANY_USER
    company: str = ""
    readers: str = ""
    until: str = ""  # a day, in the report's time zone
    is_sure: bool = False

    @classmethod
    def sent(cls, fields: Mapping[str, Any]) -> Self:
        """The fields of a form that was sent."""
        words = {name: str(fields.get(name, "")).strip() for name in ("audience", "company", "readers", "until")}
        return cls(**words, is_sure=fields.get("sure") == "yes")


def access(  # the form, who sent it, and what it is checked against
    session: Session,
    form: Form,
    visitor: Visitor,
    companies: Mapping[str, str],
    zone: ZoneInfo,
    faults: dict[str, str],
) -> Access | None:
    """For whom the link is to be; None if something is wrong, which `faults` then tells by field."""
    company, readers = None, []
    match form.audience:
        case Audience.ANY_USER:
            pass
        case Audience.COMPANY:
            company = form.company
            if company not in companies:
                faults["company"] = _("Choose one of your companies.")
        case Audience.NAMED:
            readers = _readers(session, form.readers, faults)
        case Audience.PUBLIC:
            _check_public(form, visitor, faults)
        case _:
            faults["audience"] = _("Choose who may open the link.")
    expires_at = _expiry(form.until, zone, faults)
    if faults:
        return None
    return Access(Audience(form.audience), company, readers, expires_at)


def share_link(session: Session, snapshot_id: str, *, by: str, at: datetime, access: Access) -> str:
    """Make the link, and write down who did; returns its token."""
    token = links.make(session, snapshot_id, by=by, at=at, access=access)
    session.add(_entry("make link", snapshot_id, by, at, after=_told(session.get_one(Link, token))))
    return token


def revoke(session: Session, snapshot_id: str, token: str, by: str, at: datetime) -> None:
    """End a link of that snapshot, and write down who did; raises `UnknownNameError` if it has none such."""
    link = session.get(Link, token, with_for_update=True) if links.TOKEN.fullmatch(token) else None
    if link is None or link.snapshot_id != snapshot_id:
        raise UnknownNameError(_("This report has no such link."))
    if link.revoked_at is None:
        links.revoke(session, token, at)
        session.add(_entry("revoke link", snapshot_id, by, at, before=_told(link)))


def makers(session: Session, made: Sequence[Link], visitor: Visitor) -> dict[str, str]:
    """Who made each of the links, by its token; users of companies that are not the visitor's stay nameless (Q-15)."""
    is_other = Account.name.in_({link.made_by for link in made}), ~visitor.sees(Account.company)
    others = set(session.scalars(select(Account.name).where(*is_other)))
    return {link.token: NAMELESS if link.made_by in others else link.made_by for link in made}


def _readers(session: Session, text: str, faults: dict[str, str]) -> list[str]:
    names = list(dict.fromkeys(name.casefold() for name in BETWEEN.split(text) if name))
    if not names or len(names) > MOST:
        faults["readers"] = _("Name the users, with commas between them; {most} at most.").format(most=MOST)
        return []
    possible = [name for name in names if NAME.fullmatch(name)]  # no other can be asked of a database
    known = set(session.scalars(select(Account.name).where(Account.name.in_(possible))))
    if unknown := [name for name in names if name not in known]:
        faults["readers"] = _("There is no user named {names}.").format(names=", ".join(unknown[:5]))
    return names


def _check_public(form: Form, visitor: Visitor, faults: dict[str, str]) -> None:
    if not visitor.may(Right.PUBLISH):
        faults["audience"] = _("Your role does not make public links.")
    elif not form.is_sure:
        faults["sure"] = _("Confirm that whoever has the link may see the report, without signing in.")


def _expiry(text: str, zone: ZoneInfo, faults: dict[str, str]) -> datetime | None:
    """The end of that day, in the report's time zone; None for ever."""
    if not text:
        return None
    now = datetime.now(UTC)
    try:
        last = date.fromisoformat(text)
    except ValueError:
        faults["until"] = _("Write the day like {example}.").format(example=f"{now + timedelta(days=30):%Y-%m-%d}")
        return None
    if last < now.astimezone(zone).date():
        faults["until"] = _("That day is over.")
    elif last > (now + LONGEST).date():
        faults["until"] = _("That is more than ten years ahead; leave it empty for a link without an end.")
    else:
        return datetime.combine(last + timedelta(days=1), time(), zone).astimezone(UTC)
    return None


def _entry(
    action: str,
    snapshot_id: str,
    by: str,
    at: datetime,
    *,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> AuditEntry:
    return AuditEntry(at=at, who=by, action=action, object=f"snapshot {snapshot_id}", before=before, after=after)


def _told(link: Link) -> dict[str, Any]:
    """What the audit trail says of a link; its token is not for whoever reads that."""
    return {
        "link": hashlib.sha256(link.token.encode()).hexdigest()[:16],
        "audience": link.audience,
        "company": link.company,
        "readers": link.readers,
        "expires_at": link.expires_at.isoformat() if link.expires_at else None,
    }
