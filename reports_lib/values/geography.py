"""What countries are called, and a place in each for a map of the earth.

`geography.json` lies in the package. Names are those of Unicode's CLDR. The place is the middle of the largest
piece of land, of Natural Earth at 1:10 million, which is in the public domain; of Antarctica it is the pole.
Kosovo is there by XK, the code in use for it.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from importlib.resources import files


@dataclass(frozen=True, slots=True)
class Country:
    """A country by its ISO 3166 code; its place in degrees north and east."""

    code: str
    name: str
    latitude: Decimal
    longitude: Decimal


@cache
def countries() -> Mapping[str, Country]:
    """All of them by their code, of two capital letters."""
    rows = json.loads(files(__package__).joinpath("geography.json").read_text("utf-8"), parse_float=Decimal)
    return {code: Country(code, *told) for code, *told in rows}


def country_name(code: str) -> str:
    """What a country is called; of a code that is none, the code itself."""
    found = countries().get(code)
    return found.name if found else code
