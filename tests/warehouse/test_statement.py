"""Statements with slots: compiled once for a shape, filled with what is text and nothing else."""

import pytest

from reports_lib.warehouse.statement import Dialect, Statement, slot, statement

NASTY = [
    "it's",
    "''",
    "\\",
    "\\'",
    "'; drop table client; --",
    "[[other]]",
    "'[[other]]'",
    "$1 %s {x} ?",
    "Ω\u2028",
    "",
]


def named(tables, shape):
    client = tables("client")
    return client.filter(client.name == slot("name")).select("name", other=slot("other"))


@pytest.mark.parametrize("text", NASTY)
def test_a_value_is_text_and_nothing_else(warehouse_of, text):  # T12
    warehouse = warehouse_of({"client": [{"client_id": 1, "name": text}, {"client_id": 2, "name": "else"}]})
    found = warehouse.ask(named, values={"name": text, "other": "[[name]]"})
    assert found == [{"name": text, "other": "[[name]]"}]


def test_a_slot_without_a_value_is_an_error(warehouse_of):
    with pytest.raises(KeyError, match="other"):
        warehouse_of({}).ask(named, values={"name": "x"})


def test_each_shape_is_built_once_and_none_takes_another_s_place():
    built = []

    def build(tables, shape):
        built.append(shape)
        return tables("client").select(shape)

    texts = {(d.schema, s): statement(d, build, s).sql for d in (Dialect(), Dialect("b")) for s in ("name", "status")}
    again = {(d.schema, s): statement(d, build, s).sql for d in (Dialect(), Dialect("b")) for s in ("name", "status")}
    assert texts == again
    assert len(set(texts.values())) == 4
    assert built == ["name", "status", "name", "status"]


def test_the_text_holds_the_slots_that_were_built_and_no_moment():
    sql = statement(Dialect(), named, None).sql
    assert "'[[name]]'" in sql
    assert "'[[as_of]]'" in sql
    assert Statement(sql, ("name", "other")).filled({"name": "a", "other": "b", "as_of": "c"}).count("[[") == 0
