"""Where calls and messages go, and what they cost: a sale price a minute in each currency."""

from typing import NamedTuple

import numpy as np

from reports_lib.warehouse.demo import names
from reports_lib.warehouse.demo.columns import Ints
from reports_lib.warehouse.demo.rates import CURRENCIES, NANO


class Destination(NamedTuple):
    """A dialled prefix, its price in ten-thousandths of a euro a minute, its billing step in seconds."""

    code: str
    name: str
    country: str
    price: int
    step: int
    popularity: int


DESTINATIONS = (
    Destination("4420", "United Kingdom - London", "GB", 140, 1, 60),
    Destination("447", "United Kingdom - Mobile", "GB", 390, 1, 70),
    Destination("4930", "Germany - Berlin", "DE", 120, 1, 55),
    Destination("4915", "Germany - Mobile", "DE", 520, 1, 75),
    Destination("38044", "Ukraine - Kyiv", "UA", 180, 6, 40),
    Destination("38067", "Ukraine - Mobile Kyivstar", "UA", 690, 6, 80),
    Destination("3120", "Netherlands - Amsterdam", "NL", 110, 1, 45),
    Destination("316", "Netherlands - Mobile", "NL", 480, 1, 60),
    Destination("4822", "Poland - Warsaw", "PL", 130, 1, 30),
    Destination("485", "Poland - Mobile", "PL", 360, 1, 55),
    Destination("562", "Chile - Santiago", "CL", 210, 1, 30),
    Destination("569", "Chile - Mobile", "CL", 430, 1, 50),
    Destination("3491", "Spain - Madrid", "ES", 115, 1, 30),
    Destination("346", "Spain - Mobile", "ES", 410, 1, 45),
    Destination("816", "日本 - 大阪", "JP", 260, 6, 15),
    Destination("8190", "日本 - 携帯", "JP", 980, 6, 25),
    Destination("1512", "USA - Texas", "US", 90, 6, 35),
    Destination("1", "USA & Canada", "US", 80, 6, 60),
    Destination("331", "France - Paris", "FR", 120, 1, 18),
    Destination("336", "France - Mobile", "FR", 400, 1, 20),
    Destination("39", "Italy", "IT", 160, 1, 14),
    Destination("90", "Türkiye", "TR", 750, 60, 14),
    Destination("7495", "Russia - Moscow", "RU", 310, 60, 4),
    Destination("971", "United Arab Emirates", "AE", 1890, 60, 8),
    Destination("5255", "Mexico - Ciudad de México", "MX", 190, 6, 10),
    Destination("5411", "Argentina - Buenos Aires", "AR", 280, 6, 10),
    Destination("234", "Nigeria", "NG", 1650, 60, 5),
    Destination("91", "India", "IN", 420, 60, 12),
    Destination("53", "Cuba", "CU", 7900, 60, 1),
    Destination("8816", "Iridium", "", 58000, 60, 1),
)
SMS_PRICE = 680  # ten-thousandths of a euro each
MEGABYTE_PRICE = 42
DIALOGUE_PRICE = 2400
TOLL_FREE_PRICE = 260  # a minute, paid by the called


RETAIL = 3  # what clients pay is so many times these prices


def in_currencies(price: int) -> list[int]:
    """A price in ten-thousandths of a euro as millionths of each currency, with four decimals."""
    return [
        max(100, RETAIL * price * 100 * (currency.rate // 100_000) // (NANO // 100_000) // 100 * 100)
        for currency in CURRENCIES
    ]


def prices() -> Ints:
    """Millionths a minute: a row a destination, a column a currency."""
    return np.array([in_currencies(d.price) for d in DESTINATIONS])


def at_home() -> Ints:
    """The two destinations of each country of clients, by its position in `names.COUNTRIES`."""
    pairs = [[k for k, d in enumerate(DESTINATIONS) if d.country == country] for country in names.COUNTRIES]
    return np.array(pairs)
