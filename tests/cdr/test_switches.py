"""What the files of three switches become, column by column."""

from datetime import datetime

import pytest

from reports_lib.errors import IngestError
from tests.cdr.lines import CUCM_HEAD, asterisk, cucm, freeswitch

TIMES = {
    "started_at": datetime(2024, 2, 10, 10, 0),
    "answered_at": datetime(2024, 2, 10, 10, 0, 6),
    "ended_at": datetime(2024, 2, 10, 10, 1),
}


def only(found):
    rows, bad, _ = found
    assert not bad, bad
    (row,) = rows
    return {name: value for name, value in row.items() if value is not None and name not in ("call_id", "__line")}


def test_asterisk(read):
    assert only(read("asterisk", asterisk())) == TIMES | {
        "client_id": 100001,
        "client_number": "+380501000001",
        "trunk_id": 7,
        "direction": "in",
        "talk_s": 54,
        "status": "answered",
    }
    out = only(
        read("asterisk", asterisk(dcontext="from-internal", channel="PJSIP/101-1a", dstchannel="IAX2/carrier-9"))
    )
    assert (out["direction"], out["client_number"], out["trunk_id"]) == ("out", "+380442000007", 7)


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ({"disposition": "NO ANSWER", "billsec": 0}, "no_answer"),
        ({"disposition": "BUSY"}, "busy"),
        ({"disposition": "FAILED"}, "failed"),
        ({"disposition": "CONGESTION"}, "no_channel"),
        ({"lastapp": "VoiceMail"}, "voicemail"),
    ],
)
def test_how_a_call_in_asterisk_ended(read, said, status):
    assert only(read("asterisk", asterisk(**said)))["status"] == status


def test_a_call_nobody_answered_has_no_time_of_it(read):
    line = asterisk(disposition="NO ANSWER", answer="").replace(',"",', ",,")  # as cdr_csv writes it, without quotes
    assert "answered_at" not in only(read("asterisk", line))


def test_the_columns_that_asterisk_leaves_out_or_adds(read):
    whole = asterisk().removesuffix("\n")
    sixteen, seventeen = whole.rsplit(",", 2)[0], whole.rsplit(",", 1)[0]
    newer = f'{whole},"acc9","1707559200.1",7'
    rows, bad, report = read("asterisk", f"{whole}\n{sixteen}\n{newer}\n\n{seventeen},\n{seventeen}\n{whole},1\n")
    # the one with an empty column at its end has 18; that of 19 is of no kind
    assert [row["__line"] for row in rows] == [1, 2, 3, 5, 6]
    assert [(each.line, each.reason) for each in bad] == [(7, "19 fields instead of 16 or 17 or 18 or 21")]
    assert (report.lines, report.blank) == (7, 1)
    ids = [row["call_id"] for row in rows]
    assert ids[0] == ids[3] == ids[4]  # userfield is no part of what names a call
    assert len(set(ids)) == 3


def test_a_call_keeps_its_number_for_ever(read):
    # worked out by sha256sum of: asterisk, uniqueid, channel, dstchannel, start, sequence, with 0x1f between
    ((row,), _, _) = read("asterisk", asterisk())
    import hashlib

    parts = ["asterisk", "1707559200.1", "PJSIP/carrier-00000001", "PJSIP/101-00000002", "2024-02-10 10:00:00", ""]
    digest = hashlib.sha256("\x1f".join(parts).encode()).digest()
    assert row["call_id"] == int.from_bytes(digest[:8], "big") & (2**63 - 1) > 0
    others = read("asterisk", asterisk(2) + asterisk(dstchannel="PJSIP/102-3"))[0]  # one uniqueid, another party
    assert len({row["call_id"], *(other["call_id"] for other in others)}) == 3


def test_a_switch_on_the_clock_of_its_own(read, declare):
    kyiv = declare("kyiv", "like: asterisk\nzone: Europe/Kyiv\n")
    assert only(read(kyiv, asterisk()))["started_at"] == datetime(2024, 2, 10, 8, 0)
    # 2024-10-27, 04:00 became 03:00 again: the call begins before, and ends after
    row = only(
        read(kyiv, asterisk(start="2024-10-27 03:59:50", answer="2024-10-27 03:59:58", end="2024-10-27 03:00:10"))
    )
    assert row["started_at"] == datetime(2024, 10, 27, 0, 59, 50)
    assert row["ended_at"] == datetime(2024, 10, 27, 1, 0, 10)
    # 2024-03-31, 03:00 became 04:00: no clock showed what lies between
    _, bad, _ = read(kyiv, asterisk(start="2024-03-31 03:30:00"))
    assert [(each.column, each.reason) for each in bad] == [
        ("started_at", "'2024-03-31 03:30:00' never was on the clocks of Europe/Kyiv")
    ]


def test_times_that_run_backwards(read):
    _, bad, _ = read("asterisk", asterisk(end="2024-02-10 09:59:59"))
    assert [(b.column, b.reason) for b in bad] == [
        ("ended_at", "2024-02-10 09:59:59 is before answered_at, 2024-02-10 10:00:06")
    ]


@pytest.mark.parametrize("codecs", [True, False])  # the template "example", and the module's own with its space
def test_freeswitch(read, codecs):
    assert only(read("freeswitch", freeswitch(codecs=codecs))) == TIMES | {
        "client_id": 100001,
        "client_number": "+380501000001",
        "direction": "in",
        "talk_s": 54,
        "status": "answered",
    }


def test_a_space_is_only_dropped_before_a_quote_that_opens(read):
    rows, bad, _ = read("freeswitch", freeswitch(caller_id_number='a, ""x"" b') + freeswitch(2, codecs=False))
    assert (len(rows), bad) == (2, [])
    assert rows[0]["client_number"] == 'a, "x" b'
    _, (reject,), _ = read("freeswitch", freeswitch(codecs=False, caller_id_name='Al "Bo" Cy'))
    assert reject.record.endswith('"", "acc1"')  # as it came
    assert "quote" in reject.reason


@pytest.mark.parametrize(
    ("cause", "status"),
    [
        ("USER_BUSY", "busy"),
        ("NO_ANSWER", "no_answer"),
        ("ORIGINATOR_CANCEL", "canceled"),
        ("CALL_REJECTED", "rejected"),
        ("NORMAL_CIRCUIT_CONGESTION", "no_channel"),
        ("UNALLOCATED_NUMBER", "failed"),
    ],
)
def test_how_a_call_in_freeswitch_ended(read, cause, status):
    assert only(read("freeswitch", freeswitch(answer_stamp="", billsec="0", hangup_cause=cause)))["status"] == status


def test_cucm(read):
    assert only(read("cucm", cucm())) == TIMES | {
        "client_id": 100001,
        "client_number": "+380442000007",
        "trunk_id": 7,
        "direction": "out",
        "talk_s": 54,
        "status": "answered",
    }


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ({"cause": 17}, "busy"),
        ({"dest_cause": 19}, "no_answer"),
        ({"dest_cause": 21}, "rejected"),
        ({"cause": 34}, "no_channel"),
        ({"dest_cause": 1}, "failed"),
        ({}, "canceled"),
    ],
)
def test_how_a_call_in_cucm_ended(read, said, status):
    row = only(read("cucm", cucm(connect=0, duration=0, **said)))
    assert row["status"] == status
    assert "answered_at" not in row  # 0 is no time


def test_columns_of_cucm_are_found_by_name(read):
    older = CUCM_HEAD.replace("globalCallID_callId", "globalCallID_callID").replace(',"globalCallId_ClusterID"', "")
    older = older.replace(",VARCHAR(50),VARCHAR(32)", ",VARCHAR(32)")
    line = cucm().splitlines()[2].replace(',"StandAloneCluster"', "")
    rows, bad, report = read("cucm", f"{older}{line}\n")
    assert (len(rows), bad, report.lines) == (1, [], 1)


def test_records_of_cucm_that_are_no_calls(read):
    _, bad, _ = read("cucm", cucm(type=2))
    assert [(each.line, each.column, each.reason) for each in bad] == [(3, "cdrRecordType", "'2' is not 1")]
    with pytest.raises(IngestError, match=r"file\.csv is no Cisco CUCM CDR file: its first line does not name"):
        read("cucm", '"cdrRecordType","globalCallID_callManagerId","nodeId"\nINTEGER,INTEGER,INTEGER\n')
    with pytest.raises(IngestError, match=r"its second line must name the columns' types; it is '1,1,5001"):
        read("cucm", CUCM_HEAD.splitlines()[0] + "\n" + cucm().splitlines()[2] + "\n")
    assert read("cucm", CUCM_HEAD)[2].lines == 0


def test_whose_a_call_is(read):
    rows, bad, _ = read(
        "asterisk",
        asterisk(1, accountcode="acc2")
        + asterisk(2, accountcode="nobody")  # loaded without a client, as the format says
        + asterisk(77, accountcode="")  # by the number that calls
        + asterisk(4, accountcode="", dcontext="office", dst="+38 (050) 10-000-77")  # by the number that is called
        + asterisk(5, accountcode="both"),
    )
    assert [row["client_id"] for row in rows] == [100002, None, 100077, 100077]
    assert [(each.line, each.reason) for each in bad] == [(5, "'both' is the external_id of more than one client")]
