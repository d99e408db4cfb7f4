"""Invoices on paper: one, a thousand, and one with ten thousand itemised charges.

    python -m bench.invoices            the bars: 60 ms, 25 a second on 2 cores, 5 s and 400 MB

Each is the whole document: PDF/A-3a, PDF/UA-1 and Factur-X EN 16931 with its payment code, as it is sealed.
"""

import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from statistics import median

import pyarrow.parquet as pq

from bench.measure import machine, markdown
from reports_lib.invoicing.pdf import pdf
from reports_lib.rendering.press import Press
from tests.invoicing.samples import charges, document, with_calls

ROUNDS, MANY, ROWS, CORES = 60, 1000, 10_000, 2


def main() -> None:
    print(f"{machine('weasyprint', 'segno', 'babel')}\n")
    with Press(CORES) as press:
        rows = [one(press), many(press)]
    print(markdown(["", "measured", "bar"], [*rows, long()]))


def one(press: Press) -> list[str]:
    """A one-page invoice by a warm renderer, the way there and back included."""
    facts = document().json()
    for _ in range(10):
        press.make(pdf, facts, {})
    took = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        press.make(pdf, facts, {})
        took.append(time.perf_counter() - start)
    return ["one page, warm", f"{median(took) * 1000:.0f} ms ({min(took) * 1000:.0f} at best)", "60 ms"]


def many(press: Press) -> list[str]:
    """Different invoices by as many renderers as there are cores."""
    facts = [replace(document(), account_number=f"DB-202610-{number:04}").json() for number in range(MANY)]
    with ThreadPoolExecutor(CORES) as threads:
        list(threads.map(lambda each: press.make(pdf, each, {}), facts[:20]))
        start = time.perf_counter()
        list(threads.map(lambda each: press.make(pdf, each, {}), facts))
        seconds = time.perf_counter() - start
    return [f"{MANY:,} invoices on {CORES} cores", f"{MANY / seconds:.0f} a second", "25 a second"]


def long() -> list[str]:
    """An invoice with a printed annex, by a renderer that has printed one without before."""
    with tempfile.TemporaryDirectory() as folder, Press(1) as press:
        table, calls = charges(ROWS), Path(folder, "calls.parquet")
        pq.write_table(table, calls)
        facts = with_calls(table, "pages").json()
        press.make(pdf, document().json(), {})
        start = time.perf_counter()
        made = press.make(pdf, facts, {"calls": str(calls)})
        seconds = time.perf_counter() - start
        (pid,) = press.pids()
        status = Path(f"/proc/{pid}/status").read_text()
        peak = int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1])
    said = f"{seconds:.1f} s, {peak * 1024 / 1e6:.0f} MB, PDF of {len(made) / 1e6:.1f} MB"
    return [f"{ROWS:,} itemised charges", said, "5 s, 400 MB"]


if __name__ == "__main__":
    main()
