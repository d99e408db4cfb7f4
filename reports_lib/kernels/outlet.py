"""How a kernel's outputs leave it: none is dropped, and nobody waits where there is nothing to send.

Runs inside a kernel of the pool, before its first cell.
"""

import select

import zmq
from ipykernel.iostream import OutStream
from ipykernel.kernelapp import IPKernelApp
from IPython.core.getipython import get_ipython

_flush = OutStream.flush


def open_outlet() -> None:
    """Let outputs wait in the kernel until they are fetched, and cells that print nothing not wait at all."""
    publisher = IPKernelApp.instance().iopub_thread
    # zmq drops them silently from the thousandth on; here they count as the run's memory
    publisher.schedule(lambda: publisher.socket.setsockopt(zmq.SNDHWM, 0))
    OutStream.flush = _flush_if_any
    # half a millisecond a cell for clients that do not wait until the kernel is idle: ours does
    get_ipython().kernel._execute_sleep = 0.0


def _flush_if_any(stream: OutStream) -> None:
    """ipykernel flushes five times a cell, and each time waits for its other thread."""
    if stream._buffers or _has_more(stream):
        _flush(stream)


def _has_more(stream: OutStream) -> bool:
    """Whether a program that the cell started has printed what is yet to be read."""
    pipe = stream._fid
    return pipe is not None and bool(select.select([pipe], [], [], 0)[0])
