"""The dashboard of notifications: messages by status, channel and time (TW-123 … TW-131)."""

import ibis
import ibis.expr.types as ir
from ibis import _

from reports_lib.grafana.panel import THIRD, Panel, apart, by_step, labelled, total
from reports_lib.metrics import notifications
from reports_lib.metrics.messages import Shape
from reports_lib.values.contact import CHANNELS, MESSAGE_STATUSES, OTHER, SHORT_STATUSES
from reports_lib.warehouse.statement import Tables

UNFILTERED = Shape()
STATUSES = (*MESSAGE_STATUSES.values(), OTHER)
SHORT = dict.fromkeys((*SHORT_STATUSES.values(), OTHER))
LISTED = (*CHANNELS.values(), OTHER)
VIBER = "viber"


def totals(tables: Tables, _shape: None) -> ir.Table:
    """Notifications and messages of the period."""
    told = notifications.notified(tables, UNFILTERED)
    told = told.filter(told.number == notifications.WHOLE)
    made, gone = notifications.created(tables, UNFILTERED), notifications.handed_over(tables, UNFILTERED)
    counted = told.aggregate(Notifications=_.notifications.sum().coalesce(0).cast("int64"))
    counted = counted.cross_join(made.aggregate({"Messages": total(made.messages), "Parts of SMS": total(made.parts)}))
    return counted.cross_join(gone.aggregate(Sent=total(gone.sent), Delivered=total(gone.delivered)))


def by_status(tables: Tables, _shape: None) -> ir.Table:
    """Messages by what became of them."""
    found = _in_words(tables, "status", MESSAGE_STATUSES)
    return found.aggregate(**apart(found, "status", STATUSES, "messages"))


def by_short_status(tables: Tables, _shape: None) -> ir.Table:
    """Messages by short status (M-24)."""
    found = _in_words(tables, "status", SHORT_STATUSES)
    return found.aggregate(**apart(found, "status", SHORT, "messages"))


def by_channel(tables: Tables, _shape: None) -> ir.Table:
    """Messages by channel, most first."""
    found = _in_words(tables, "channel", CHANNELS)
    told = found.group_by(name=found.channel).aggregate(Messages=total(found.messages))
    return told.order_by(ibis.desc("Messages"), "name")


def sent(tables: Tables, _shape: None) -> ir.Table:
    """Messages sent, by step of time and channel."""
    return _handed_over(tables, "sent")


def delivered(tables: Tables, _shape: None) -> ir.Table:
    """Messages delivered, by the step of time they were sent in and channel."""
    return _handed_over(tables, "delivered")


def sms_parts(tables: Tables, _shape: None) -> ir.Table:
    """Parts of SMS by step of time."""
    found = notifications.created(tables, UNFILTERED)
    return by_step(found.group_by("number").aggregate(parts=total(found.parts)), {"Parts": "parts"})


def viber(tables: Tables, _shape: None) -> ir.Table:
    """Messages of Viber by step of time and status."""
    found = _in_words(tables, "status", MESSAGE_STATUSES)
    found = found.filter(found.channel == VIBER)
    counted = found.group_by("number").aggregate(**apart(found, "status", STATUSES, "messages"))
    return by_step(counted, {label: label for label in STATUSES})


def _handed_over(tables: Tables, figure: str) -> ir.Table:
    found = notifications.handed_over(tables, UNFILTERED)
    found = found.mutate(channel=labelled(found.channel, CHANNELS, OTHER))
    counted = found.group_by("number").aggregate(**apart(found, "channel", LISTED, figure))
    return by_step(counted, {label: label for label in LISTED})


def _in_words(tables: Tables, name: str, words: dict[str, str]) -> ir.Table:
    """What messages were made, with the words that people read in the column `name`."""
    found = notifications.created(tables, UNFILTERED)
    return found.mutate(**{name: labelled(found[name], words, OTHER)})


_SENT = "By the step in which they were sent (M-21, M-23)."
_MADE = "By the step in which they were made (M-23)."

PANELS = (
    Panel("Notifications", "And their messages, one or more each (M-25, M-26).", "tiles", totals, 24),
    Panel("Messages by status", "Those made in the period.", "share", by_status, THIRD),
    Panel("By short status", "Those made in the period (M-24).", "share", by_short_status, THIRD),
    Panel("Messages by channel", "Those made in the period (M-26).", "rank", by_channel, THIRD),
    Panel("Messages sent", _SENT, "bars", sent),
    Panel("Messages delivered", _SENT, "bars", delivered),
    Panel("Parts of SMS", _MADE, "bars", sms_parts, THIRD),
    Panel("Viber by status", _MADE, "bars", viber, THIRD),
    Panel("Viber by status, percent", f"{_MADE} Parts of a hundred (M-27).", "bars", viber, THIRD, is_percent=True),
)
