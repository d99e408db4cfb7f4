"""`daybook coupon`: groups, the coupons in them, and what lets them be redeemed."""

import json
from typing import Any

import click
from sqlalchemy.orm import Session

from reports_lib.cli.invoice import GROUP, now
from reports_lib.cli.listing import listing
from reports_lib.errors import UnknownNameError
from reports_lib.ops import coupons
from reports_lib.ops.coupon_listing import Coupons, Groups, WantedCoupons, WantedGroups
from reports_lib.runs.installation import Installation
from reports_lib.values.clock import wall, zone
from reports_lib.values.selling import COUPON_STATES
from reports_lib.workspace import Workspace

_limit = click.option(
    "--limit", default=20, show_default=True, type=click.IntRange(1, 10_000), metavar="N", help="How many."
)
_as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group()
def coupon() -> None:
    """Make coupons and switch them; GROUP is a group's name or id, COUPON a code or id."""


@coupon.command()
@click.argument("words", nargs=-1)
@_limit
@_as_json
def groups(words: tuple[str, ...], limit: int, as_json: bool) -> None:
    """List the newest coupon groups whose name holds all WORDS, and how many of their coupons were used."""
    installation = Installation(Workspace.find())
    with installation.opened(now()) as warehouse, Session(installation.database) as session:
        wanted = WantedGroups(text=" ".join(words))
        page = Groups(GROUP, wanted).page(session, warehouse, size=limit)
    rows: list[dict[str, Any]] = [
        {
            "group": each.name,
            "created": each.created_at.isoformat(timespec="seconds"),
            "coupons": each.total,
            "used": each.used,
            "company": each.company,
            "id": each.id,
        }
        for each in page.rows
    ]
    _listed(rows, ("group", "created", "coupons", "used", "company", "id"), as_json, page.older)


@coupon.command("list")
@click.argument("group", default="")
@click.option("--search", default="", metavar="WORDS", help="Whose code, detail or group holds them all.")
@click.option("--state", "states", multiple=True, metavar="STATE", help="Only in it; repeatable.")
@_limit
@_as_json
def list_coupons(group: str, search: str, states: tuple[str, ...], limit: int, as_json: bool) -> None:
    """List the newest coupons, of GROUP or of all, with their state and who redeemed them last."""
    if unknown := [each for each in states if each not in COUPON_STATES]:
        raise UnknownNameError.of("state of a coupon", unknown[0], COUPON_STATES)
    installation = Installation(Workspace.find())
    with installation.opened(now()) as warehouse, Session(installation.database) as session:
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


def _listed(rows: list[dict[str, Any]], heads: tuple[str, ...], as_json: bool, older: int | None) -> None:
    if as_json:
        click.echo(json.dumps(rows, indent=2, ensure_ascii=False))
        return
    listing(heads, [["-" if row[head] in {None, ""} else str(row[head]) for head in heads] for row in rows])
    if older is not None:
        click.echo("… and older ones: --limit shows more", err=True)
