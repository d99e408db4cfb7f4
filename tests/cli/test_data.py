"""`ingest` on the command line: what was loaded is said, what was not is in a file."""

from pathlib import Path

import pytest

from reports_lib.warehouse.versions import versions

GOOD = "client_id,tag\n1,gold\n2,gold\n"
BAD = "client_id,tag\n1,silver\nfour,silver\n\n"


@pytest.fixture
def csv(tmp_path):
    def write(name, text):
        path = tmp_path / name
        path.write_text(text)
        return str(path)

    return write


def test_a_good_file_is_one_data_version_and_is_not_loaded_twice(daybook, office, csv):
    path = csv("tags.csv", GOOD)
    before = len(versions(office.installation.warehouse))
    answer = daybook("ingest", "client_tag", path, "-m", "the tags")
    assert (answer.code, answer.err) == (0, "")
    known = versions(office.installation.warehouse)
    assert len(known) == before + 1
    assert known[-1].message == "the tags"
    assert answer.out.splitlines() == [
        "tags.csv: 2 lines = 2 loaded + 0 rejected + 0 blank",
        f"data version {known[-1].name}",
    ]
    again = daybook("ingest", "client_tag", path)
    assert (again.code, again.out, again.err.count("\n")) == (12, "", 1)
    assert "--again loads it again" in again.err


def test_a_bad_row_is_named_and_nothing_is_loaded(daybook, office, csv):
    before = len(versions(office.installation.warehouse))
    answer = daybook("ingest", "client_tag", csv("more.csv", BAD))
    assert (answer.code, answer.out, answer.err.count("\n")) == (12, "", 1)
    assert "more.csv:3: client_id: 'four' is not a whole number" in answer.err
    assert len(versions(office.installation.warehouse)) == before


def test_bad_rows_are_skipped_if_asked(daybook, office, csv):
    answer = daybook("ingest", "client_tag", csv("more.csv", BAD), "--skip-bad")
    assert answer.code == 0
    counted, version, rejects = answer.out.splitlines()
    assert counted == "more.csv: 3 lines = 1 loaded + 1 rejected + 1 blank"
    assert version == f"data version {versions(office.installation.warehouse)[-1].name}"
    assert "four" in Path(rejects.removeprefix("rejected lines are in ")).read_text()
