"""Commands about files of call records."""

import getpass
import signal
import sys
from pathlib import Path
from threading import Event

import click
from sqlalchemy.orm import Session

from reports_lib.cli.listing import listing
from reports_lib.cli.progress import running
from reports_lib.database.schema import CdrFile, CdrState
from reports_lib.errors import DaybookError, ParameterError, SettingError
from reports_lib.runs.installation import Installation
from reports_lib.workspace import Workspace


@click.group()
def cdr() -> None:
    """Load files of call records, and see what became of them."""


@cdr.command()
@click.argument("paths", metavar="FILE…", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--format", "-f", "name", metavar="NAME", help="One of `daybook cdr formats`; else it is found out.")
@click.option("--company", default="", metavar="ID", help="Look for clients in this company and those below it.")
def load(paths: tuple[Path, ...], name: str | None, company: str) -> None:
    """Load each FILE (also .gz and .zip) once and whole; bad lines are kept aside."""
    from reports_lib.cdr.files import Given
    from reports_lib.cdr.guess import guess
    from reports_lib.cdr.work import take_in
    from reports_lib.warehouse.companies import below

    if company and not (company.isascii() and company.isdecimal()):
        raise ParameterError(f"--company {company!r} is not the id of a company")
    installation, code = Installation(Workspace.find()), 0
    if company:
        below(installation.warehouse, company)  # before a file is taken in for nobody
    for path in paths:
        try:
            form = name or guess(installation.workspace, path)
            file_id = take_in(installation, path, Given(form, company, getpass.getuser()))
            _load(installation, file_id)
        except DaybookError as error:  # the others may be sound
            code = code or error.exit_code
            click.secho(f"daybook: {' '.join(str(error).split())}", fg="red", err=True)
    _copied(installation)
    sys.exit(code)


def _load(installation: Installation, file_id: int) -> None:
    """See one file to its end, made by us unless somebody else is at it."""
    from reports_lib.cdr.watch import told
    from reports_lib.cdr.work import load_next

    with running(f"file {file_id}") as progress:
        ended = load_next(installation, [file_id], lambda name, lines: progress(f"{name}: {lines:,} lines", 0, 0))
    if ended is None:
        _wait(installation, file_id)
        return
    if ended.error:
        raise ended.error
    click.echo(told(ended))
    if ended.report and ended.report.rejects_path:
        click.echo(f"rejected lines are in {ended.report.rejects_path}")


def _wait(installation: Installation, file_id: int) -> None:
    """Another process was quicker: wait for what comes of it."""
    from reports_lib.errors import IngestError

    pause = Event()
    while True:
        with Session(installation.database) as session:
            found = session.get(CdrFile, file_id)
            if found and found.state == CdrState.ERROR:
                raise IngestError(found.error or "")
            if found is None or found.state == CdrState.SUCCESS:
                click.echo(_line(found) if found else "")
                return
        pause.wait(0.5)


def _line(file: CdrFile) -> str:
    parts = f"{file.loaded:,} loaded + {file.rejected:,} rejected + {file.blank:,} blank"
    version = f", data version {file.data_version}" if file.data_version else ""
    return f"{file.name}: {file.lines:,} lines = {parts} (file {file.id}{version})"


@cdr.command("list")
@click.option("--state", "states", multiple=True, type=click.Choice([str(s) for s in CdrState]), help="Only in it.")
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, 10_000), metavar="N", help="How many.")
def list_(states: tuple[str, ...], limit: int) -> None:
    """List the newest files, their states and counts."""
    from reports_lib.cdr.files import listed

    with Session(Installation(Workspace.find()).database) as session:
        found = listed(session, states, limit)
        listing(
            ("file", "name", "format", "company", "state", "lines", "loaded", "rejected", "blank", "came", "told"),
            [
                (
                    str(each.id),
                    each.name,
                    each.format,
                    each.company or "-",
                    each.state,
                    *(f"{count:,}" for count in (each.lines, each.loaded, each.rejected, each.blank)),
                    f"{each.uploaded_at:%Y-%m-%d %H:%M}",
                    each.error or each.rejects or "",
                )
                for each in found
            ],
        )


@cdr.command()
@click.option("--once", is_flag=True, help="Load what is there and waits now, and end.")
def watch(once: bool) -> None:
    """Load what comes into DAYBOOK_CDR_FOLDER, and what waits, until Ctrl-C."""
    from reports_lib.cdr.watch import Watcher

    installation, stopped = Installation(Workspace.find()), Event()
    if not once and not installation.workspace.cdr_folder:
        raise SettingError("DAYBOOK_CDR_FOLDER is not set; it names the folder to watch")
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, lambda *_: stopped.set())
    watcher = Watcher(installation, lambda line: click.echo(line, err=True), lambda: _copied(installation))
    if once:
        watcher.once(stopped)
        return
    click.echo(f"watching {installation.workspace.cdr_folder} (Ctrl-C ends it)", err=True)
    watcher.run(stopped)


@cdr.command()
@click.argument("file_id", metavar="FILE", type=click.IntRange(1, 2**63 - 1))
def delete(file_id: int) -> None:
    """Delete FILE, given by its number: what it takes on disk is free, its calls stay."""
    from reports_lib.cdr.work import delete as discard

    installation = Installation(Workspace.find())
    found = discard(installation, file_id)
    _copied(installation)
    click.echo(f"file {file_id}, {found.name}, is deleted; its calls stay")


@cdr.command("formats")
def formats_() -> None:
    """List the formats of files: ours, and those of parameters/cdr/."""
    from reports_lib.cdr import formats

    workspace = Workspace.find()
    found = [formats.find(workspace, name) for name in formats.names(workspace)]
    listing(("format", "what it is", "table"), [(each.name, each.title, each.table.name) for each in found])


def _copied(installation: Installation) -> None:
    """Tell the warehouse what has changed; what it would not hear is told, and tried again by a worker."""
    from reports_lib.cli.chores import copy_now

    if trouble := copy_now(installation):
        click.echo(f"daybook: the list of files is not in the warehouse yet: {trouble}", err=True)
