"""Links that were tried and lead nowhere: after too many of them the answer is to wait.

Counted in this process's memory, by the address of whoever asks; a link that is good is never
counted, and opens however many were not.
"""

import time
from collections import OrderedDict
from threading import Lock

from fastapi import Request

from reports_lib.accounts.door import neighbourhood
from reports_lib.errors import ThrottleError
from reports_lib.portal.language import _

FREE = 30  # in one window
WINDOW = 60.0  # seconds
ADDRESSES = 10_000  # remembered at a time; the one that began first is forgotten first


class Guesses:
    """How often each address has tried a link in vain, and since when."""

    def __init__(self) -> None:
        self._tries: OrderedDict[str, tuple[float, int]] = OrderedDict()
        self._lock = Lock()

    def failed(self, request: Request) -> None:
        """Count a try in vain; raises `ThrottleError` if there were too many."""
        address = neighbourhood(request.client.host if request.client else "")
        now = time.monotonic()
        with self._lock:
            since, tries = self._tries.get(address, (now, 0))
            if now - since >= WINDOW:
                since, tries = now, 0
                self._tries.pop(address, None)  # the order is that of beginnings
            self._tries[address] = since, tries + 1
            if len(self._tries) > ADDRESSES:
                self._tries.popitem(last=False)
        if tries >= FREE:
            seconds = max(int(since + WINDOW - now + 0.999), 1)
            raise ThrottleError(_("Too many links that lead nowhere; wait a minute and try again."), seconds)

    def __len__(self) -> int:
        return len(self._tries)
