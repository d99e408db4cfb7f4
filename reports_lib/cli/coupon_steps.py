"""What `daybook coupon` changes: each step is one transaction, whole or not at all, and can be tried first."""

import json
import uuid
from collections.abc import Callable

import click
from sqlalchemy.orm import Session

from reports_lib.cli.coupon import coupon
from reports_lib.cli.invoice import GROUP, me, now
from reports_lib.database.schema import Operation
from reports_lib.errors import DatabaseError, ParameterError
from reports_lib.ops import coupon_undo, coupons
from reports_lib.ops.coupon_listing import find
from reports_lib.ops.draft import FIELDS, Draft
from reports_lib.ops.operation import Change, Wish
from reports_lib.ops.spans import ids_of
from reports_lib.runs.installation import Installation
from reports_lib.workspace import Workspace

__all__ = ["coupon"]

_dry_run = click.option("--dry-run", is_flag=True, help="Print what would change and change nothing.")
_key = click.option("--key", default="", metavar="TEXT", help="Asked again with the same one, it is one change.")
_in_group = click.option("--group", "group", default="", metavar="GROUP", help="All coupons of a group.")


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
    """Make coupons in GROUP, enabled at once: a QUANTITY of one use each, or one that is reusable by its NAME.

    FIELD is one of name, quantity, max_redemptions, valid_from, valid_to, detail, coupon_type, content_id,
    package_id, discount_type, discount_percent, trial_days, trial_until.
    """
    installation = Installation(Workspace.find())
    with Session(installation.database) as session:
        found = coupons.find_group(session, GROUP, group)
    draft = Draft.parse({**dict(_pair(each) for each in fields), "group": str(found.id)})
    if dry_run:
        _tell(coupons.plan(installation, GROUP, draft, now()))
        return
    made = coupons.generate(installation, GROUP, _wish(key), draft)
    many = f"{draft.quantity} {'coupon' if draft.quantity == 1 else 'coupons'}"
    what = f"coupon {draft.name}" if draft.is_reusable else many
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


@coupon.command()
@click.argument("operation", type=click.IntRange(1, 2**63 - 1))
@_dry_run
@_key
def undo(operation: int, dry_run: bool, key: str) -> None:
    """Switch back what OPERATION switched, or switch off what it made unless any of it was redeemed."""
    installation = Installation(Workspace.find())
    if dry_run:
        _tell(coupon_undo.plan_undo(installation, GROUP, _wish(key), operation))
        return
    _switched(installation, coupon_undo.undo(installation, GROUP, _wish(key), operation))


def _switch(enabled: bool, called: tuple[str, ...], group: str, dry_run: bool, key: str) -> None:
    installation = Installation(Workspace.find())
    with Session(installation.database) as session:
        ids = find(session, GROUP, called)
    if dry_run:
        _tell(coupons.plan_switch(installation, GROUP, enabled, ids, group))
        return
    do: Callable[..., Operation] = coupons.enable if enabled else coupons.disable
    _switched(installation, do(installation, GROUP, _wish(key), ids, group))


def _switched(installation: Installation, made: Operation) -> None:
    after = made.after or {}
    count = len(ids_of(after["coupons"]))
    done = "enabled" if after["enabled"] else "disabled"
    click.echo(f"{count} {'coupon' if count == 1 else 'coupons'} {done} (operation {made.id})")
    _copy(installation)


def _wish(key: str) -> Wish:
    return Wish(me(), GROUP.company, key or uuid.uuid4().hex, now())


def _copy(installation: Installation) -> None:
    """What was changed is in the warehouse afterwards, or noted to be."""
    # a second, for nobody who only looks
    from reports_lib.cli.chores import copy_now

    try:
        trouble = copy_now(installation)
    except DatabaseError as error:  # what was changed is changed nevertheless
        trouble = str(error)
    if trouble:
        click.echo(f"not in the warehouse yet: {trouble}", err=True)


def _tell(change: Change) -> None:
    click.echo(f"would {change.kind}: {change.subject}")
    for name, value in change.after.items():
        click.echo(f"{name}: {json.dumps(value) if isinstance(value, bool) else value}")


def _pair(text: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not sign:
        raise ParameterError(f"{text[:40]!r} is not FIELD=VALUE; fields are {', '.join(FIELDS)}")
    return name.strip(), value
