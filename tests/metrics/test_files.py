"""Files of call records as they stood: which are listed, in what state, how large (M-65, M-66, T-57)."""

from bills import asked, file
from books import at

from reports_lib.metrics.dashboard import dashboard
from reports_lib.metrics.files import files

FILES = [
    file(1, "success", "2026-10-01", "2026-10-02", name="Master.csv", size_bytes=3 * 2**20),
    file(2, "error", "2026-10-01", "2026-10-03 10:00", name="night.csv"),
    file(3, "processing", "2026-10-04 22:30"),  # waits
    file(4, "success", "2026-10-01", "2026-10-09", deleted_at=at("2026-10-10")),
    file(5, "success", "2026-11-03 11:00", "2026-11-03 12:00"),  # processed at as-of: not yet
    file(6, "success", "2026-09-30 23:59:59.999999", "2026-10-01", deleted_at=at("2026-11-04")),
]


def test_files_of_a_period_newest_first_in_the_state_of_then(held):
    found = files(held({"cdr_file": FILES}), asked("2026-10-01/2026-11-03", "UTC"))
    assert [(row["number"], row["state"]) for row in found.rows] == [
        ("5", "waiting"),
        ("3", "waiting"),
        ("2", "error"),
        ("1", "success"),
    ]
    assert found.by_state == [{"state": s, "files": n} for s, n in (("success", 1), ("error", 1), ("waiting", 2))]
    assert (found.total["files"], found.total["bytes"]) == (4, 3 * 2**20 + 3 * 1024)
    assert [row["processed_at"] for row in found.rows[:2]] == [None, None]
    only = asked("2026-10-01/2026-11-03", status=["error"])
    assert [row["name"] for row in files(held({"cdr_file": FILES}), only).rows] == ["night.csv"]


def test_a_period_may_be_that_of_processing_on_local_clocks(held):
    ended = asked("2026-10-01/2026-10-02", "Europe/Kyiv", dates="processed_at")  # to 21:00 UTC of the 2nd
    found = files(held({"cdr_file": FILES}), ended)
    assert [row["number"] for row in found.rows] == ["1", "6"]
    assert f"{found.rows[0]['processed_at']:%H:%M %Z}" == "03:00 EEST"


def test_they_are_those_that_the_dashboard_counts(held):  # CD-04, CD-07 … CD-10
    books = held({"cdr_file": FILES})
    told, found = dashboard(books, asked()).metrics, files(books, asked())
    assert {row["state"]: row["files"] for row in found.by_state} == {
        state: told[f"cdr_{state}"] for state in ("success", "error", "waiting")
    }
    assert found.total["bytes"] == told["disk_bytes"]
    assert max(row["processed_at"] for row in found.rows if row["processed_at"]) == told["cdr_last"]
