"""The process that answers: uvicorn, which waits for no stream when it is to end."""

import socket

import uvicorn

from reports_lib.portal.app import app
from reports_lib.runs.installation import Installation

GRACE = 10  # seconds for answers that are under way when it is to end


class Server(uvicorn.Server):
    """The web of an installation. Streams of events end as soon as it is told to, all else in its own time."""

    def __init__(self, installation: Installation, port: int = 0) -> None:
        web = app(installation)
        self._watcher = web.state.watcher
        super().__init__(
            uvicorn.Config(web, port=port, log_level="warning", access_log=False, timeout_graceful_shutdown=GRACE)
        )

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Answer what was asked, and end."""
        self._watcher.close()
        await super().shutdown(sockets)
