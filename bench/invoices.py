"""Invoices on paper: one, a thousand, and one with ten thousand itemised charges.

    python -m bench.invoices            the bars: 60 ms, 25 a second on 2 cores, 5 s and 400 MB

Each is the whole document: PDF/A-3a, PDF/UA-1 and Factur-X EN 16931 with its payment code, as it is sealed.
"""

import json
import subprocess
import sys
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
LONG = """
import json, resource, sys, time
from reports_lib.invoicing.pdf import pdf
from reports_lib.invoicing.document import Document
from tests.invoicing.samples import document
pdf(document().json(), {})
facts, calls = open(sys.argv[1], "rb").read(), sys.argv[2]
start = time.perf_counter()
made = pdf(facts, {"calls": calls})
seconds = time.perf_counter() - start
memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
print(json.dumps({"seconds": seconds, "memory": memory, "bytes": len(made)}))
"""


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
    """An invoice with a printed annex, in a process of its own that has printed one before."""
    with tempfile.TemporaryDirectory() as folder:
        table, calls, facts = charges(ROWS), Path(folder, "calls.parquet"), Path(folder, "facts.json")
        pq.write_table(table, calls)
        facts.write_bytes(with_calls(table, "pages").json())
        command = [sys.executable, "-c", LONG, str(facts), str(calls)]
        done = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    said = f"{done['seconds']:.1f} s, {done['memory'] / 1e6:.0f} MB, PDF of {done['bytes'] / 1e6:.1f} MB"
    return [f"{ROWS:,} itemised charges", said, "5 s, 400 MB"]


if __name__ == "__main__":
    main()
