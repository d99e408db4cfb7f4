"""The process that answers: uvicorn, which waits for no stream when it is to end."""

import socket

import uvicorn
from fastapi.concurrency import run_in_threadpool

from reports_lib.portal.app import app
from reports_lib.runs.installation import Installation

GRACE = 10  # seconds for answers that are under way when it is to end


class Server(uvicorn.Server):
    """The web of an installation. Streams of events end as soon as it is told to, all else in its own time."""

    def __init__(self, installation: Installation, port: int = 0) -> None:
        web = app(installation)
        self._watcher = web.state.watcher
        self._keeper = web.state.keeper
        self._printer = web.state.printer
        super().__init__(
            uvicorn.Config(
                web,
                port=port,
                loop="uvloop",
                http="httptools",
                log_level="warning",
                access_log=False,  # addresses hold the tokens of links
                server_header=False,
                timeout_graceful_shutdown=GRACE,
            )
        )

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to answer."""
        await super().startup(sockets)
        self._keeper.start()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Answer what was asked, and end."""
        self._watcher.close()
        await super().shutdown(sockets)
        await run_in_threadpool(self._keeper.close)
        await run_in_threadpool(self._printer.close)
