"""Options that several commands share, and how their text is read."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import click

from reports_lib.delivery.addresses import recipients as addresses
from reports_lib.errors import ParameterError
from reports_lib.parameters.query import Query, read_query
from reports_lib.rendering.formats import Format
from reports_lib.workspace import Workspace

Given = dict[str, str | list[str]]


def asking(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options that say what to ask a family: a set, changes to it, the as-of."""
    for option in (
        click.option("--as-of", metavar="T", callback=_as_of, help="What counts as now, ISO, UTC unless it says."),
        click.option("-p", "changes", metavar="NAME=VALUE", multiple=True, callback=_pairs, help="Set a parameter."),
        click.option("-s", "set_name", metavar="SET", help="Start from a saved parameter set."),
    ):
        command = option(command)
    return command


def begun(workspace: Workspace, family: str, set_name: str | None, changes: Given) -> Query:
    """What is asked for: the saved query, or an empty one, with these parameters changed."""
    workspace.notebook(family)
    query = read_query(workspace.set_path(family, set_name)) if set_name else Query({})
    return replace(query, values={**query.values, **changes})


def formats(_context: click.Context, _option: click.Parameter, text: str | None) -> tuple[Format, ...] | None:
    """`html,pdf` to formats."""
    return Format.parse_all(text.split(",")) if text else None


def recipients(_context: click.Context, _option: click.Parameter, texts: tuple[str, ...]) -> tuple[str, ...]:
    """Addresses that mail may go to, each once."""
    return addresses(texts, Workspace.find().mail_domains) if texts else ()


def _pairs(_context: click.Context, _option: click.Parameter, texts: tuple[str, ...]) -> Given:
    found: dict[str, list[str]] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals:
            raise ParameterError(f"-p {text!r} is not like NAME=VALUE")
        found.setdefault(name.strip(), []).append(value)
    return {name: values[0] if len(values) == 1 else values for name, values in found.items()}


def _as_of(_context: click.Context, _option: click.Parameter, text: str | None) -> datetime:
    now = datetime.now(UTC)
    if text is None:
        return now.replace(microsecond=0)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ParameterError(f"--as-of {text!r} is not like 2026-11-01 or 2026-11-01T12:00:00+02:00") from None
    moment = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    if moment > now:
        raise ParameterError(f"--as-of {text} has not come yet")
    return moment
