"""Notifications and the messages that carried them: SMS, Viber with SMS to fall back on, and others."""

import numpy as np
import pyarrow as pa

from reports_lib.warehouse.demo.clients import OTT, RESELLER, Clients
from reports_lib.warehouse.demo.columns import Ints, build, numbers, sorted_by, text
from reports_lib.warehouse.demo.rates import CODES, CURRENCIES
from reports_lib.warehouse.demo.world import BUSINESS_WEEK, HOUR, OFFICE_HOURS, SECOND, World, chance, draw

SIZE = 90_000  # notifications at scale 1
CHANNELS = ("sms", "viber", "email", "whatsapp", "push", "vkontakte", "odnoklassniki")
SMS, VIBER, EMAIL, WHATSAPP, PUSH = range(5)
EARLY, LATE = (46, 18, 22, 2, 8, 3, 1), (28, 22, 20, 16, 11, 2, 1)  # WhatsApp grows, SMS shrinks
STATUSES = (
    "created",
    "pending",
    "delivered",
    "undelivered",
    "canceled",
    "error",
    "delayed",
    "created_optional",
    "omitted_optional",
)
CREATED, PENDING, DELIVERED, UNDELIVERED, CANCELED, ERROR, DELAYED, CREATED_OPTIONAL, OMITTED = range(9)
TEMPLATES = (
    "appointment",
    "payment_received",
    "one_time_code",
    "parcel_arrived",
    "new_tariff",
    "birthday",
    "survey",
    "debt_reminder",
)
PRICE = (520, 110, 8, 340, 0, 25, 25)  # ten-thousandths of a euro, an SMS by part
LENGTHS = np.array([24, 42, 66, 69, 70, 71, 98, 134, 152, 160, 161, 212, 305, 306, 307, 460])


def messages(world: World, who: Clients) -> dict[str, pa.Table]:
    """The tables `notification` and `message`."""
    rng = world.rng("notification")
    at = world.moments(rng, SIZE * world.scale, BUSINESS_WEEK, 1.9, OFFICE_HOURS)
    at[-400:] = np.sort(world.end - HOUR + rng.integers(0, 3_600_000, 400) * 1000)  # the last hour is busy
    at = np.sort(at)
    rows = len(at)
    age = (at - world.start) / (world.end - world.start)
    channel = np.where(rng.random(rows) < age, draw(rng, LATE, rows), draw(rng, EARLY, rows))
    fails = (channel == VIBER) & chance(rng, 0.13, rows)  # its SMS follows
    fallback = np.flatnonzero(fails & (at < world.end - HOUR))
    omitted = np.zeros(rows, bool)
    omitted[fallback] = True
    notification = np.concatenate([np.arange(rows), fallback])
    channels = np.concatenate([channel, np.full(len(fallback), SMS)])
    created = np.concatenate([at, at[fallback] + rng.integers(40, 300, len(fallback)) * SECOND])
    status = _status(world, rng, created)
    status[:rows][omitted] = OMITTED
    order = sorted_by(created, notification)
    client = _clients(rng, who, at)
    notifications = {
        "notification_id": numbers(rows),
        "client_id": (who.ids[client], (client >= 0) & ~chance(rng, 0.03, rows)),
        "created_at": at,
        "template": text(TEMPLATES, draw(rng, (9, 8, 10, 6, 3, 1, 2, 3), rows), ~chance(rng, 0.05, rows)),
    }
    columns = _messages(world, rng, channels[order], created[order], status[order])
    owner = who.currency[client[notification[order]]]
    columns |= _prices(columns, channels[order], status[order], owner)
    columns["notification_id"] = notification[order] + 1
    return {"notification": build("notification", notifications), "message": build("message", columns)}


def _clients(rng: np.random.Generator, who: Clients, at: Ints) -> Ints:
    """Who sent each: somebody there at the time, few of them most."""
    senders = np.flatnonzero((who.weight >= 8) & who.is_activated & (who.kind != OTT) | (who.kind == RESELLER))
    found = np.full(len(at), -1)
    for _ in range(6):
        left = np.flatnonzero(found < 0)
        some = senders[(rng.random(len(left)) ** 1 * len(senders)).astype(np.int64)]
        alive = (who.created[some] < at[left]) & (at[left] < who.last[some]) & who.is_activated[some]
        found[left[alive]] = some[alive]
    return found


def _status(world: World, rng: np.random.Generator, created: Ints) -> Ints:
    rows = len(created)
    usual = draw(rng, (4, 6, 880, 52, 14, 22, 6, 10, 0), rows)
    fresh = draw(rng, (180, 330, 380, 20, 10, 10, 60, 10, 0), rows)  # of the last hour
    return np.where(created > world.end - HOUR, fresh, usual)


def _messages(world: World, rng: np.random.Generator, channel: Ints, created: Ints, status: Ints) -> dict[str, object]:
    rows = len(created)
    sent = np.minimum(created + rng.integers(1, 90, rows) * SECOND, world.end - SECOND)
    is_sent = np.isin(status, (PENDING, DELIVERED, UNDELIVERED))
    slow = chance(rng, 0.03, rows)
    wait = np.where(slow, rng.integers(1, 30, rows) * HOUR, rng.integers(1, 40, rows) * SECOND)
    delivered = np.minimum(sent + wait, world.end - SECOND // 2)
    length = LENGTHS[draw(rng, (5, 8, 9, 3, 2, 2, 7, 8, 6, 3, 2, 3, 2, 1, 1, 1), rows)]
    ucs2 = chance(rng, 0.38, rows)
    parts = np.where(ucs2, np.where(length <= 70, 1, -(-length // 67)), np.where(length <= 160, 1, -(-length // 153)))
    is_sms = channel == SMS
    return {
        "message_id": numbers(rows),
        "channel": text(CHANNELS, channel),
        "status": text(STATUSES, status),
        "required": ~np.isin(status, (CREATED_OPTIONAL, OMITTED)) & ~chance(rng, 0.08, rows),
        "created_at": created,
        "sent_at": (sent, is_sent),
        "delivered_at": (delivered, status == DELIVERED),
        "parts": (parts, is_sms & ~chance(rng, 0.02, rows)),
        "text_length": (length, channel != PUSH),
        "encoding": text(("gsm7", "ucs2"), ucs2.astype(np.int64), is_sms),
    }


def _prices(columns: dict[str, object], channel: Ints, status: Ints, currency: Ints) -> dict[str, object]:
    """A price a message that was sent (by part for SMS), in its sender's currency."""
    rate = np.array([c.rate // 100_000 for c in CURRENCIES])  # ten-thousandths
    values = columns["parts"]
    count = np.where(channel == SMS, values[0], 1) if isinstance(values, tuple) else 1
    is_sent = np.isin(status, (PENDING, DELIVERED, UNDELIVERED))
    price = np.array(PRICE)[channel] * count * rate[currency] // 10_000 * 100
    return {"price": np.where(is_sent, price, 0), "currency": text(CODES, currency)}
