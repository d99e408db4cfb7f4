"""The manifest: one canonical text, and nothing else is believed."""

import hashlib
import json
import subprocess
from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reports_lib.errors import CorruptSnapshotError, UnknownNameError
from reports_lib.snapshots.manifest import FileRef, Manifest, TableRef
from reports_lib.snapshots.removal import delete
from reports_lib.snapshots.seal import open_file, open_snapshot, seal

VALUES = st.one_of(st.text(), st.integers(), st.booleans(), st.lists(st.text(), max_size=3))


def test_its_id_is_the_sha256_of_its_file(store, sealed):  # JD-71
    out = subprocess.run(["sha256sum", store.path(f"{sealed.id}.json")], capture_output=True, text=True, check=True)
    assert out.stdout.split()[0] == sealed.id


def test_comes_back_as_it_was_sealed(store, sealed):
    found = open_snapshot(store, sealed.id)
    assert found == sealed
    assert found.data_interval == sealed.data_interval
    assert {key: open_file(store, found, key) for key in found.files} == {
        "csv": b"client\r\nann\r\n",
        "html": b"<h1>Clients</h1>",
        "table:clients": b"PAR1 rows of the clients table PAR1",
    }


def test_two_runs_of_the_same_report_have_ids_of_their_own(store, report):  # T-68
    assert report().sealed(store).id != report().sealed(store).id
    assert len(bytes.fromhex(report().draft.nonce)) == 16  # 128 bits


def test_json_is_canonical_whatever_the_order_and_zone(report):
    draft = report().draft
    other = replace(
        draft,
        resolved=dict(reversed(draft.resolved.items())),
        as_of=draft.as_of.astimezone(timezone(timedelta(hours=5, minutes=45))),
    )
    assert other.json() == draft.json()
    assert json.loads(draft.json())["as_of"] == "2026-11-22T12:00:00+00:00"
    assert draft.json().isascii()
    assert draft.json().endswith(b"}\n")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(resolved=st.dictionaries(st.text(), VALUES, max_size=4))
def test_any_parameters_round_trip(report, resolved):
    asked = report()
    draft = replace(asked.draft, tables=(), resolved=resolved, asked=resolved)
    assert Manifest.parse(draft.json()) == draft


def test_a_time_without_a_zone_is_refused(report):
    with pytest.raises(ValueError, match="no time zone"):
        replace(report().draft, as_of=datetime(2026, 1, 1)).json()


def test_a_number_that_json_has_not_is_refused(report):
    with pytest.raises(ValueError, match="JSON"):
        replace(report().draft, resolved={"x": float("nan")}).json()


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: text[:-1],  # the line feed
        lambda text: text.replace(b",", b", ", 1),
        lambda text: text.replace(b'{"as_of"', b'{"a":1,"as_of"', 1),
        lambda text: text.replace(b'"version":1', b'"version":1,"version":1', 1),
        lambda text: text.replace(b'"version":1', b'"version":2', 1),
        lambda text: text.replace(b'"family":"customer_dynamics",', b"", 1),
        lambda text: text.replace(b"2026-11-22T12:00:00+00:00", b"yesterday", 1),
        lambda text: text.replace(b'"labels":{"Interval":"October 2026"}', b'"labels":{"Interval":NaN}', 1),
        lambda text: b"[" * 100_000,
        lambda text: b"[]\n",
        lambda text: b"null\n",
        lambda text: b"\xff\n",
        lambda text: b"",
    ],
)
def test_what_daybook_would_not_write_is_not_believed(report, spoil):
    with pytest.raises(CorruptSnapshotError):
        Manifest.parse(spoil(replace(report().draft, tables=()).json()))


@pytest.mark.parametrize(
    ("name", "filename", "mime"),
    [
        ("../x", "a.html", "text/html"),
        ("0" * 64 + ".html", "../a.html", "text/html"),
        ("0" * 64 + ".html", 'a".html', "text/html"),
        ("0" * 64 + ".html", "a.html", "text/html\r\nX: y"),
        ("0" * 64 + ".json", "a.json", "application/json"),  # could pass for a manifest
    ],
)
def test_a_file_that_could_mislead_a_browser_or_the_store_is_refused(name, filename, mime):
    with pytest.raises(ValueError, match=r"not a file of a snapshot|only manifests"):
        FileRef(name, 1, mime, filename)


def test_a_table_without_its_rows_is_not_sealed(store, report):
    asked = report()
    tables = (*asked.draft.tables, TableRef("more", "More", 0, (), "0" * 64))
    with pytest.raises(ValueError, match="'more' lacks its file"):
        seal(store, replace(asked.draft, tables=tables), asked.files)
    assert list(store.files()) == []


def test_a_table_whose_rows_are_others_is_not_sealed(store, report):
    asked = report()
    (table,) = asked.draft.tables
    with pytest.raises(ValueError, match="'clients' lacks its file"):
        seal(store, replace(asked.draft, tables=(replace(table, sha256="0" * 64),)), asked.files)


@pytest.mark.parametrize("key", ["", "HTML", "html\n", "table:../x", "a b"])
def test_what_is_no_key_of_a_file_is_not_sealed(store, report, key):
    asked = report()
    with pytest.raises(ValueError, match="not a key"):
        seal(store, asked.draft, asked.files | {key: asked.files["html"]})


def test_no_such_file_of_a_snapshot(store, sealed):
    with pytest.raises(UnknownNameError, match="did you mean 'html'"):
        open_file(store, sealed, "htm")


@pytest.mark.parametrize(
    "text",
    ["", "../../etc/passwd", "%00", "\0", "A" * 64, "0" * 64, "x" * 9999, "{}\n", "{}\0", " {}", "{}/../{}", "./{}"],
)
def test_an_id_of_no_snapshot(store, sealed, report, text):  # T10
    delete(store, report(b"<h1>Another</h1>").sealed(store).id, by="olena", reason="", at=sealed.as_of)
    with pytest.raises(UnknownNameError, match="no snapshot of that id"):
        open_snapshot(store, text.replace("{}", sealed.id))


def test_an_id_in_capital_letters_is_another(store, sealed):
    with pytest.raises(UnknownNameError):
        open_snapshot(store, sealed.id.upper())


def test_an_id_is_not_the_id_of_a_stored_file(store, sealed):
    digest = hashlib.sha256(b"<h1>Clients</h1>").hexdigest()
    with pytest.raises(UnknownNameError):
        open_snapshot(store, digest)
