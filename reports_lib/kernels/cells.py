"""Running cells in a ready kernel: what nbclient makes of the messages, without its waits.

nbclient decides what becomes of every message, so outputs are exactly its own. Sending, receiving
and waiting are ours: one plain loop over the kernel's sockets, with no event loop and no tasks, that
counts what arrives before it is unpacked and looks five times a second whether it must end.
"""

import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from hmac import compare_digest
from typing import Any, TypeAlias

import zmq
from nbclient.client import timestamp
from nbclient.exceptions import CellExecutionComplete, CellExecutionError, DeadKernelError
from nbformat import NotebookNode, from_dict
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import NotebookExecutionManager
from zmq.utils.monitor import recv_monitor_message

from reports_lib.errors import LimitError
from reports_lib.kernels.guard import Guard
from reports_lib.kernels.kernel import Kernel
from reports_lib.kernels.patience import GRACE, Patience

OnCell = Callable[[int, int], None]
Message: TypeAlias = dict[str, Any]
Socket: TypeAlias = zmq.Socket[bytes]

PARTS = {  # of a message's content that become the output's
    "stream": ("name", "text"),
    "display_data": ("metadata", "data"),
    "execute_result": ("metadata", "data", "execution_count"),
    "error": ("ename", "evalue", "traceback"),
}
LOOK = 200  # milliseconds between looks


class CellClient(PapermillNotebookClient):
    """Runs the cells of a notebook one after another in `kernel`, under the eyes of `guard` if there is one.

    `on_cell` is called with the cell's index and the number of cells before each one.
    """

    def __init__(
        self,
        nb_man: NotebookExecutionManager,
        kernel: Kernel,
        guard: Guard | None = None,
        on_cell: OnCell | None = None,
        **options: Any,  # noqa: ANN401  nbclient's own
    ) -> None:
        super().__init__(nb_man, km=kernel.manager, **options)
        self.kc = kernel.client
        self._kernel = kernel
        self._guard = guard
        self._on_cell = on_cell or (lambda index, count: None)
        self._poller = zmq.Poller()
        self._flowing: tuple[NotebookNode, list[str]] | None = None  # the latest stream, and all of its pieces
        self._outputs: deque[list[bytes]] = deque()
        self._replies: deque[list[bytes]] = deque()
        self._iopub = _plain(kernel.client.iopub_channel.socket)
        self._shell = _plain(kernel.client.shell_channel.socket)

    def execute(self) -> NotebookNode:
        """Run every cell, up to the first that raises.

        Raises `CellTimeoutError`, `DeadKernelError`, and the guard's reason if that ended the kernel.
        """
        self.reset_execution_trackers()
        with self._connected():
            self.papermill_execute_cells()
            self.nb.metadata["language_info"] = self._kernel.about["language_info"]
            self.set_widgets_metadata()
        return self.nb

    def papermill_execute_cells(self) -> None:
        """As Papermill does, up to the first cell that raises; but its reading of the times that it wrote takes longer
        than many a cell.
        """
        for index, cell in enumerate(self.nb.cells):
            begun = time.monotonic()
            try:
                self.nb_man.cell_start(cell, index)
                self.execute_cell(cell, index)
            except CellExecutionError as error:
                self.nb_man.cell_exception(cell, cell_index=index, exception=error)
                break
            finally:
                start = cell.metadata.papermill.pop("start_time")
                self.nb_man.cell_complete(cell, cell_index=index)
                cell.metadata.papermill |= {"start_time": start, "duration": round(time.monotonic() - begun, 6)}

    def execute_cell(self, cell: NotebookNode, cell_index: int) -> NotebookNode:
        """Run one cell; raises `CellExecutionError` if it does."""
        self._on_cell(cell_index, len(self.nb.cells))
        tags = cell.metadata.get("tags", [])
        if cell.cell_type != "code" or not cell.source.strip() or self.skip_cells_with_tag in tags:
            return cell
        cell.metadata["execution"] = {}
        cell.outputs = []
        self.clear_before_next_output = False
        may_raise = "raises-exception" in tags
        request = self.kc.execute(cell.source, store_history=True, stop_on_error=not may_raise)
        self.code_cells_executed += 1
        try:
            reply = self._replied(
                request, lambda message: self.process_message(message, cell, cell_index), self._patience(cell)
            )
        finally:
            self._join()
        cell.metadata["execution"]["shell.execute_reply"] = timestamp(reply)
        if reply["content"]["status"] == "error" and not may_raise:
            raise CellExecutionError.from_cell_and_msg(cell, reply["content"])
        return cell

    def output(
        self, outs: list[NotebookNode], msg: Message, display_id: str | None, cell_index: int
    ) -> NotebookNode | None:
        """As nbclient does, but that plain outputs are checked with the whole notebook and not one by one.

        Pieces of a stream that follow each other become one: where it is cut is a matter of time.
        """
        parts = PARTS.get(msg["msg_type"])
        hook = self.output_hook_stack.get(msg["parent_header"].get("msg_id"))
        if hook or self.clear_before_next_output or not parts:
            return super().output(outs, msg, display_id, cell_index)
        if msg["msg_type"] == "stream" and outs and outs[-1].get("name") == msg["content"]["name"]:
            if not self._flowing or self._flowing[0] is not outs[-1]:
                self._join()
                self._flowing = outs[-1], [outs[-1].text]
            self._flowing[1].append(msg["content"]["text"])
            return outs[-1]
        if display_id:
            self._display_id_map.setdefault(display_id, {}).setdefault(cell_index, []).append(len(outs))
        found = {name: msg["content"][name] for name in parts}
        outs.append(from_dict({"output_type": msg["msg_type"], **found}))
        return outs[-1]

    def _join(self) -> None:
        if self._flowing:
            output, pieces = self._flowing
            output.text = "".join(pieces)
            self._flowing = None

    def _patience(self, cell: NotebookNode) -> Patience:
        seconds = self._get_timeout(cell)
        return Patience(time.monotonic() + seconds if seconds else float("inf"), self._kernel)

    def _replied(self, request: str, process: Callable[[Message], object], patience: Patience) -> Message:
        """The reply to `request`, once every message that it causes has been processed."""
        reply: Message | None = None
        is_idle = False
        look = time.monotonic() + LOOK / 1000
        while not (is_idle and reply):
            is_quiet = not self._receive()
            if self._outputs and (message := self._opened(self._outputs.popleft(), request)):
                with suppress(CellExecutionComplete):
                    process(message)
                is_idle = is_idle or _tells_idle(message)
            if self._replies and (message := self._opened(self._replies.popleft(), request)):
                reply = message
            if reply and not is_quiet:
                patience.wait_for_outputs()
            if is_quiet or time.monotonic() > look:
                look = time.monotonic() + LOOK / 1000
                self._look(is_quiet=is_quiet)
                patience.check()
        patience.ended()
        return reply

    def _receive(self) -> bool:
        """Take in all that has arrived, before the kernel has to drop what finds no room; whether there is anything.

        Sizes count here, before anything is unpacked.
        """
        if not self._outputs and not self._replies:
            self._poller.poll(LOOK)
        for socket, found in ((self._iopub, self._outputs), (self._shell, self._replies)):
            with suppress(zmq.Again):
                while True:
                    found.append(socket.recv_multipart(zmq.NOBLOCK))
                    if self._guard:
                        self._guard.shown(sum(map(len, found[-1])))
        return bool(self._outputs or self._replies)

    def _opened(self, frames: list[bytes], request: str) -> Message | None:
        """The message if it answers `request`; raises `ValueError` if it is not the kernel's.

        Jupyter's own way of unpacking it reads its times for longer than all the rest takes.
        """
        session = self.kc.session
        _, (signature, *parts) = session.feed_identities(frames)
        if not compare_digest(signature, session.sign(parts[:4])):
            raise ValueError("a message that the kernel did not sign")
        header, parent, metadata, content = map(session.unpack, parts[:4])
        if parent.get("msg_id") != request:
            return None
        header["date"] = datetime.fromisoformat(header["date"])
        message = {"header": header, "parent_header": parent, "metadata": metadata, "content": content}
        return message | {"msg_id": header["msg_id"], "msg_type": header["msg_type"], "buffers": parts[4:]}

    def _look(self, *, is_quiet: bool) -> None:
        """Raise what ends the run, if anything does."""
        if self._guard:
            self._guard.check()
        if is_quiet and not self._kernel.alive:  # and nothing of it is left to be read
            raise DeadKernelError("Kernel died")
        if self._events.poll(0):
            self._disconnected()

    def _disconnected(self) -> None:
        """The kernel has died, or it sent a message larger than the socket takes."""
        recv_monitor_message(self._events)
        deadline = time.monotonic() + GRACE
        while self._kernel.alive:
            if time.monotonic() > deadline:
                if self._guard:
                    self._guard.overflow()
                raise LimitError("an output was larger than the engine takes")
            time.sleep(0.01)

    @contextmanager
    def _connected(self) -> Iterator[None]:
        """Listen to the kernel's sockets, and to what happens to the one that brings its outputs."""
        for socket in (self._iopub, self._shell):
            self._poller.register(socket, zmq.POLLIN)
        monitored = self.kc.iopub_channel.socket
        events = monitored.get_monitor_socket(zmq.EVENT_DISCONNECTED)
        self._events = _plain(events)
        try:
            yield
        finally:
            monitored.disable_monitor()
            events.close()


def _plain(socket: Any) -> Socket:  # noqa: ANN401  a zmq.asyncio.Socket
    """The same socket, with no event loop to it."""
    found: Socket = zmq.Socket.shadow(socket.underlying)
    return found


def _tells_idle(message: Message) -> bool:
    return bool(message["msg_type"] == "status" and message["content"]["execution_state"] == "idle")
