"""Canaries of the pins in `pyproject.toml`: what to do when one of these fails after an upgrade.

The engine is pinned as one piece: `duckdb`, `duckdb-extension-ducklake` and
`duckdb-extension-postgres-scanner` at one and the same version (an extension's binary fits exactly
one), under `ibis-framework==12.*`. To move it:

1. change the three together in `pyproject.toml`, write `requirements.lock` anew and run the tests;
2. if only `test_the_pins_are_what_was_tried` fails, put the new versions there;
3. if ibis no longer calls what DuckDB is about to drop, take the filter out of `tests/conftest.py`;
4. a catalogue written by a newer DuckLake may be closed to the older one: try on a copy of a lake.
"""

import tomllib
from importlib.metadata import version
from pathlib import Path

import duckdb
import ibis
import pytest

PYPROJECT = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text())
PINNED = [
    line.split("==") for line in PYPROJECT["project"]["dependencies"] if line.startswith("duckdb") and "==" in line
]


def test_the_pins_are_what_was_tried():
    assert {name: version(name) for name, _ in PINNED} == {
        "duckdb": "1.5.5",
        "duckdb-extension-ducklake": "1.5.5",
        "duckdb-extension-postgres-scanner": "1.5.5",
    }
    assert ibis.__version__.split(".")[0] == "12"


def test_what_is_installed_is_what_is_pinned():
    assert len(PINNED) == 3
    assert dict(PINNED) == {name: version(name) for name, _ in PINNED}
    assert len({pin for _, pin in PINNED}) == 1


def test_ibis_still_calls_what_duckdb_is_about_to_drop():
    # ibis 12 fetches by these two names, which DuckDB 2.0 no longer has: that is why it is pinned
    relation = duckdb.sql("select 1")
    with pytest.warns(DeprecationWarning, match="to_arrow_reader"):
        relation.fetch_record_batch()
    with pytest.warns(DeprecationWarning, match="to_arrow_table"):
        duckdb.sql("select 1").fetch_arrow_table()


def test_ibis_reads_exact_decimals_from_this_duckdb():
    con = ibis.duckdb.from_connection(duckdb.connect())
    table = con.sql("select 12.345678::decimal(18, 6) as amount")
    assert [str(row["amount"]) for row in table.to_pyarrow().to_pylist()] == ["12.345678"]
