"""Telephone calls of the platform: clients' calls, and campaigns with several calls a second."""

import numpy as np
import pyarrow as pa

from reports_lib.warehouse.demo.clients import Clients
from reports_lib.warehouse.demo.columns import Ints, Truths, build, numbers, text
from reports_lib.warehouse.demo.companies import BOTS, OPERATORS, TRUNKS
from reports_lib.warehouse.demo.names import COUNTRIES
from reports_lib.warehouse.demo.profiles import DIAL
from reports_lib.warehouse.demo.rates import CODES, EUR
from reports_lib.warehouse.demo.world import BUSINESS_WEEK, DAY, HOUR, MINUTE, OFFICE_HOURS, SECOND, World, chance, draw

SINGLE, CAMPAIGNS, CAMPAIGN_CALLS = 70_000, 260, 300  # at scale 1; a campaign lasts minutes
STATUSES = (
    "answered",
    "no_answer",
    "busy",
    "rejected",
    "voicemail",
    "no_channel",
    "failed",
    "canceled",
    "in_progress",
    "unknown",
)
ANSWERED, NO_ANSWER, IN_PROGRESS = 0, 1, 8
EVALUATIONS = ("interested", "not interested", "call back later", "wrong number", "Wants an operator", "відмова")
NUMBERS = 20_000  # different telephone numbers


def calls(world: World, who: Clients) -> pa.Table:
    """The table `call`."""
    rng = world.rng("call")
    single = world.moments(rng, SINGLE * world.scale, BUSINESS_WEEK, 1.7, OFFICE_HOURS) // SECOND * SECOND
    run, campaign = _campaigns(world, rng)
    last = world.end - HOUR + rng.integers(0, 3600, 900) * SECOND  # the last hour is busy
    at = np.concatenate([single, run, last])
    campaign = np.concatenate([np.full(len(single), -1), campaign, np.full(len(last), -1)])
    order = np.argsort(at, kind="stable")
    at, campaign = at[order], campaign[order]
    rows, in_campaign = len(at), campaign >= 0
    outgoing = in_campaign | chance(rng, 0.42, rows)
    by_bot = np.where(in_campaign, chance(rng, 0.97, rows), chance(rng, 0.35, rows))
    status, ring, talk = _outcomes(rng, in_campaign, by_bot)
    running = (status == ANSWERED) & (at + ring + talk * SECOND >= world.end)
    status = np.where(running, IN_PROGRESS, status)
    answered = at + ring
    is_answered = ((status == ANSWERED) | (status == IN_PROGRESS)) & (answered < world.end)
    talk = np.where(status == ANSWERED, talk, 0)
    columns = {
        "call_id": numbers(rows),
        **_parties(rng, who, at, campaign, by_bot),
        "direction": text(("in", "out"), outgoing.astype(np.int64)),
        "started_at": at,
        "answered_at": (answered, is_answered),
        "ended_at": (np.minimum(answered + talk * SECOND, world.end - SECOND), status != IN_PROGRESS),
        "talk_s": talk,
        "status": text(STATUSES, status),
        **_after(rng, status, by_bot),
        **_costs(rng, talk, outgoing),
    }
    return build("call", columns)


def _outcomes(rng: np.random.Generator, in_campaign: Truths, by_bot: Truths) -> tuple[Ints, Ints, Ints]:
    """How each call ends, how long it rings, and how many seconds are talked if it is answered."""
    rows = len(by_bot)
    status = np.where(
        in_campaign,
        draw(rng, (44, 28, 8, 5, 9, 2, 2, 1, 0, 1), rows),
        draw(rng, (74, 13, 4, 2, 2, 1, 1, 2, 0, 1), rows),
    )
    ring = rng.integers(1, 28, rows) * SECOND
    talk = np.where(
        chance(rng, 0.12, rows),
        rng.integers(1, 11, rows),
        5 + (rng.random(rows) ** 3 * np.where(by_bot, 240, 1500)).astype(np.int64),
    )
    return status, ring, talk


def _campaigns(world: World, rng: np.random.Generator) -> tuple[Ints, Ints]:
    """Starts of calls in campaigns, one to four minutes each with some calls a second, and whose they are."""
    count = CAMPAIGNS * world.scale
    begun = world.moments(rng, count, BUSINESS_WEEK, 1.8, OFFICE_HOURS) // SECOND * SECOND
    calls_each = rng.integers(CAMPAIGN_CALLS // 2, CAMPAIGN_CALLS * 3 // 2, count)
    row = np.repeat(np.arange(count), calls_each)
    span = rng.integers(60, 240, count)[row]
    at = begun[row] + (rng.random(len(row)) * span).astype(np.int64) * SECOND
    return at[at < world.end], row[at < world.end]


def _parties(rng: np.random.Generator, who: Clients, at: Ints, campaign: Ints, by_bot: Truths) -> dict[str, object]:
    rows = len(at)
    firms = np.flatnonzero((who.weight >= 8) & who.is_activated)
    client = firms[np.where(campaign >= 0, campaign * 37, rng.integers(0, 1 << 30, rows)) % len(firms)]
    known = (who.activated[client] < at) & (at < who.last[client])
    home = rng.integers(0, len(COUNTRIES), NUMBERS)
    numbers_ = [
        f"{DIAL[COUNTRIES[h]]}{d:07d}"
        for h, d in zip(home.tolist(), rng.integers(0, 10**7, NUMBERS).tolist(), strict=True)
    ]
    trunk = np.where(chance(rng, 0.985, rows), (client % 6) + 1, 7)
    local_day = (at // DAY + client) % OPERATORS + 1
    return {
        "client_id": (who.ids[client], known),
        "client_number": text(numbers_, (rng.random(rows) ** 2 * NUMBERS).astype(np.int64), ~chance(rng, 0.02, rows)),
        "trunk_id": (np.minimum(trunk, len(TRUNKS)), ~chance(rng, 0.01, rows)),
        "bot_id": (client % len(BOTS) + 1, by_bot),
        "operator_id": (local_day, ~by_bot | chance(rng, 0.06, rows)),
    }


def _after(rng: np.random.Generator, status: Ints, by_bot: Truths) -> dict[str, object]:
    rows = len(status)
    done = status == ANSWERED
    return {
        "hold_s": (rng.integers(0, 45, rows), done & chance(rng, 0.5, rows)),
        "acw_s": (rng.integers(5, 120, rows), done & ~by_bot & chance(rng, 0.8, rows)),
        "bot_evaluation": text(
            EVALUATIONS, draw(rng, (30, 34, 16, 8, 10, 2), rows), done & by_bot & chance(rng, 0.82, rows)
        ),
    }


def _costs(rng: np.random.Generator, talk: Ints, outgoing: Truths) -> dict[str, object]:
    rows = len(talk)
    there = ~chance(rng, 0.01, rows)
    price = np.where(outgoing, talk * rng.integers(150, 420, rows), 0)  # millionths a second
    return {"price": (price, there), "currency": text(CODES, np.full(rows, EUR), there)}


def support(world: World) -> dict[str, pa.Table]:
    """The tables `cdr_file` and `help_ticket`."""
    rng = world.rng("cdr_file")
    at = world.moments(rng, 2600 * world.scale, BUSINESS_WEEK, 1.5, OFFICE_HOURS)
    rows = len(at)
    waits = at > world.end - 4 * HOUR
    status = np.where(waits, draw(rng, (5, 3, 2, 1), rows), draw(rng, (0, 0, 94, 6), rows))
    done = status >= 2
    days = (at // DAY).astype("datetime64[D]").astype(str).tolist()
    files = [f"cdr_{TRUNKS[n % 6][1].split()[0].lower()}_{day}_{n:05d}.csv.gz" for n, day in enumerate(days)]
    files[7::500] = ["../../etc/passwd <b>.csv"] * len(files[7::500])
    gone = at + rng.integers(20, 90, rows) * DAY
    cdr = {
        "file_id": numbers(rows),
        "name": text(files, numbers(rows, 0)),
        "size_bytes": 4_000 + (rng.random(rows) ** 3 * 48_000_000).astype(np.int64),
        "uploaded_at": at,
        "processed_at": (
            np.maximum(at, np.minimum(at + rng.integers(20, 5400, rows) * SECOND, world.end - MINUTE)),
            done,
        ),
        "status": text(("waiting", "processing", "success", "error"), status),
        "deleted_at": (gone, done & chance(rng, 0.12, rows) & (gone < world.end)),
    }
    opened = world.moments(rng, 700 * world.scale, BUSINESS_WEEK, 1.4, OFFICE_HOURS)
    rows = len(opened)
    solved = opened + (rng.random(rows) ** 2 * 30 * DAY).astype(np.int64) + 20 * MINUTE
    is_solved = (solved < world.end) & ~chance(rng, 0.01, rows)
    status = np.where(is_solved, 2 + (numbers(rows) % 4 > 0), numbers(rows) % 2)
    ticket = {
        "ticket_id": numbers(rows),
        "opened_at": opened,
        "resolved_at": (solved, is_solved),
        "status": text(("open", "pending", "resolved", "closed"), status),
    }
    return {"cdr_file": build("cdr_file", cdr), "help_ticket": build("help_ticket", ticket)}
