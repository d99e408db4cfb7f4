"""The group and what it sells with: companies, people, services, lines, chats, bots, operators, films."""

import numpy as np
import pyarrow as pa

from reports_lib.warehouse.demo import names
from reports_lib.warehouse.demo.columns import build, numbers, text
from reports_lib.warehouse.demo.world import DAY, World, chance
from reports_lib.warehouse.tables import TABLES

# id, parent, name, legal name, address, city, postal code, country, tax id, bank, currency, zone, external id
COMPANIES = (
    (1, None, "Meridian Group", "Meridian Telecom Group B.V.", "Keizersgracht 241", "Amsterdam", "1016 EA", "NL",
     "NL861234567B01", "NL20INGB0001234567, INGBNL2A", "EUR", "Europe/Amsterdam", "MER"),
    (2, 1, "Aurora Voice", "Aurora Voice GmbH", "Torstraße 140", "Berlin", "10119", "DE",
     "DE301234567", "DE02120300000000202051, BYLADEM1001", "EUR", "Europe/Berlin", "AUR"),
    (3, 1, "Dnipro Connect", "ТОВ «Дніпро Коннект»", "вул. Велика Васильківська, 72", "Київ", "03150", "UA",
     "UA401234567890", "UA213223130000026007233566001", "UAH", "Europe/Kyiv", "DNC"),
    (4, 2, "Aurora Media", "Aurora Media Ltd", "18 Finsbury Square", "London", "EC2A 1AH", "GB",
     "GB123456789", "GB29NWBK60161331926819, NWBKGB2L", "GBP", "Europe/London", "AUM"),
    (5, 3, "Kansai Kaiwa", "関西会話株式会社", "北区梅田3-1-1", "大阪", "530-0001", "JP",
     "T1234567890123", "三菱UFJ銀行 0005-123-4567890", "JPY", "Asia/Tokyo", "KAN"),
)  # fmt: skip

SERVICES = (
    (1, "Voice calls", "second", "voice"),
    (2, "Toll-free calls", "second", "voice"),
    (3, "SMS", "message", "sms"),
    (4, "Mobile data", "byte", "data"),
    (5, "Chat dialogues", "event", "chat"),
    (6, "Number rental", "event", "other"),
)
TRUNKS = (
    (1, "Amsterdam SBC 1", 30), (2, "Frankfurt SBC 2", 30), (3, "Kyivstar SIP", 12), (4, "BT Wholesale", 20),
    (5, "NTT 大阪", 8), (6, "Entel Santiago", 15), (7, 'Backup <b>"cold"</b>', None),
)  # fmt: skip
CHATS = (
    (1, "meridian.example", "web"), (2, "Support page", "web"), (3, "Aurora help desk", "telegram"),
    (4, "Aurora WhatsApp", "whatsapp"), (5, "Дніпро Коннект", "viber"), (6, "Meridian on Facebook", "facebook"),
    (7, "Voice assistant", "alice"), (8, "Yandex search chat", "yandex"), (9, "VK community", "vkontakte"),
    (10, "Skype desk", "skype"), (11, "Partners' Slack", "slack"), (12, "WeChat 服务", "wechat"),
    (13, "Snap store", "snapchat"), (14, "関西会話 LINE", "line"), (15, "Partner API", "other"),
)  # fmt: skip
BOTS = ((1, "Reception"), (2, "Tariff adviser"), (3, "Payment reminder"), (4, "Опитування якості"), (5, "Night watch"))
GROUPS = ((1, "Front line"), (2, "Billing questions"), (3, "Sales"), (4, "Українська лінія"))
OPERATORS = 26
USERS = 22
ROLES = ("admin", "analyst", "billing", "viewer")


def companies() -> dict[str, pa.Table]:
    """The tables `company`, `service`, `trunk`, `chat`, `bot` and `operator_group`."""
    small = {"company": COMPANIES, "service": SERVICES, "trunk": TRUNKS, "chat": CHATS, "bot": BOTS}
    return {name: written_out(name, rows) for name, rows in {**small, "operator_group": GROUPS}.items()}


def written_out(name: str, rows: tuple[tuple[object, ...], ...]) -> pa.Table:
    """A table whose rows are given one by one, in the order of its columns."""
    schema = TABLES[name].schema.to_pyarrow()
    arrays = [pa.array([row[k] for row in rows], field.type) for k, field in enumerate(schema)]
    return pa.Table.from_arrays(arrays, schema=schema)


def staff(world: World) -> dict[str, pa.Table]:
    """The tables `app_user`, `operator` and `operator_group_member`."""
    rng = world.rng("app_user")
    people = names.people(rng, USERS + OPERATORS)
    company = np.array([1, 1, 1, 1, 2, 2, 2, 2, 2, 3, 3, 3, 3, 3, 4, 4, 4, 5, 5, 5, 1, 2])
    ids = numbers(USERS)
    logins = [f"user{n:02d}" for n in ids]
    users = {
        "user_id": ids,
        "login": text(logins, ids - 1),
        "full_name": text(people, ids - 1),
        "email": text(
            [f"{n}@{COMPANIES[c - 1][12]}.example".lower() for n, c in zip(logins, company, strict=True)], ids - 1
        ),
        "role": text(ROLES, np.where(ids == 1, 0, ids % 4)),
        "company_id": company,
        "active": ids % 11 != 0,
    }
    operator = numbers(OPERATORS)
    user = np.where(operator <= 10, USERS - 10 + operator, 0)  # some of them may log in here too
    operators = {
        "operator_id": operator,
        "user_id": (user, user > 0),
        "name": text(people, np.where(user > 0, user, USERS + operator) - 1),
    }
    return {
        "app_user": build("app_user", users),
        "operator": build("operator", operators),
        "operator_group_member": _members(world, rng),
    }


def _members(world: World, rng: np.random.Generator) -> pa.Table:
    operator = np.concatenate([numbers(OPERATORS), numbers(OPERATORS)[::5]])
    group = np.concatenate([numbers(OPERATORS) % 4 + 1, (numbers(OPERATORS)[::5] + 1) % 4 + 1])
    order = np.lexsort((operator, group))
    rows = len(order)
    joined = world.start - rng.integers(0, 400, rows) * DAY
    left = world.start + rng.integers(100, 600, rows) * DAY
    columns = {
        "group_id": group,
        "operator_id": operator,
        "from_at": (joined, ~chance(rng, 0.1, rows)),
        "to_at": (left, chance(rng, 0.15, rows)),
    }
    return build("operator_group_member", columns, order)


def contents() -> pa.Table:
    """The table `content`: channels and films."""
    rows = [(k + 1, title, kind) for k, (title, kind) in enumerate(names.TITLES)]
    return written_out("content", tuple(rows))
