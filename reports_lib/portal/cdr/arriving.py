"""A file that is sent over the web: kept aside as it comes, taken in once it is whole."""

import tempfile
from pathlib import Path

import anyio
from anyio import from_thread
from fastapi import Request

from reports_lib.cdr.files import Given
from reports_lib.cdr.guess import guess
from reports_lib.cdr.work import take_in
from reports_lib.errors import ParameterError
from reports_lib.runs.installation import Installation

MOST = 256 * 1024 * 1024  # bytes; larger ones are for the drop folder


def receive(request: Request, installation: Installation, name: str, given: Given) -> int:
    """Take in the body of a request as a file of that name, to be loaded by whoever loads files; returns its id.

    By the rules of the drop folder: the same content is refused the second time. With no format it is found out.
    Raises `ParameterError` if it is too large, `IngestError`, `UnknownNameError`. For functions that are not
    coroutines.
    """
    with tempfile.TemporaryDirectory(dir=installation.workspace.outputs) as folder:
        path = Path(folder) / "sent"  # no name that somebody sends is one of ours
        from_thread.run(_write, request, path)
        form = given.format or guess(installation.workspace, path, name)
        return take_in(installation, path, Given(form, given.company, given.by), name)


async def _write(request: Request, path: Path) -> None:
    """The body as it comes; the loop that serves everybody waits for no disk."""
    size = 0
    async with await anyio.open_file(path, "wb") as file:
        async for part in request.stream():
            size += len(part)
            if size > MOST:
                raise ParameterError(f"a file of more than {MOST:,} bytes is for the drop folder or `daybook cdr load`")
            await file.write(part)
