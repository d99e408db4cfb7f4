"""Procrastinate as a worker's alarm clock: it hears of a job at once, and never tires of a database that is away."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from typing import Any, LiteralString, TypeVar

import psycopg
from procrastinate import App, PsycopgConnector
from procrastinate.connector import Notify
from procrastinate.exceptions import ConnectorException
from procrastinate.worker import Worker

from reports_lib.runs.queue import TASK

LOOK = 2.0  # seconds after which it looks for jobs without having been told of one
CONNECT = 4.0  # seconds to wait for a connection
LONGEST_WAIT = 1.0  # seconds between two tries to reach a database that is away

T = TypeVar("T")


class Waker:
    """Calls `make` with a run's number, at most `concurrency` at a time, for each job that comes.

    `make` answers when the run is done. `run` ends after `stop`, once what was begun has ended; with
    `once` when there is no more job.
    """

    def __init__(
        self, url: str, make: Callable[[int], Coroutine[Any, Any, None]], concurrency: int, beat: float
    ) -> None:
        self._connector = _Connector(conninfo=url, min_size=1, max_size=2, timeout=CONNECT)
        self._app = App(connector=self._connector)
        self._app.task(name=TASK)(make)
        self._concurrency = concurrency
        self._beat = beat
        self._worker: Worker | None = None
        self._is_ending = False
        self._loop: asyncio.AbstractEventLoop | None = None

    async def run(self, once: bool = False) -> None:
        """Wait for jobs."""
        self._loop = asyncio.get_running_loop()
        async with self._app.open_async():
            while not self._is_ending:
                self._worker = self._made(once)
                try:
                    await self._worker.run()
                except ConnectorException:
                    await asyncio.sleep(LONGEST_WAIT)  # such as a row of ours that somebody removed for dead
                else:
                    break

    def stop(self) -> None:
        """Take no more jobs. From any thread."""
        self._is_ending = self._connector.is_ending = True
        if self._loop and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(lambda: self._worker and self._worker.stop())

    def _made(self, once: bool) -> Worker:
        return Worker(
            self._app,
            concurrency=self._concurrency,
            wait=not once,
            listen_notify=not once,
            fetch_job_polling_interval=LOOK,
            delete_jobs="always",
            install_signal_handlers=False,
            update_heartbeat_interval=self._beat,
        )


class _Connector(PsycopgConnector):
    """Asks again for as long as the database is away."""

    is_ending = False

    async def execute_query_async(self, query: LiteralString, **arguments: Any) -> None:  # noqa: ANN401
        await self._patiently(lambda: super(_Connector, self).execute_query_async(query, **arguments))

    async def execute_query_one_async(self, query: LiteralString, **arguments: Any) -> dict[str, Any]:  # noqa: ANN401
        return await self._patiently(lambda: super(_Connector, self).execute_query_one_async(query, **arguments))

    async def execute_query_all_async(
        self,
        query: LiteralString,
        **arguments: Any,  # noqa: ANN401
    ) -> list[dict[str, Any]]:
        return await self._patiently(lambda: super(_Connector, self).execute_query_all_async(query, **arguments))

    async def listen_notify(self, on_notification: Notify, channels: Iterable[str]) -> None:
        await self._patiently(lambda: super(_Connector, self).listen_notify(on_notification, channels))

    async def _patiently(self, ask: Callable[[], Awaitable[T]]) -> T:
        wait = 0.05
        while True:
            try:
                return await ask()
            except ConnectorException as error:
                if self.is_ending or not isinstance(error.__cause__, psycopg.OperationalError):
                    raise
            await asyncio.sleep(wait)
            wait = min(wait * 2, LONGEST_WAIT)
