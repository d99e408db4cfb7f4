"""A storm: many runs over two workers and two clocks while something is killed every other second.

0 lost, 0 published twice, 0 mails twice, every link shows a whole snapshot, and what a dead worker
held is taken over (F1, F2, F3, F6, F7)
"""

import email
import email.policy
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import psutil
from sqlalchemy import select
from sqlalchemy.orm import Session

from reports_lib.database.schema import Link, Mail, MailState, Run, Snapshot, State, Tick
from reports_lib.errors import DatabaseError
from reports_lib.rendering.formats import Format
from reports_lib.runs.queue import submit
from reports_lib.runs.request import Request
from reports_lib.snapshots.manifest import Author
from reports_lib.snapshots.verify import verify
from tests.chaos.place import CLIENTS, FAMILY, Place
from tests.portal.people import signed_in

ROOT = Path(__file__).parents[2]
WORK = (str(Path(sys.executable).parent / "daybook"), "work")
CLOCK = (sys.executable, str(ROOT / "scheduler.py"))
OPEN = (State.QUEUED, State.GENERATING)


@dataclass
class Service:
    """A process that somebody sees to: killed, it comes back."""

    command: tuple[str, ...]
    place: Place
    log: Path
    process: subprocess.Popen[bytes] | None = None
    begun: int = 0  # where in the log its present life begins

    def see_to(self) -> None:
        """Start it if it does not run."""
        if self.process is None or self.process.poll() is not None:
            with self.log.open("ab") as log:
                self.begun = log.tell()
                self.process = subprocess.Popen(
                    self.command, env=os.environ | dict(self.place.environment), stdout=log, stderr=log, cwd=ROOT
                )

    def is_ready(self) -> bool:
        """Whether it runs and has said that it takes runs."""
        is_alive = self.process is not None and self.process.poll() is None
        return is_alive and b" ready " in self.log.read_bytes()[self.begun :]

    def kill(self) -> None:
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def end(self) -> None:
        """In order, as a service manager would."""
        if self.process and self.process.poll() is None:
            self.process.terminate()
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(30)
        self.kill()


@dataclass
class Storm:
    """`runs` runs, at least `kills` kills, with dice that can be thrown again."""

    place: Place
    runs: int = 40
    kills: int = 20
    seed: int = 0
    wait: int = 1500  # milliseconds that a run takes at least
    pace: tuple[float, float] = (0.6, 2.4)  # seconds between kills
    patience: float = 300.0
    done: Counter[str] = field(default_factory=Counter)  # what was killed, how often
    orphaned: dict[tuple[int, int], float] = field(default_factory=dict)  # (run, attempt): seconds without a maker
    takeovers: list[float] = field(default_factory=list)
    restarts: int = 0  # of the database

    def __post_init__(self) -> None:
        logs = self.place.workspace.root
        self.dice = random.Random(self.seed)
        self.workers = [Service(WORK, self.place, logs / f"worker-{n}.log") for n in (1, 2)]
        self.clocks = [Service(CLOCK, self.place, logs / f"clock-{n}.log") for n in (1, 2)]
        self.asked: dict[int, int] = {}  # run: number
        self._watched = time.monotonic()

    def rage(self) -> None:
        """All of it, until every run has ended."""
        deadline = time.monotonic() + self.patience
        next_kill = time.monotonic() + 6.0
        restart_at = self.kills // 2
        try:
            while True:
                for service in (*self.workers, *self.clocks):
                    service.see_to()
                standing = self.standing()
                self.ask(standing)
                self.watch(standing)
                has_killed = self.done.total() >= self.kills
                if has_killed and self.is_over(standing):
                    break
                if time.monotonic() > deadline:
                    states = Counter(state for state, _ in standing.values())
                    raise TimeoutError(f"not done after {self.patience} s: {states}\n{self.last_words()}")
                if not has_killed and time.monotonic() > next_kill:
                    self.strike()
                    next_kill = time.monotonic() + self.dice.uniform(*self.pace)
                    if self.done.total() >= restart_at and not self.restarts:
                        self.place.restart_database()
                        self.restarts += 1
                time.sleep(0.1)
            self.settle(deadline)
        finally:
            for service in (*self.clocks, *self.workers):
                service.end()

    def standing(self) -> dict[int, tuple[str, int]]:
        """State and attempt of every run; as it was, while the database is away."""
        try:
            with Session(self.place.installation.database) as session:
                found = session.execute(select(Run.id, Run.state, Run.attempt)).all()
        except DatabaseError:
            return getattr(self, "_standing", {})
        self._standing = {row.id: (row.state, row.attempt) for row in found}
        return self._standing

    def is_over(self, standing: dict[int, tuple[str, int]]) -> bool:
        """Whether all has been asked for, and nothing is to be done any more."""
        is_asked = len(self.asked) == self.runs and self.asked.keys() <= standing.keys()
        return is_asked and not any(state in OPEN for state, _ in standing.values())

    def ask(self, standing: dict[int, tuple[str, int]]) -> None:
        """Keep some runs open, until all have been asked for; each is asked for twice."""
        is_open = sum(state in OPEN for state, _ in standing.values())
        with suppress(DatabaseError):
            while is_open < 8 and len(self.asked) < self.runs:
                number = len(self.asked) + 1
                request = Request(
                    family=FAMILY,
                    given={"number": str(number), "wait": str(self.dice.randint(self.wait // 2, self.wait * 2))},
                    as_of=datetime.now(UTC),
                    author=Author("analyst", "storm"),
                    formats=(Format.HTML, Format.CSV),
                    recipients=(f"one{number}@example.com", f"two{number}@example.com"),
                    run_key=f"storm-{number}",
                )
                for _ in range(2):
                    with Session(self.place.installation.database) as session, session.begin():
                        self.asked[submit(session, request).id] = number
                is_open += 1

    def strike(self) -> None:
        """Kill something: a worker with all that it holds, a part of one, or a clock."""
        what = self.dice.choices(("worker", "kernel", "keeper", "zygote", "renderer", "clock"), (5, 6, 1, 1, 1, 2))[0]
        if what == "clock":
            self.dice.choice(self.clocks).kill()
            self.done["clock"] += 1
            return
        worker = self.dice.choice(self.workers)
        if what == "worker":
            self.remember(worker)
            worker.kill()
            self.done["worker"] += 1
            return
        if parts := self.parts()[what]:
            with suppress(psutil.Error):
                self.dice.choice(parts).send_signal(signal.SIGKILL)
                self.done[what] += 1

    def parts(self) -> dict[str, list[psutil.Process]]:
        """What the workers have started, by what it is."""
        ours = str(self.place.workspace.root)
        found: dict[str, list[psutil.Process]] = {"zygote": [], "keeper": [], "kernel": [], "renderer": []}
        lines = {p: " ".join(p.info["cmdline"] or []) for p in psutil.process_iter(["cmdline", "ppid"])}
        forked = {p.pid: p for p, line in lines.items() if "kernels.zygote" in line and ours in line}
        for one in forked.values():
            parent = forked.get(one.info["ppid"])
            what = "zygote" if parent is None else "kernel" if parent.info["ppid"] in forked else "keeper"
            found[what].append(one)
        workers = {w.process.pid for w in self.workers if w.process}
        found["renderer"] = [p for p, line in lines.items() if "rendering" in line and p.info["ppid"] in workers]
        return found

    def remember(self, worker: Service) -> None:
        """Which runs the worker takes with it."""
        with suppress(DatabaseError), Session(self.place.installation.database) as session:
            for row in session.scalars(select(Run).where(Run.state == State.GENERATING)):
                if f"/{worker.process.pid}/" in f"/{row.worker}/":
                    self.orphaned[row.id, row.attempt] = 0.0

    def watch(self, standing: dict[int, tuple[str, int]]) -> None:
        """How long somebody who could take what a killed worker held has left it lying."""
        now, before = time.monotonic(), self._watched
        self._watched = now
        is_there = self.is_manned()
        for (run, attempt), seconds in list(self.orphaned.items()):
            state, latest = standing[run]
            if latest > attempt or state not in OPEN:
                self.takeovers.append(seconds)
                del self.orphaned[run, attempt]
            elif is_there:
                self.orphaned[run, attempt] = seconds + now - before

    def is_manned(self) -> bool:
        """Whether a worker is up that takes runs, and the database too."""
        try:
            with self.place.installation.database.connect():
                return any(worker.is_ready() for worker in self.workers)
        except DatabaseError:
            return False

    def settle(self, deadline: float) -> None:
        """Until the last mail is out."""
        while time.monotonic() < deadline:
            with Session(self.place.installation.database) as session:
                if not session.scalars(select(Mail.id).where(Mail.state == MailState.WAITING)).all():
                    return
            time.sleep(0.2)

    def last_words(self) -> str:
        """The ends of all logs."""
        logs = sorted(self.place.workspace.root.glob("*.log"))
        return "\n".join(f"{log.name}:\n{log.read_text(errors='replace')[-1500:]}" for log in logs)

    def findings(self) -> list[str]:
        """Every broken promise, in words."""
        with Session(self.place.installation.database) as session:
            runs = list(session.scalars(select(Run)))
            snapshots = {s.id for s in session.scalars(select(Snapshot))}
            links = list(session.scalars(select(Link)))
            mails = list(session.scalars(select(Mail)))
            ticks = list(session.scalars(select(Tick)))
        wrong = [f"run {r.id} is {r.state}: {r.error}" for r in runs if r.state != State.GENERATED]
        wrong += [f"run {i} of number {n} is lost" for i, n in self.asked.items() if i not in {r.id for r in runs}]
        if len(self.asked) != self.runs or len(set(self.asked.values())) != self.runs:
            wrong.append(f"{len(self.asked)} runs of {self.runs} numbers")
        made = Counter(r.snapshot_id for r in runs)
        wrong += [f"snapshot {i} of {made[i]} runs" for i in snapshots if made[i] != 1]
        shown = Counter(link.snapshot_id for link in links)
        wrong += [f"snapshot {i} has {shown[i]} links" for i in snapshots if shown[i] != 1]
        wrong += [str(f) for f in verify(self.place.installation.store, known=snapshots) if f.is_damage]
        wrong += [f"run {key} was never taken over" for key in self.orphaned]
        return wrong + self._links(links, runs) + self._mails(mails, runs) + self._ticks(ticks, runs)

    def _links(self, links: list[Link], runs: list[Run]) -> list[str]:
        wrong = []
        asked = {r.snapshot_id: int(r.asked.get("number", 0)) for r in runs}
        with signed_in(self.place.installation) as client:
            for link in links:
                page = client.get(f"/view?id={link.token}")
                table = client.get(f"/view?id={link.token}&as=csv")
                number = asked[link.snapshot_id]
                if page.status_code != 200 or f"{number},{number**2},{CLIENTS}" not in table.text:
                    wrong.append(f"link to number {number}: {page.status_code}, {table.status_code} {table.text!r}")
        return wrong

    def _mails(self, mails: list[Mail], runs: list[Run]) -> list[str]:
        wrong = [f"mail to {m.recipient} is {m.state}: {m.error}" for m in mails if m.state != MailState.SENT]
        sent: Counter[tuple[str, str]] = Counter()
        for path in self.place.workspace.outbox.glob("*.eml"):
            message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
            sent[str(message["To"]), str(message["Message-ID"])] += 1
        due = Counter((m.recipient, f"<{m.message_id}>") for m in mails)
        if sent != due:
            wrong.append(f"mails: {sum(sent.values())} sent, {sum(due.values())} due, {sent - due}, {due - sent}")
        if len(mails) != sum(len(r.recipients) for r in runs):
            wrong.append(f"{len(mails)} mails for {sum(len(r.recipients) for r in runs)} recipients")
        return wrong

    def _ticks(self, ticks: list[Tick], runs: list[Run]) -> list[str]:
        """Each minute of the storm has one run."""
        minutes = sorted(t.at for t in ticks)
        gaps = [b for a, b in pairwise(minutes) if (b - a).total_seconds() != 60]
        of_clock = [r for r in runs if r.entry]
        if gaps or len(of_clock) != len(minutes):
            return [f"{len(minutes)} ticks, {len(of_clock)} runs of the clock, gaps before {gaps}"]
        return []
