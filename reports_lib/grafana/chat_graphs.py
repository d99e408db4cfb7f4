"""The dashboard of chats: dialogues, messages, what they cost, and operators (TW-87 … TW-100, TW-103 … TW-108).

Popular phrases are not on it (Q-25): what is masked and left out of them is worked out by the report alone.
"""

import ibis
import ibis.expr.types as ir
from ibis import _

from reports_lib.grafana.panel import THIRD, WHOLE, Panel, by_step, by_step_and, labelled, total
from reports_lib.metrics import chat_messages, chats, operators, places, presence
from reports_lib.values.contact import MESSENGERS, OTHER
from reports_lib.warehouse.statement import Tables

UNFILTERED: frozenset[str] = frozenset()
HANDLED = {label: name for name, label in chats.HANDLED.items()}
SENDERS = {label: sender for sender, label in chat_messages.NAMES.items()}
FIGURES = {"Wrote in": "written", "Open": "active", "Skipped": "skipped"}
GRID = "0.5"  # degrees (M-39)
HOUR = 3600 * 10**6  # microseconds


def totals(tables: Tables, _shape: None) -> ir.Table:
    """Dialogues of the period, and by whom they were handled."""
    found = chats.begun(tables, UNFILTERED)
    named = {"Dialogues": "dialogues"} | {f"by {label.lower()}": name for label, name in HANDLED.items()}
    return found.aggregate(**{label: total(found[name]) for label, name in named.items()})


def handled(tables: Tables, _shape: None) -> ir.Table:
    """Dialogues of the period by whom they were handled."""
    found = chats.begun(tables, UNFILTERED)
    return found.aggregate(**{label: total(found[name]) for label, name in HANDLED.items()})


def handled_by_step(tables: Tables, _shape: None) -> ir.Table:
    """Dialogues by step of time and by whom they were handled."""
    return by_step(chats.begun(tables, UNFILTERED), HANDLED)


def by_sender(tables: Tables, _shape: None) -> ir.Table:
    """Messages by step of time and sender."""
    found = chat_messages.sent(tables, UNFILTERED)
    sums = {sender: found.messages.sum(where=found.sender == sender).cast("int64") for sender in SENDERS.values()}
    return by_step(found.group_by("number").aggregate(**sums), SENDERS)


def by_messenger(tables: Tables, _shape: None) -> ir.Table:
    """Messages of users, robots and operators by messenger, most of users first."""
    chat = tables("chat")
    known = chat.select("chat_id", name=labelled(chat.messenger, MESSENGERS, OTHER))
    found = chat_messages.sent(tables, UNFILTERED).inner_join(known, "chat_id")
    sums = {label: total(found.messages, found.sender == sender) for label, sender in SENDERS.items()}
    return found.group_by("name").aggregate(**sums).order_by(ibis.desc("Users"), "name")


def cost_by_chat(tables: Tables, _shape: None) -> ir.Table:
    """What chats cost, each currency by itself, dearest first."""
    chat = tables("chat").select("chat_id", Chat=_.name)
    found = chat_messages.sent(tables, UNFILTERED).inner_join(chat, "chat_id")
    told = found.group_by("chat_id", "Chat", Currency=found.currency)
    sums = told.aggregate(Messages=total(found.messages), Cost=found.cost.sum())
    ordered = sums.order_by(ibis.desc("Cost"), "Chat", "chat_id", "Currency")
    return ordered.select("Chat", "Currency", "Messages", "Cost")


def cost_by_step(tables: Tables, _shape: None) -> ir.Table:
    """What chats cost by step of time and currency."""
    found = chat_messages.sent(tables, UNFILTERED).group_by("number", "currency").aggregate(cost=_.cost.sum())
    return by_step_and(found.filter(found.cost != 0), "currency", "cost")


def by_operator(tables: Tables, _shape: None) -> ir.Table:
    """Dialogues in which each operator wrote, that are open, and that were skipped."""
    found = operators.query(tables, UNFILTERED)
    found = found.inner_join(_operators(tables), "operator_id")
    sums = {label: total(found.counted, found.figure == name) for label, name in FIGURES.items()}
    return found.group_by("operator_id", "name").aggregate(**sums).order_by(
        ibis.desc("Wrote in"), "name", "operator_id"
    ).drop("operator_id")  # fmt: skip


def online(tables: Tables, _shape: None) -> ir.Table:
    """Hours that operators were online, by step of time."""
    return _present(tables, "online")


def paused(tables: Tables, _shape: None) -> ir.Table:
    """Hours that operators paused, by step of time."""
    return _present(tables, "paused")


def positions(tables: Tables, _shape: None) -> ir.Table:
    """Dialogues of the web widget by the middle of the cell that they come from."""
    cell = places.cells(tables, UNFILTERED).filter(_.south.notnull(), _.west.notnull())
    size = float(GRID)
    return cell.select(
        latitude=(cell.south + 0.5) * size, longitude=(cell.west + 0.5) * size, Dialogues=cell.dialogues
    ).order_by("latitude", "longitude")


def _present(tables: Tables, status: str) -> ir.Table:
    found = presence.query(tables, UNFILTERED)
    found = found.filter(found.status == status).inner_join(_operators(tables), "operator_id")
    hours = found.select("number", "name", hours=found.microseconds.cast("float64") / HOUR)
    return by_step_and(hours.group_by("number", "name").aggregate(hours=_.hours.sum()), "name", "hours")


def _operators(tables: Tables) -> ir.Table:
    return tables("operator").select("operator_id", "name")


PANELS = (
    Panel("Dialogues", "Those that began in the period (M-30, M-31).", "tiles", totals, WHOLE),
    Panel("Handled by", "By an operator if one wrote, else by the robot if it did.", "share", handled, THIRD),
    Panel("Dialogues over time", "By whom they were handled.", "bars", handled_by_step, 2 * THIRD),
    Panel("Messages over time", "By who wrote them; what the system says is not counted (M-34).", "bars", by_sender),
    Panel("Messages by messenger", "Of users, robots and operators.", "rank", by_messenger),
    Panel("Cost over time", "Each currency by itself, unconverted (M-33).", "bars", cost_by_step, decimals=2),
    Panel("Cost by chat", "Each currency by itself, unconverted (M-33).", "table", cost_by_chat, decimals=2),
    Panel("Operators", "Dialogues that they wrote in, have open, passed by (M-36, M-37, M-38).", "rank", by_operator),
    Panel(
        "Dialogues by place",
        "Of the web widget, on a grid of half a degree (M-39).",
        "map",
        positions,
        slots=lambda _zone: {"grid": f"'{GRID}'"},
    ),
    Panel("Operators online", "Hours (M-40).", "bars", online, unit="h", decimals=1),
    Panel("Operators paused", "Hours (M-40).", "bars", paused, unit="h", decimals=1),
)
