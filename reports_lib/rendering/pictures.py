"""Charts drawn beside the run: the kernel goes on while renderers make pictures of what it has shown.

    kernel     chart without a picture (DAYBOOK_PICTURES=later), next cell, next chart …
    renderers           its picture ………………………………… its picture …

In the end the notebook is the one that a kernel makes which draws for itself.
"""

import json
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Any, Self

from nbformat import NotebookNode

from reports_lib.rendering import media, works
from reports_lib.rendering.press import Press, Time

SIDE_BY_SIDE = 4


class Pictures:
    """The pictures of one run, made by `press` as long as there are `seconds`; in a `with` statement."""

    def __init__(self, press: Press, seconds: Time = None) -> None:
        self._press = press
        self._seconds = seconds
        self._threads = ThreadPoolExecutor(SIDE_BY_SIDE, "pictures")
        self._begun: dict[str, Future[bytes]] = {}

    def begin(self, cell: NotebookNode) -> None:
        """Have the charts drawn that `cell` shows; what it shows later will be seen by `finish`."""
        for _, chart in _undrawn(cell):
            self._drawn(chart)

    def finish(self, notebook: NotebookNode) -> None:
        """Put every picture in its place; raises what drawing raised, and `LimitError` past the time."""
        missing = [found for cell in notebook.cells for found in _undrawn(cell)]
        for data, picture in [(data, self._drawn(chart)) for data, chart in missing]:
            data[media.SVG] = picture.result().decode()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _drawn(self, chart: dict[str, Any]) -> Future[bytes]:
        asked = json.dumps({name: chart[name] for name in ("spec", "title", "description")})
        if asked not in self._begun:
            make = self._press.make
            self._begun[asked] = self._threads.submit(make, works.picture, asked.encode(), {}, self._seconds)
        return self._begun[asked]


def _undrawn(cell: NotebookNode) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """The charts in the outputs of `cell` that have no picture: where it belongs, and what it is of."""
    shown = [output.get("data", {}) for output in cell.get("outputs", ())]
    return [(data, data[media.CHART]) for data in shown if _is_undrawn(data)]


def _is_undrawn(data: dict[str, Any]) -> bool:
    chart = data.get(media.CHART)
    if media.SVG in data or not isinstance(chart, dict) or not isinstance(chart.get("spec"), dict):
        return False
    return isinstance(chart.get("title"), str) and isinstance(chart.get("description"), str)
