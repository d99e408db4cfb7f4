"""A million call records of Asterisk into the table `call`, beside DuckDB's own CSV reader, which checks less.

python -m bench.cdr [--lines N] [--rounds N]

Each of the two is a process of its own, so that its highest memory can be told.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from bench.measure import compared, in_turn, machine
from bench.place import place
from reports_lib.cdr import formats
from reports_lib.cdr.load import sources_of
from reports_lib.runs.installation import Installation
from reports_lib.warehouse import writer
from reports_lib.warehouse.address import Address
from reports_lib.warehouse.ingest.load import Order, load
from reports_lib.warehouse.lake import open_lake
from reports_lib.warehouse.tables import TABLES

OURS, THEIRS = "`daybook cdr load`: every line accounted for", "DuckDB's `read_csv`, nothing checked"
# as cdr_csv writes them, with uniqueid and userfield
LINE = """
    format('"acc{0}","+38050{1}","+38044{2}","{3}",""\"Client {0}"" <+38050{1}>","PJSIP/carrier{4}-{5:08x}",'
      '"PJSIP/{6}-{7:08x}","Dial","PJSIP/{6},30,tT","{8}",{9},"{10}",60,{11},"{12}","DOCUMENTATION","{13}.{5}",""',
      i % 500, 1000000 + i % 900000, 2000000 + i * 7 % 900000, if(i % 3 = 0, 'from-trunk', 'from-internal'), i % 4, i,
      100 + i % 80, i + 1, moment(i, 0), if(i % 5 = 0, '', '"' || moment(i, 6) || '"'), moment(i, 60),
      if(i % 5 = 0, 0, 54), if(i % 5 = 0, 'NO ANSWER', 'ANSWERED'), 1790000000 + i * 2)
    """
MOMENT = "create macro moment(i, s) as strftime(timestamp '2026-10-01' + to_seconds(i * 2 + s), '%Y-%m-%d %H:%M:%S')"
# what somebody would write who trusts the file
READ_CSV = """
    insert into call by name select
        cast(md5_number_lower(uniqueid) // 2 as bigint) as call_id, cl.client_id,
        if(dcontext = 'from-trunk', src, dst) as client_number,
        if(dcontext = 'from-trunk', 'in', 'out') as direction, "start" as started_at, answer as answered_at,
        "end" as ended_at, billsec as talk_s, if(disposition = 'ANSWERED', 'answered', 'no_answer') as status
    from read_csv('{file}', header = false, types = {{'uniqueid': 'varchar'}}, names = ['accountcode', 'src', 'dst',
        'dcontext', 'clid', 'channel', 'dstchannel', 'lastapp', 'lastdata', 'start', 'answer', 'end', 'duration',
        'billsec', 'disposition', 'amaflags', 'uniqueid', 'userfield'])
    left join client cl on cl.external_id = accountcode
    """


def main() -> None:
    """Print the table; or, with `--child`, be one of its processes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--child", nargs=3, metavar=("WHAT", "WAREHOUSE", "FILE"), help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.child:
        what, address, file = asked.child
        CHILDREN[what](Address.parse(address), Path(file))
        return
    with place(scale=0) as installation, tempfile.TemporaryDirectory(prefix="daybook-bench-") as folder:
        calls = Calls(installation, Path(folder) / "Master.csv", asked.lines)
        spent = in_turn(calls.actions(), asked.rounds, before=calls.empty)
    print(f"{machine('duckdb', 'pyarrow')}; {asked.rounds} rounds.\n")
    print(f"{asked.lines:,} lines of Master.csv, {calls.size / 1e6:.0f} MB, into the lake:\n\n{compared(spent)}\n")
    print("; ".join(f"{what}: at most {mb:,.0f} MB" for what, mb in calls.most.items()))


def write(path: Path, lines: int) -> None:
    """A Master.csv of so many calls."""
    with duckdb.connect() as con:
        con.execute(MOMENT)
        made = con.execute(f"select {LINE} from range({lines:d}) t(i)")
        with path.open("w") as file:
            while rows := made.fetchmany(50_000):
                file.writelines(f"{line}\n" for (line,) in rows)


class Calls:
    """A file of calls, loaded again and again in two ways."""

    def __init__(self, installation: Installation, file: Path, lines: int) -> None:
        self.address = Address.of(installation.workspace, reader=False)
        self.file = file
        self.most: dict[str, float] = {}  # megabytes
        writer.create(self.address)
        write(file, lines)
        self.size = file.stat().st_size

    def empty(self) -> None:
        """Take all rows out of the table."""
        writer.execute(self.address, "delete from call", author="bench", message="emptied")

    def actions(self) -> dict[str, Callable[[], object]]:
        """What is compared."""
        return {what: lambda what=what: self._apart(what) for what in (THEIRS, OURS)}

    def _apart(self, what: str) -> None:
        command = [sys.executable, "-m", "bench.cdr", "--child", what, str(self.address), str(self.file)]
        with subprocess.Popen(command) as process:
            _, status, used = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
        assert process.returncode == 0, what
        self.most[what] = max(self.most.get(what, 0), used.ru_maxrss / 1e3)


def _load(address: Address, file: Path) -> None:
    made = formats.built_in("asterisk")
    with tempfile.TemporaryDirectory(prefix="daybook-bench-") as rejects:
        order = Order("bench", "a million calls", datetime.now(UTC), Path(rejects), skip_bad=True, again=True)
        report = load(address, TABLES["call"], lambda: sources_of(file, made, address), order)
    print(f"    {report.lines:,} = {report.loaded:,} + {report.rejected:,} + {report.blank:,}", file=sys.stderr)


def _read_csv(address: Address, file: Path) -> None:
    with open_lake(address) as con:
        con.execute(READ_CSV.format(file=file))


CHILDREN: dict[str, Callable[[Address, Path], None]] = {OURS: _load, THEIRS: _read_csv}

if __name__ == "__main__":
    main()
