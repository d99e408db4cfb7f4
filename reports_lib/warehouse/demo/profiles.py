"""What OTT users told about themselves, and what they watched: personal data, all of it made up."""

import json

import numpy as np
import pyarrow as pa

from reports_lib.warehouse.demo.clients import OTT, Clients
from reports_lib.warehouse.demo.columns import Ints, build, numbers, text
from reports_lib.warehouse.demo.names import CITIES, COUNTRIES, STREETS, TITLES
from reports_lib.warehouse.demo.world import DAY, EVENING_HOURS, LEISURE_WEEK, SECOND, World, chance, draw

SESSIONS = 60_000  # at scale 1
PLAYBACKS = 110_000
NETWORKS = ("facebook", "google", "instagram", "x", "apple")
GENDERS = ("female", "male", "other")
STATUSES = ("registered", "confirmed", "blocked")
TEAMS = ("Colo-Colo", "Universidad de Chile", "Arsenal", "Ajax", "Real Betis", "Lech Poznań", 'Rangers "B"', "=FC")
DEVICES = ("Smart TV", "Android phone", "iPhone", "iPad", "Web player", "Fire TV", "Chromecast")
BROWSERS = ("Chrome 141", "Safari 19", "Firefox 143", "Edge 141", "Samsung Internet 28", "Opera 121")
DIAL = {
    "GB": "+447",
    "DE": "+4915",
    "UA": "+38067",
    "NL": "+316",
    "PL": "+485",
    "CL": "+569",
    "ES": "+346",
    "JP": "+8190",
    "US": "+1512",
}
ISPS = {
    "GB": ("BT", "Sky Broadband"), "DE": ("Telekom", "Vodafone DE"), "UA": ("Київстар", "Воля"), "NL": ("KPN", "Ziggo"),
    "PL": ("Orange Polska", "UPC"), "CL": ("Entel", "VTR"), "ES": ("Movistar", "Digi"), "JP": ("NTT", "SoftBank"),
    "US": ("Comcast", "AT&T"),
}  # fmt: skip
MAILBOX = (
    ("blue", "quiet", "north", "lucky", "silver", "old", "sunny"),
    ("fox", "harbour", "reader", "violin", "piano", "cedar", "otter"),
)
ADDRESSES = 6000  # different network addresses


def profiles(world: World, who: Clients, client: pa.Table) -> dict[str, pa.Table]:
    """The tables `client_profile` and `client_social`."""
    rng = world.rng("client_profile")
    users = np.flatnonzero(who.kind == OTT)
    rows = len(users)
    shown = client["name"].combine_chunks().take(pa.array(users)).to_pylist()
    country = [COUNTRIES[h] for h in who.home[users].tolist()]
    halves = [_given_first(name, c) for name, c in zip(shown, country, strict=True)]
    pick = rng.integers(0, 1 << 30, (rows, 4)).tolist()
    line = numbers(rows, 0)
    born = (np.datetime64("1948-01-01", "D").astype(np.int64) + draw(rng, np.ones(21_000), rows)).astype(np.int64)
    columns = {
        "client_id": who.ids[users],
        "registration_status": text(
            STATUSES, np.where(who.status[users] == 1, 2, who.is_activated[users].astype(np.int64))
        ),
        "first_name": text([g for g, _ in halves], line, ~chance(rng, 0.04, rows)),
        "last_name": text([f for _, f in halves], line, ~chance(rng, 0.07, rows)),
        "email": text([_mailbox(n, p) for n, p in enumerate(pick)], line),
        "phone": text(
            [f"{DIAL[c]}{p[1] % 10**7:07d}" for c, p in zip(country, pick, strict=True)], line, chance(rng, 0.7, rows)
        ),
        "birth_date": (born, chance(rng, 0.6, rows)),
        "gender": text(GENDERS, draw(rng, (49, 48, 3), rows), chance(rng, 0.75, rows)),
        "address": text([_street(c, p) for c, p in zip(country, pick, strict=True)], line, chance(rng, 0.55, rows)),
        "city": text([_city(c, p) for c, p in zip(country, pick, strict=True)], line, chance(rng, 0.65, rows)),
        "state": text(("TX", "OR", "MA"), line % 3, who.home[users] == COUNTRIES.index("US")),
        "country": text(COUNTRIES, who.home[users], ~chance(rng, 0.06, rows)),
        "metadata": text([_metadata(p) for p in pick], line, chance(rng, 0.8, rows)),
    }
    linked = rng.random((rows, len(NETWORKS))) < (0.22, 0.3, 0.1, 0.04, 0.12)
    alphabetical = np.argsort(np.array(NETWORKS))
    user, network = np.nonzero(linked[:, alphabetical])
    handles = [f"{_mailbox(u, pick[u]).split('@')[0]}" for u in user.tolist()]
    social = {
        "client_id": who.ids[users[user]],
        "network": text(NETWORKS, alphabetical[network]),
        "handle": text(handles, numbers(len(user), 0), ~chance(rng, 0.2, len(user))),
    }
    return {"client_profile": build("client_profile", columns), "client_social": build("client_social", social)}


def _given_first(name: str, country: str) -> tuple[str, str]:
    first, _, rest = name.partition(" ")
    return (rest, first) if country == "JP" else (first, rest)


def _mailbox(number: int, pick: list[int]) -> str:
    ending = ("mail.example", "post.example", "correo.example")[pick[2] % 3]
    return f"{MAILBOX[0][pick[0] % 7]}.{MAILBOX[1][pick[1] % 7]}{number}@{ending}"


def _street(country: str, pick: list[int]) -> str:
    streets = STREETS[country].split("|")
    return f"{streets[pick[3] % len(streets)]} {pick[2] % 180 + 1}"


def _city(country: str, pick: list[int]) -> str:
    cities = CITIES[country].split("|")
    return cities[pick[0] % len(cities)]


def _metadata(pick: list[int]) -> str:
    told = {"favourite_team": TEAMS[pick[0] % len(TEAMS)], "newsletter": pick[1] % 2 == 0, "profiles": pick[2] % 5 + 1}
    if pick[3] % 11 == 0:
        told["note"] = "<script>alert('metadata')</script>"
    return json.dumps(told, ensure_ascii=False)


def watching(world: World, who: Clients) -> dict[str, pa.Table]:
    """The tables `client_session` and `playback`."""
    rng = world.rng("client_session")
    client, at = _by_users(world, rng, who, SESSIONS * world.scale)
    rows = len(at)
    ips = [
        f"203.0.{a}.{b}" if v else f"2001:db8:{a:x}:{b:x}::{b + 1:x}"
        for v, a, b in rng.integers(0, 256, (ADDRESSES, 3)).tolist()
    ]
    session = {
        "session_id": numbers(rows),
        "client_id": who.ids[client],
        "started_at": at,
        "ip": text(ips, (client * 7 + rng.integers(0, 3, rows)) % ADDRESSES, ~chance(rng, 0.01, rows)),
        "browser": text(BROWSERS, (client + draw(rng, (7, 2, 1), rows)) % len(BROWSERS)),
        **_places(rng, who, client),
    }
    client, at = _by_users(world, rng, who, PLAYBACKS * world.scale)
    rows = len(at)
    live = chance(rng, 0.35, rows)
    content = np.where(
        live,
        draw(rng, (9, 8, 6, 5, 2, 1, 1, 1), rows) + 1,
        9 + (rng.random(rows) ** 2 * (len(TITLES) - 8)).astype(np.int64),
    )
    seconds = np.where(live, rng.integers(60, 9000, rows), 30 + (rng.random(rows) ** 1 * 7000).astype(np.int64))
    playback = {
        "playback_id": numbers(rows),
        "client_id": who.ids[client],
        "content_id": content,
        "started_at": at,
        "seconds": np.minimum(seconds, (world.end - at) // SECOND),
        **_places(rng, who, client),
    }
    return {"client_session": build("client_session", session), "playback": build("playback", playback)}


def _by_users(world: World, rng: np.random.Generator, who: Clients, rows: int) -> tuple[Ints, Ints]:
    """Evenings of users while they are active; some users far more than others."""
    users = np.flatnonzero((who.kind == OTT) & who.is_activated & (who.last > world.start + DAY))
    at = world.moments(rng, rows * 2, LEISURE_WEEK, 1.3, EVENING_HOURS)
    client = users[(rng.random(len(at)) ** 2 * len(users)).astype(np.int64)]  # some more often
    alive = np.flatnonzero((who.activated[client] < at) & (at < who.last[client]))
    return client[alive], at[alive]


def _places(rng: np.random.Generator, who: Clients, client: Ints) -> dict[str, pa.Array]:
    rows = len(client)
    home = np.where(chance(rng, 0.04, rows), rng.integers(0, len(COUNTRIES), rows), who.home[client])
    isps = [isp for country in COUNTRIES for isp in ISPS[country]]
    return {
        "country": text(COUNTRIES, home, ~chance(rng, 0.02, rows)),
        "device": text(DEVICES, (client + draw(rng, (6, 3, 1), rows)) % len(DEVICES), ~chance(rng, 0.01, rows)),
        "isp": text(isps, home * 2 + client % 2, ~chance(rng, 0.03, rows)),
    }
