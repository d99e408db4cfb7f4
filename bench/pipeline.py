"""A report from the pool beside papermill and nbconvert from the shell, and beside its cells as bare Python.

python -m bench.pipeline [--rounds N]
"""

import argparse
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import median

from bench.measure import Spent, in_turn, machine, markdown, span
from bench.place import place
from bench.report import Report
from bench.workers import private_memory, runs_a_minute, settle, workers
from reports_lib.rendering.formats import Format

SHELL = "`papermill`, then `jupyter nbconvert --to html`"
COMMAND = "`daybook run --format html`, a worker being up"
POOL = "asked for, made from the pool, sealed and published"
BARE = "its cells as bare Python in a warm process"
ALL = (Format.HTML, Format.PDF, Format.CSV, Format.XLSX)
REPORTS: Mapping[str, Mapping[str, str]] = {
    "customer_dynamics": {"interval": "2025-11-01/2026-10-31"},
    "trivial": {"interval": "2026-10-01/2026-10-31"},
}


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--runs", type=int, default=60, help="asked for at once, to see how many a minute are made")
    words = parser.parse_args()
    with place() as installation, tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        reports = {family: Report(installation, folder, family, given) for family, given in REPORTS.items()}
        whole = Report(installation, folder, "customer_dynamics", REPORTS["customer_dynamics"], ALL)
        whole.warm()
        with workers(installation, 1, folder):
            spent = {family: _spent(report, words.rounds) for family, report in reports.items()}
            made = {family: report.made[1:] for family, report in reports.items()}  # after the one to get warm
            everything = in_turn({"": whole.asked_for}, words.rounds, settle)[""]
            settle()
            memory = private_memory()
        with workers(installation, 2, folder, DAYBOOK_CONCURRENCY="1"):
            a_minute = {family: runs_a_minute(report, words.runs) for family, report in reports.items()}
    print(f"{machine('papermill', 'nbconvert', 'duckdb', 'ibis-framework')}; {words.rounds} rounds.\n")
    for family, found in spent.items():
        print(f"{family}, HTML:\n\n{_table(found)}\n")
        taken = median(made[family])
        times = f"{_wall(found[SHELL]) / taken:.1f} times as fast as the shell, {taken / _wall(found[BARE]):.2f} times"
        print(f"From a worker's taking it to its publication: {taken * 1000:.0f} ms, {times} the bare cells.\n")
    print(f"customer_dynamics in HTML, PDF, CSV and XLSX: {_ms(everything)} ({span(everything)}).\n")
    for what, sizes in memory.items():
        print(f"Private memory, {what}: {', '.join(f'{size / 1e6:.0f} MB' for size in sizes)}")
    for family, rate in a_minute.items():
        print(f"{family}: {rate:.0f} a minute with 2 workers")


def _spent(report: Report, rounds: int) -> dict[str, list[Spent]]:
    actions: dict[str, Callable[[], object]] = {
        SHELL: report.from_the_shell,
        COMMAND: report.by_command,
        POOL: report.asked_for,
        BARE: report.cells,
    }
    for action in (POOL, BARE):
        actions[action]()  # once, for what only the first one pays

    def before() -> None:
        report.warm()
        settle()

    spent = in_turn(actions, rounds, before)
    report.check()
    return spent


def _table(spent: Mapping[str, Sequence[Spent]]) -> str:
    shell, bare = _wall(spent[SHELL]), _wall(spent[BARE])
    rows = [
        [name, _ms(found), span(found), f"{shell / _wall(found):.1f}", f"{_wall(found) / bare:.2f}"]
        for name, found in spent.items()
    ]
    return markdown(["", "median", "least to most", "times as fast as the shell", "times the bare cells"], rows)


def _wall(found: Sequence[Spent]) -> float:
    return median(one.wall for one in found)


def _ms(found: Sequence[Spent]) -> str:
    return f"{_wall(found) * 1000:.0f} ms"


if __name__ == "__main__":
    main()
