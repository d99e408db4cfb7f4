"""Chats: dialogues of clients' customers with bots and operators, and when operators were there."""

from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa

from reports_lib.warehouse.demo import phrases
from reports_lib.warehouse.demo.clients import Clients
from reports_lib.warehouse.demo.columns import Ints, Rows, Truths, build, numbers, sorted_by, text
from reports_lib.warehouse.demo.companies import BOTS, CHATS, OPERATORS
from reports_lib.warehouse.demo.rates import CODES, EUR
from reports_lib.warehouse.demo.world import (
    BUSINESS_WEEK,
    DAY,
    EVENING_HOURS,
    HOUR,
    MINUTE,
    OFFICE_HOURS,
    SECOND,
    World,
    chance,
    draw,
)

SIZE = 17_000  # dialogues at scale 1
SENDERS = ("user", "bot", "operator", "system")
USER, BOT, OPERATOR, SYSTEM = range(4)
ROBOT, PERSON, BOTH, NOBODY = range(4)  # who handled a dialogue
WEB_CITIES = (
    (52.37, 4.90),
    (52.52, 13.40),
    (50.45, 30.52),
    (51.51, -0.13),
    (34.69, 135.50),
    (-33.45, -70.66),
    (40.42, -3.70),
    (49.84, 24.03),
)


@dataclass(frozen=True)
class Dialogues(Rows):
    """One entry a dialogue, in the order they began."""

    at: Ints
    closed: Ints
    is_closed: Truths
    handling: Ints
    handover: Ints  # at which message an operator comes in
    length: Ints  # messages
    operator: Ints


def chats(world: World, who: Clients) -> dict[str, pa.Table]:
    """The tables `chat_session`, `chat_message`, `chat_assignment` and `operator_status`."""
    rng = world.rng("chat_session")
    said = _dialogues(world, rng)
    message, last = _messages(world, rng, said)
    closed = np.minimum(last + rng.integers(1, 60, len(last)) * MINUTE, world.end + DAY)
    is_closed = (closed < world.end) & ~chance(rng, 0.012, len(last))
    said = replace(said, closed=closed, is_closed=is_closed)
    return {
        "chat_session": _sessions(rng, who, said),
        "chat_message": message,
        "chat_assignment": _assignments(world, rng, said),
        "operator_status": _statuses(world),
    }


def _dialogues(world: World, rng: np.random.Generator) -> Dialogues:
    hours = OFFICE_HOURS + EVENING_HOURS
    at = world.moments(rng, SIZE * world.scale, BUSINESS_WEEK, 1.8, hours)
    rows = len(at)
    age = (at - world.start) / (world.end - world.start)
    robot_share = 0.36 + 0.2 * age  # bots take over more and more
    luck = rng.random(rows)
    handling = np.where(luck < robot_share, ROBOT, np.where(luck < 0.7, BOTH, np.where(luck < 0.93, PERSON, NOBODY)))
    length = 2 + (rng.random(rows) ** 2 * 12).astype(np.int64)
    length = np.where(handling == NOBODY, 1 + rng.integers(0, 2, rows), length + 3 * (handling == BOTH))
    handover = np.where(handling == BOTH, 3, np.where(handling == PERSON, 1, 1 << 20))
    operator = (at // (2 * HOUR) * 7 + rng.integers(0, 5, rows)) % OPERATORS + 1
    return Dialogues(at, at, luck < 0, handling, handover, length, operator)


def _messages(world: World, rng: np.random.Generator, said: Dialogues) -> tuple[pa.Table, Ints]:
    """Every message, and the time of each dialogue's last."""
    session = np.repeat(np.arange(len(said.at)), said.length)
    first = np.cumsum(said.length) - said.length
    number = np.arange(len(session)) - first[session]
    gap = np.where(number == 0, 0, rng.integers(4, 170, len(session)) * SECOND)
    gap[chance(rng, 0.01, len(session)) & (number > 0)] += 3 * HOUR  # over midnight, some of them
    run = np.cumsum(gap)
    at = said.at[session] + run - run[first][session] + rng.integers(0, 1000, len(session)) * 1000 * (number > 0)
    by_person = number >= said.handover[session]
    sender = np.where(number % 2 == 0, USER, np.where(by_person, OPERATOR, BOT))
    sender = np.where((number == said.handover[session]) & (said.handling[session] == BOTH), OPERATOR, sender)
    sender = np.where(said.handling[session] == NOBODY, USER, sender)
    closing = (number == said.length[session] - 1) & (sender == BOT) & (number > 3) & chance(rng, 0.1, len(session))
    sender = np.where(closing, SYSTEM, sender)
    kept = np.flatnonzero(at < world.end)
    last = said.at.copy()
    np.maximum.at(last, session[kept], at[kept])
    order = kept[sorted_by(at[kept], session[kept])]
    at, session, sender = at[order], session[order], sender[order]
    rows = len(order)
    helper = np.where(chance(rng, 0.05, rows), said.operator[session] % OPERATORS + 1, said.operator[session])
    attached = chance(rng, 0.03, rows) & (sender == USER)
    columns = {
        "message_id": numbers(rows),
        "session_id": session + 1,
        "sent_at": at,
        "sender": text(SENDERS, sender),
        "operator_id": (helper, sender == OPERATOR),
        "text": _texts(rng, sender, ~(attached & chance(rng, 0.6, rows))),
        "has_attachment": attached,
        "cost": np.array([0, 2_000, 9_000, 0])[sender] + (session % 3 == 0) * 500,
        "currency": text(CODES, np.full(rows, EUR)),
    }
    return build("chat_message", columns), last


def _texts(rng: np.random.Generator, sender: Ints, present: Truths) -> pa.Array:
    rows = len(sender)
    digits = rng.integers(0, 10_000, (400, 3)).tolist()
    personal = [p.format(a=a * 997, b=b, c=c) for a, b, c in digits for p in phrases.PERSONAL]
    pool = [*phrases.USER, *phrases.BOT, *phrases.OPERATOR, *phrases.SYSTEM, *personal]
    starts = np.cumsum([0, len(phrases.USER), len(phrases.BOT), len(phrases.OPERATOR), len(phrases.SYSTEM)])
    code = np.select(
        [sender == USER, sender == BOT, sender == OPERATOR],
        [
            draw(rng, phrases.USER_WEIGHTS, rows),
            rng.integers(0, len(phrases.BOT), rows),
            rng.integers(0, len(phrases.OPERATOR), rows),
        ],
        1,
    )
    own = (sender == USER) & chance(rng, 0.05, rows)
    code = np.where(own, rng.integers(0, len(personal), rows) + starts[4], code + starts[sender])
    return text(pool, code, present)


def _sessions(rng: np.random.Generator, who: Clients, said: Dialogues) -> pa.Table:
    rows = len(said.at)
    chat = draw(rng, (22, 9, 14, 13, 10, 8, 1, 1, 2, 2, 3, 1, 1, 5, 2), rows) + 1
    firms = np.flatnonzero((who.weight >= 8) & who.is_activated)
    client = firms[rng.integers(0, len(firms), rows)]
    known = (who.activated[client] < said.at) & (said.at < who.last[client])
    city = np.array(WEB_CITIES)[draw(rng, (20, 18, 22, 14, 6, 10, 6, 4), rows)]
    spot = np.round(city + (rng.random((rows, 2)) - 0.5) * 3, 5)
    web = np.array([messenger == "web" for _, _, messenger in CHATS])[chat - 1]
    located = web & chance(rng, 0.8, rows)
    closer = np.where(said.handling == ROBOT, draw(rng, (4, 0, 4, 2), rows), draw(rng, (3, 6, 0, 2), rows))
    columns = {
        "session_id": numbers(rows),
        "chat_id": chat,
        "client_id": (who.ids[client], known),
        "bot_id": (chat % len(BOTS) + 1, (said.handling != PERSON) & ~chance(rng, 0.02, rows)),
        "started_at": said.at,
        "closed_at": (said.closed, said.is_closed),
        "closed_by": text(("user", "operator", "bot", "timeout"), closer, said.is_closed),
        "latitude": pa.array(spot[:, 0], mask=~located),
        "longitude": pa.array(spot[:, 1], mask=~located),
    }
    return build("chat_session", columns)


def _assignments(world: World, rng: np.random.Generator, said: Dialogues) -> pa.Table:
    """A dialogue that a person handled was given to one; some to another first, who did not answer."""
    given = np.flatnonzero((said.handling != ROBOT) & ~((said.handling == NOBODY) & chance(rng, 0.4, len(said.at))))
    passed = given[chance(rng, 0.14, len(given))]
    begun = np.where(said.handling[given] == BOTH, said.at[given] + 5 * SECOND, said.at[given])
    is_passed = np.isin(given, passed)
    begun = begun + np.where(is_passed, 3 * SECOND, 0)
    out = np.where(said.is_closed[given], said.closed[given], 0)
    reason = np.where(chance(rng, 0.05, len(given)), 2, 0)
    session = np.concatenate([given, passed])
    operator = np.concatenate([said.operator[given], said.operator[passed] % OPERATORS + 1 + 2])
    operator = (operator - 1) % OPERATORS + 1
    at = np.concatenate([begun, said.at[passed]])
    released = np.concatenate([out, said.at[passed] + 3 * SECOND])
    why = np.concatenate([reason, np.ones(len(passed), np.int64)])
    kept = at < world.end
    session, operator, at, released, why = (a[kept] for a in (session, operator, at, released, why))
    is_out = (released > 0) & (released < world.end)
    order = sorted_by(at, session)
    columns = {
        "session_id": session + 1,
        "operator_id": operator,
        "assigned_at": at,
        "released_at": (released, is_out),
        "release_reason": text(("closed", "reassigned", "timeout"), why, is_out),
    }
    ids = np.argsort(order) + 1
    return build("chat_assignment", {"assignment_id": ids, **columns}, order)


def _statuses(world: World) -> pa.Table:
    """Shifts with breaks, some of them over midnight; some intervals overlap, the last have no end."""
    rng = world.rng("operator_status")
    operator, day = (a.ravel() for a in np.meshgrid(np.arange(1, OPERATORS + 1), np.arange(world.days), indexing="ij"))
    date = world.start // DAY + day
    night = operator % 9 == 0
    works = ((date + 3 + operator) % 7 < 5) & (rng.random(len(date)) > 0.08)
    operator, date, night = operator[works], date[works], night[works]
    rows = len(date)
    begin = date * DAY + np.where(night, 20, 6 + operator % 4) * HOUR + rng.integers(0, 1200, rows) * SECOND
    break_ = begin + rng.integers(180, 260, rows) * MINUTE
    back = break_ + rng.integers(25, 60, rows) * MINUTE
    finish = begin + rng.integers(480, 540, rows) * MINUTE
    lapse = np.where(chance(rng, 0.03, rows), -4 * MINUTE, 0)  # two devices: online before the break is over
    from_ = np.concatenate([begin, break_, back + lapse, finish])
    to = np.concatenate([break_, back, finish, finish + rng.integers(30, 300, rows) * MINUTE])
    state = np.repeat([0, 1, 0, 2], rows)
    whom = np.tile(operator, 4)
    kept = from_ < world.end
    whom, from_, to, state = (a[kept] for a in (whom, from_, to, state))
    order = sorted_by(whom, from_)
    columns = {
        "operator_id": whom,
        "from_at": from_,
        "to_at": (to, to < world.end),
        "status": text(("online", "paused", "offline"), state),
    }
    return build("operator_status", columns, order)
