"""`daybook coupon`: groups, the coupons in them, and what lets them be redeemed."""

import json
import uuid
from collections.abc import Callable
from typing import Any

import click
from sqlalchemy.orm import Session

from reports_lib.cli.invoice import GROUP, me, now
from reports_lib.cli.listing import listing
from reports_lib.database.schema import Operation
from reports_lib.errors import ParameterError, UnknownNameError
from reports_lib.ops import coupons
from reports_lib.ops.coupon_listing import Coupons, Groups, WantedCoupons, WantedGroups, find
from reports_lib.ops.draft import FIELDS, Draft
from reports_lib.ops.operation import Change, Wish
from reports_lib.ops.spans import ids_of
from reports_lib.runs.installation import Installation
from reports_lib.values.clock import wall, zone
from reports_lib.workspace import Workspace

_limit = click.option(
    "--limit", default=20, show_default=True, type=click.IntRange(1, 10_000), metavar="N", help="How many."
)
_as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
_dry_run = click.option("--dry-run", is_flag=True, help="Say what would change, and change nothing.")
_key = click.option("--key", default="", help="Asking twice with one key is once.")
_in_group = click.option("--group", "group", default="", metavar="GROUP", help="All coupons of a group.")


@click.group()
def coupon() -> None:
    """Make coupons and switch them; GROUP is a group's name or id, COUPON a code or id."""


@coupon.command()
@click.argument("words", nargs=-1)
@_limit
@_as_json
def groups(words: tuple[str, ...], limit: int, as_json: bool) -> None:
    """List the newest coupon groups whose name holds all WORDS, and how many of their coupons were used."""
    installation, opened = _reading()
    with opened as warehouse, Session(installation.database) as session:
        wanted = WantedGroups(text=" ".join(words))
        page = Groups(GROUP, wanted).page(session, warehouse, size=limit)
    rows: list[dict[str, Any]] = [
        {
            "group": each.name, "created": each.created_at.isoformat(), "coupons": each.total, "used": each.used,
            "company": each.company, "id": each.id,
        }
        for each in page.rows
    ]  # fmt: skip
    _listed(rows, ("group", "created", "coupons", "used", "company", "id"), as_json, page.older)


@coupon.command("list")
@click.argument("group", default="")
@click.option("--search", default="", metavar="WORDS", help="Whose code, detail or group holds them all.")
@click.option("--state", "states", multiple=True, metavar="STATE", help="Only in it; repeatable.")
@_limit
@_as_json
def list_coupons(group: str, search: str, states: tuple[str, ...], limit: int, as_json: bool) -> None:
    """List the newest coupons, of GROUP or of all, with their state and who redeemed them last."""
    from reports_lib.warehouse.redeemed import STATES

    if unknown := [each for each in states if each not in STATES]:
        raise UnknownNameError.of("state of a coupon", unknown[0], STATES)
    installation, opened = _reading()
    with opened as warehouse, Session(installation.database) as session:
        group_id = coupons.find_group(session, GROUP, group).id if group else None
        wanted = WantedCoupons(group_id=group_id, text=search, states=states)
        page = Coupons(GROUP, wanted).page(session, warehouse, now(), size=limit)
    clocks = zone(installation.workspace.time_zone)
    rows: list[dict[str, Any]] = [
        {
            "code": each.coupon.code,
            "group": each.group,
            "state": each.state,
            "redeemed": each.use.redemptions,
            "by": each.use.email or each.use.client_id,
            "until": str(wall(each.coupon.valid_to, clocks).date()) if each.coupon.valid_to else None,
            "detail": each.coupon.detail,
            "id": each.coupon.id,
        }
        for each in page.rows
    ]
    _listed(rows, ("code", "group", "state", "redeemed", "by", "until", "detail", "id"), as_json, page.older)


@coupon.command()
@click.argument("group")
def export(group: str) -> None:
    """Print the coupons of GROUP as CSV, their codes first."""
    from reports_lib.ops.coupon_export import lines

    installation = Installation(Workspace.find())
    with Session(installation.database) as session:
        found = coupons.find_group(session, GROUP, group)
        for each in lines(session, found, zone(installation.workspace.time_zone)):
            click.echo(each, nl=False)


@coupon.command("group")
@click.argument("name")
@_dry_run
@_key
def add_group(name: str, dry_run: bool, key: str) -> None:
    """Add a coupon group called NAME."""
    if dry_run:
        _tell(coupons.plan_group(name))
        return
    installation = Installation(Workspace.find())
    made = coupons.add_group(installation, GROUP, _wish(key), name)
    click.echo(f"coupon group {made.name} (id {made.id})")
    _copy(installation)


@coupon.command()
@click.argument("group")
@click.argument("fields", metavar="[FIELD=VALUE]...", nargs=-1)
@_dry_run
@_key
def generate(group: str, fields: tuple[str, ...], dry_run: bool, key: str) -> None:
    """Make coupons in GROUP, enabled at once; the fields are in docs/coupons.md."""
    installation = Installation(Workspace.find())
    with Session(installation.database) as session:
        found = coupons.find_group(session, GROUP, group)
    draft = Draft.parse({**dict(_pair(each) for each in fields), "group": str(found.id)})
    if dry_run:
        _tell(coupons.plan(installation, GROUP, draft, now()))
        return
    made = coupons.generate(installation, GROUP, _wish(key), draft)
    what = f"coupon {draft.name}" if draft.is_reusable else f"{draft.quantity} coupons"
    click.echo(f"{what} in {found.name}, enabled (operation {made.id})")
    _copy(installation)


@coupon.command()
@click.argument("called", metavar="[COUPON]...", nargs=-1)
@_in_group
@_dry_run
@_key
def enable(called: tuple[str, ...], group: str, dry_run: bool, key: str) -> None:
    """Let coupons be redeemed."""
    _switch(True, called, group, dry_run, key)


@coupon.command()
@click.argument("called", metavar="[COUPON]...", nargs=-1)
@_in_group
@_dry_run
@_key
def disable(called: tuple[str, ...], group: str, dry_run: bool, key: str) -> None:
    """Let coupons be redeemed no longer."""
    _switch(False, called, group, dry_run, key)


def _switch(enabled: bool, called: tuple[str, ...], group: str, dry_run: bool, key: str) -> None:
    installation = Installation(Workspace.find())
    with Session(installation.database) as session:
        ids = find(session, GROUP, called)
    if dry_run:
        _tell(coupons.plan_switch(installation, GROUP, enabled, ids, group))
        return
    do: Callable[..., Operation] = coupons.enable if enabled else coupons.disable
    made = do(installation, GROUP, _wish(key), ids, group)
    count = len(ids_of((made.after or {})["coupons"]))
    click.echo(f"{count} coupons {'enabled' if enabled else 'disabled'} (operation {made.id})")
    _copy(installation)


def _reading() -> tuple[Installation, Any]:
    """The workspace, and its warehouse to be opened."""
    from reports_lib.ops.known import opened

    installation = Installation(Workspace.find())
    return installation, opened(installation, now())


def _wish(key: str) -> Wish:
    return Wish(me(), GROUP.company, key or uuid.uuid4().hex, now())


def _copy(installation: Installation) -> None:
    """What was changed is in the warehouse afterwards, or noted to be."""
    # a second, for nobody who only looks
    from reports_lib.cli.chores import copy_now

    if trouble := copy_now(installation):
        click.echo(f"not in the warehouse yet: {trouble}", err=True)


def _tell(change: Change) -> None:
    click.echo(f"would {change.kind}: {change.subject}")
    for name, value in change.after.items():
        click.echo(f"{name}: {json.dumps(value) if isinstance(value, bool) else value}")


def _listed(rows: list[dict[str, Any]], heads: tuple[str, ...], as_json: bool, older: int | None) -> None:
    if as_json:
        click.echo(json.dumps(rows, indent=2, ensure_ascii=False))
        return
    listing(heads, [["-" if row[head] in {None, ""} else str(row[head]) for head in heads] for row in rows])
    if older is not None:
        click.echo("… and older ones: --limit shows more", err=True)


def _pair(text: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not sign:
        raise ParameterError(f"{text[:40]!r} is not FIELD=VALUE; fields are {', '.join(FIELDS)}")
    return name.strip(), value
