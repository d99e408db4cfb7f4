"""Countries: what they are called, and where they are."""

from importlib.resources import files

from babel import Locale

from reports_lib.values.geography import countries, country_name


def test_every_country_has_the_name_that_unicode_gives_it():
    names = Locale("en").territories
    assert {code: found.name for code, found in countries().items()} == {code: names[code] for code in countries()}
    assert len(countries()) == 249 + 1  # those of ISO 3166-1, and Kosovo
    assert all(code.isascii() and code.isupper() and len(code) == 2 for code in countries())
    assert (country_name("CL"), country_name("QQ")) == ("Chile", "QQ")


def test_every_place_is_on_the_earth_and_in_its_country():
    assert all(abs(found.latitude) <= 90 and abs(found.longitude) <= 180 for found in countries().values())
    within = {  # south, north, west, east
        "AQ": (-90, -60, -180, 180), "CL": (-56, -17, -76, -66), "FJ": (-20, -16, 176, 180), "FR": (42, 52, -5, 9),
        "GF": (2, 6, -55, -51), "JP": (34, 41, 131, 142), "NZ": (-47, -34, 166, 179), "RU": (50, 70, 60, 130),
        "UA": (46, 52, 24, 40), "US": (30, 49, -115, -80), "ZA": (-35, -22, 16, 33),
    }  # fmt: skip
    for code, (south, north, west, east) in within.items():
        found = countries()[code]
        assert south <= found.latitude <= north, code
        assert west <= found.longitude <= east, code


def test_the_table_is_small():
    assert len(files("reports_lib.values").joinpath("geography.json").read_bytes()) < 10_000
