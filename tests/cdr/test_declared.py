"""Formats of a workspace: what they can say, and what is said of their mistakes."""

from datetime import datetime
from decimal import Decimal
from pathlib import Path

import pytest

from reports_lib.cdr import formats
from reports_lib.errors import SettingError, UnknownNameError

ROOT = Path(__file__).parents[2]
HEAD = "call_id;leg;account;started;ended;prefix;destination;seconds;billed_seconds;charge;currency;result\n"
LINE = '17;A;acc1;10.02.2024 10:00:00;10.02.2024 10:01:00;38050;Ukraine "mobile";60;60;1,250000;EUR;OK\n'
SMALL = """
table: call
columns: [id, when, seconds]
rows:
  call_id: id
  direction: {value: in}
  started_at: when
  talk_s: seconds
  status: {value: answered}
"""


def small(**said):
    """A format of five columns, some of them said otherwise."""
    text = SMALL
    for name, value in said.items():
        line = next(line for line in SMALL.splitlines() if line.strip().startswith(f"{name}:"))
        text = text.replace(line, line[: len(line) - len(line.lstrip())] + f"{name}: {value}")
    return text


def test_rated_calls(read, declare):
    made = declare("rated", (ROOT / "parameters/cdr/rated.yaml").read_text())
    ((row,), bad, _) = read(made, HEAD + LINE)
    assert not bad
    assert {name: value for name, value in row.items() if value is not None and name not in ("usage_id", "__line")} == {
        "client_id": 100001,
        "account_id": "acc1",
        "origin": "orig",
        "service_id": 1,
        "started_at": datetime(2024, 2, 10, 10),
        "ended_at": datetime(2024, 2, 10, 10, 1),
        "code": "38050",
        "code_name": 'Ukraine "mobile"',  # a quote is a letter where quoting is off
        "volume": Decimal(60),
        "billed_volume": Decimal(60),
        "amount": Decimal("1.25"),
        "currency": "EUR",
        "is_paid": True,
        "result_status": "success",
    }
    _, bad, _ = read(made, HEAD + LINE.replace("acc1", "acc3") + LINE.replace("10.02.2024 10:00", "10/02/2024 10:00"))
    assert [(each.line, each.column, each.reason) for each in bad] == [
        (2, "client_id", "'acc3' is no client.external_id and no client_profile.phone"),
        (3, "started_at", "'10/02/2024 10:00:00' is not a time like %d.%m.%Y %H:%M:%S"),
    ]


@pytest.mark.parametrize(
    ("how", "cells"),
    [
        ("{column: seconds, divide: '1000', round: up}", {"1500": 2, "1000": 1, "0": 0, "1": 1}),
        ("{column: seconds, divide: '1000', round: down}", {"1500": 1, "999": 0}),
        ("{column: seconds, divide: '10', round: half up}", {"15": 2, "14": 1, "-15": -2}),
        ("{column: seconds, divide: '1000'}", {"2000": 2, "2500": "'2500' is finer than talk_s can hold"}),
        ("{column: seconds, times: '60'}", {"2": 120, "1.5": 90, "x": "'x' is not a number"}),
        ("{column: seconds, times: '-1'}", {"2": -2}),
        ("{column: seconds, times: '1000000'}", {"999999999999999999": "is more than talk_s can hold"}),
        ("{column: seconds, pattern: '([0-9]+) s'}", {"12 s": 12, "12": "is empty, but every row needs it"}),
        ("{column: seconds, values: {short: '1', long: '9'}}", {"long": 9, "mid": "'mid' is not one of short, long"}),
        ("{column: seconds, values: {short: '1'}, else: '5'}", {"short": 1, "mid": 5}),
        ("{cases: [{when: {id: ['1']}, value: '5'}, {column: seconds}]}", {"7": 5}),
    ],
)
def test_numbers(read, declare, how, cells):
    made = declare("small", small(talk_s=how))
    for cell, found in cells.items():
        rows, bad, _ = read(made, f"1,2024-02-10 10:00:00,{cell}\n")
        if isinstance(found, int):
            assert [row["talk_s"] for row in rows] == [found], bad
        else:
            assert [each.reason[-len(found) :] for each in bad] == [found]


@pytest.mark.parametrize(
    ("how", "cell", "found"),
    [
        ("{column: when, time: unix}", "1707559200", datetime(2024, 2, 10, 10)),
        ("{column: when, time: unix}", "1707559200.25", datetime(2024, 2, 10, 10, 0, 0, 250000)),
        ("{column: when, time: unix ms}", "1707559200250", datetime(2024, 2, 10, 10, 0, 0, 250000)),
        ("{column: when, time: unix us}", "1707559200000250", datetime(2024, 2, 10, 10, 0, 0, 250)),
        ("{column: when, time: unix}", "253402300800", "'253402300800' is a time after the year 9999"),
        ("{column: when, time: unix}", "-1", "'-1' is not a time in seconds since 1970"),
        ("{column: when, time: unix, none: '0'}", "0", "is empty, but every row needs it"),
        ("{column: when, zone: Asia/Kathmandu}", "2024-02-10 15:45", datetime(2024, 2, 10, 10)),
        ("{column: when, zone: Asia/Kathmandu}", "2024-02-10T10:00:00Z", datetime(2024, 2, 10, 10)),
        (
            "{column: when, time: '%m/%d/%Y %H:%M:%S.%f'}",
            "2/10/2024 10:00:00.5",
            datetime(2024, 2, 10, 10, 0, 0, 500000),
        ),
        ("{column: when, time: '%Y%m%d%H%M'}", "202402101000", datetime(2024, 2, 10, 10)),
        ("{column: when, time: '%Y%m%d%H%M'}", "202402301000", "'2024-02-30 10:00:00' is no time of the calendar"),
    ],
)
def test_times(read, declare, how, cell, found):
    rows, bad, _ = read(declare("small", small(started_at=how)), f"1,{cell},5\n")
    if isinstance(found, datetime):
        assert [row["started_at"] for row in rows] == [found], bad
    else:
        assert [each.reason for each in bad] == [found]


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({"call_id": "no_such"}, "cdr/small.yaml: no_such is not in columns"),
        ({"table": "calls"}, "table is 'calls', not "),
        ({"status": "{value: asnwered}"}, "'asnwered' is not one of answered,"),
        ({"status": "{column: id, values: {a: busi}}"}, "did you mean 'busy'?"),
        ({"status": '""'}, "rows must say what status of table call comes of"),
        ({"talk_s": "{column: seconds, tiems: '2'}"}, "there is no 'tiems'; did you mean times?"),
        ({"talk_s": "{column: seconds, value: '2'}"}, "must be a column of the file, or have one of"),
        ({"talk_s": "{column: seconds, divide: '60'}"}, "divide 1, 10, 100 and so on"),
        ({"talk_s": "{column: seconds, lookup: client.nmae}"}, "lookup 'client.nmae' is not like client.external_id"),
        ({"talk_s": "{column: seconds, lookup: client.name, unknown: empty}"}, "talk_s cannot be empty"),
        ({"talk_s": "{column: seconds, pattern: '['}"}, "must have one pair of brackets"),
        ({"talk_s": "{column: seconds, pattern: '(['}"}, "is not a regular expression"),
        ({"started_at": "{column: when, time: '%d.%m.%y'}"}, "%y is none of %Y"),
        ({"started_at": "{column: when, zone: Kyiv}"}, "is not a zone such as Europe/Kyiv"),
        ({"columns": "[id, when, seconds, id]"}, "stands in columns twice"),
        ({"columns": "&a [id]"}, "line 3: anchors and aliases are refused"),
        ({"rows": "x"}, "is not YAML"),
    ],
)
def test_mistakes_are_named(declare, said, told):
    with pytest.raises(SettingError) as error:
        declare("small", small(**said))
    assert told in str(error.value)
    assert "\n" not in str(error.value)


def test_a_format_may_build_on_another(read, declare, place):
    mine = declare(
        "mine", "like: asterisk\nswitch: berlin\ntests: {inbound: {dcontext: carriers}}\nrows: {trunk_id: ''}\n"
    )
    from tests.cdr.lines import asterisk

    ((row,), _, _) = read(mine, asterisk(dcontext="carriers"))
    ((other,), _, _) = read("asterisk", asterisk())
    assert (row["direction"], row["trunk_id"]) == ("in", None)
    assert row["call_id"] != other["call_id"]  # two switches may count alike
    assert "mine" in formats.names(place)
    own = declare("asterisk", "like: asterisk\nzone: Europe/Kyiv\n")  # in place of ours, and on top of it
    assert read(own, asterisk())[0][0]["started_at"] == datetime(2024, 2, 10, 8)
    with pytest.raises(SettingError, match="is like itself"):
        declare("self", "like: self\n")
    with pytest.raises(UnknownNameError, match="did you mean 'asterisk'"):
        declare("typo", "like: asteriks\n")


def test_every_format_that_comes_along_can_be_read(place):
    for name in formats.names(place):
        assert formats.find(place, name).terms.by_name
