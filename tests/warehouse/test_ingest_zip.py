"""Zip archives: each of their files is one, and a bomb is refused before it takes anything (T-19)."""

import hashlib
import io
import resource
import struct
import time
import zipfile
import zlib

import pytest

from reports_lib.errors import IngestError
from reports_lib.warehouse.ingest.limits import Limits
from reports_lib.warehouse.ingest.sources import sources
from reports_lib.warehouse.tables import TABLES

HEAD = b"operator_id,name,user_id\n"


def packed(path, files, method=zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(path, "w", method) as made:
        for name, content in files.items():
            made.writestr(name, content)
    return path


def read(path, limits=None):
    """Rows of each file, by its name."""
    found = {}
    for source in sources([path], TABLES["operator"], limits or Limits()):
        rows = [row for good, _ in source.batches() for row in good.to_pylist()]
        found[source.name] = rows
        source.report()
    return found


def refusal(path, limits=None):
    with pytest.raises(IngestError) as told:
        read(path, limits)
    assert "\n" not in str(told.value)
    return str(told.value)


def test_each_file_of_an_archive_is_read(tmp_path):
    path = packed(tmp_path / "day.zip", {"b/2.csv": HEAD + b"2,bob,\n", "a.csv": HEAD + b"1,ann,\n", "b/": b""})
    found = read(path)
    assert {name: [row["name"] for row in rows] for name, rows in found.items()} == {
        "day.zip:a.csv": ["ann"],
        "day.zip:2.csv": ["bob"],
    }


def test_names_inside_are_only_shown(tmp_path):
    path = packed(tmp_path / "z.zip", {"../../etc/pass\nwd\x1b[2J": HEAD + b"1,ann,\n"})
    (name,) = read(path)
    assert name == "z.zip:pass\\nwd\\x1b[2J"
    assert [each.name for each in tmp_path.iterdir()] == ["z.zip"]


def test_what_is_no_archive_of_plain_files(tmp_path):
    path = tmp_path / "f.zip"
    inner = io.BytesIO()
    packed(inner, {"a.csv": HEAD})
    assert refusal(packed(path, {"x.zip": inner.getvalue()})) == (
        "f.zip:x.zip is a zip archive inside another file; unpack it once"
    )
    assert refusal(packed(path, {"[Content_Types].xml": "x"})) == "f.zip is a workbook; save it as CSV"
    assert refusal(packed(path, {"a.csv": HEAD}, zipfile.ZIP_LZMA)).endswith(
        "is packed in a rare way; pack it anew, or use gzip"
    )
    assert (
        refusal(packed(path, {f"{n}.csv": HEAD for n in range(101)}))
        == "f.zip holds 101 files, more than 100; split it"
    )
    whole = packed(path, {"a.csv": HEAD + b"1,ann,\n" * 999}).read_bytes()
    path.write_bytes(whole[:-30])
    assert refusal(path) == "f.zip ends in the middle of its zip data; get it again"
    path.write_bytes(whole.replace(whole[60:64], b"\xff\xff\xff\xff", 1))
    assert refusal(path).startswith("f.zip is a damaged zip archive (")
    locked = bytearray(whole)
    locked[6] |= 1
    locked[locked.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(locked)
    assert refusal(path) == "f.zip:a.csv is encrypted; unpack it"


def bomb(path):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made, made.open("a.csv", "w", force_zip64=True) as file:
        file.write(HEAD)
        for _ in range(16):
            file.write(b"1" * (1 << 24))
    return path


def understated(path):
    """The same archive, whose list says that there is little in it."""
    raw = bytearray(path.read_bytes())
    at = raw.index(b"PK\x01\x02")
    struct.pack_into("<L", raw, at + 24, 1 << 20)
    path.write_bytes(raw)
    return path


@pytest.mark.parametrize("lies", [False, True])
def test_a_bomb_is_refused_soon_and_in_little_memory(tmp_path, lies):  # T-19
    path = bomb(tmp_path / "bomb.zip")
    if lies:
        understated(path)
    since, before = time.process_time(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    told = refusal(path)
    assert told == "bomb.zip grows more than 200 times: a zip bomb" or (lies and "damaged" in told)
    assert time.process_time() - since < 5
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000  # kilobytes
    assert [each.name for each in tmp_path.iterdir()] == ["bomb.zip"]


def test_files_that_lie_on_top_of_each_other(tmp_path):
    """A bomb without layers: many names for the same bytes, each of them alone within bounds."""
    body = HEAD + b"".join(b"%d,%s,\n" % (n, hashlib.sha256(b"%d" % n).hexdigest().encode()) for n in range(4000))
    squeezed = zlib.compressobj(9, wbits=-15)
    data = squeezed.compress(body) + squeezed.flush()
    crc = zlib.crc32(body)
    sizes = (crc, len(data), len(body))
    local = struct.pack("<4s5H3L2H", b"PK\x03\x04", 20, 0, 8, 0, 0, *sizes, 1, 0) + b"a"
    central = struct.pack("<4s6H3L5H2L", b"PK\x01\x02", 20, 20, 0, 8, 0, 0, *sizes, 1, 0, 0, 0, 0, 0, 0) + b"a"
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 50, 50, 50 * len(central), len(local) + len(data), 0)
    (tmp_path / "o.zip").write_bytes(local + data + central * 50 + end)
    limits = Limits(ratio=10, ratio_from=1 << 16)
    told = refusal(tmp_path / "o.zip", limits)  # newer Pythons see it themselves
    assert told == "o.zip grows more than 10 times: a zip bomb" or "Overlapped" in told
