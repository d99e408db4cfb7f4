"""Lines as the switches write them."""

CUCM_HEAD = (
    '"cdrRecordType","globalCallID_callManagerId","globalCallID_callId","origLegCallIdentifier",'
    '"dateTimeOrigination","origNodeId","origSpan","origIpAddr","callingPartyNumber","origCause_value",'
    '"destLegCallIdentifier","originalCalledPartyNumber","finalCalledPartyNumber","destCause_value",'
    '"dateTimeConnect","dateTimeDisconnect","pkid","duration","origDeviceName","destDeviceName",'
    '"globalCallId_ClusterID","clientMatterCode"\n'
    "INTEGER,INTEGER,INTEGER,INTEGER,INTEGER,INTEGER,INTEGER,INTEGER,VARCHAR(50),INTEGER,INTEGER,VARCHAR(50),"
    "VARCHAR(50),INTEGER,INTEGER,INTEGER,UNIQUEIDENTIFIER,INTEGER,VARCHAR(129),VARCHAR(129),VARCHAR(50),VARCHAR(32)\n"
)


def asterisk(number=1, **given):
    """A line of Master.csv with uniqueid and userfield, as cdr_csv.c writes it."""
    said = {
        "accountcode": "acc1",
        "src": f"+3805010{number:05d}",
        "dst": "+380442000007",
        "dcontext": "from-trunk",
        "clid": f'"Ann" <+3805010{number:05d}>',
        "channel": f"PJSIP/carrier-{number:08x}",
        "dstchannel": f"PJSIP/101-{number + 1:08x}",
        "lastapp": "Dial",
        "lastdata": "PJSIP/101,30,tT",
        "start": "2024-02-10 10:00:00",
        "answer": "2024-02-10 10:00:06",
        "end": "2024-02-10 10:01:00",
        "duration": 60,
        "billsec": 54,
        "disposition": "ANSWERED",
        "amaflags": "DOCUMENTATION",
        "uniqueid": f"1707559200.{number}",
        "userfield": "",
    } | given
    return ",".join(map(_field, said.values())) + "\n"


def freeswitch(number=1, *, codecs=True, **given):
    """A line of the template `example` with `codecs`, else of the module's own, with its space."""
    said = {
        "caller_id_name": "Ann",
        "caller_id_number": f"+3805010{number:05d}",
        "destination_number": "+380442000007",
        "context": "public",
        "start_stamp": "2024-02-10 10:00:00",
        "answer_stamp": "2024-02-10 10:00:06",
        "end_stamp": "2024-02-10 10:01:00",
        "duration": "60",
        "billsec": "54",
        "hangup_cause": "NORMAL_CLEARING",
        "uuid": f"2bbe83f7-5111-4b5b-9626-c51546{number:06d}",
        "bleg_uuid": "",
        "accountcode": "acc1",
        "read_codec": "PCMA",
        "write_codec": "PCMA",
    } | given
    fields = [f'"{value}"' for value in said.values()]
    return ",".join(fields) + "\n" if codecs else ",".join(fields[:12]) + ", " + fields[12] + "\n"


def cucm(numbers=(1,), head=CUCM_HEAD, **given):
    """A file with a record of each number."""
    found = head
    for number in numbers:
        said = {
            "type": 1, "manager": 1, "call": 5000 + number, "orig": 111 + number, "began": 1707559200, "node": 1,
            "span": 0, "ip": 33554432, "calling": "7001", "cause": 0, "dest": 222 + number, "called": "+380442000007",
            "final": "+380442000007", "dest_cause": 16, "connect": 1707559206, "disconnect": 1707559260,
            "pkid": f"aa5ce3cf-92d0-4cd5-8a2b-00000000{number:04d}", "duration": 54, "device": "SEP001122334455",
            "to": "carrier", "cluster": "StandAloneCluster", "matter": "acc1",
        } | given  # fmt: skip
        found += ",".join(map(_field, said.values())) + "\n"
    return found


def _field(value):
    if isinstance(value, int):
        return str(value)
    return '"' + value.replace('"', '""') + '"'
