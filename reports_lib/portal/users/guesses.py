"""Links that were tried and lead nowhere: after too many of them the answer is to wait.

Counted in this process's memory: by the user, and of those who are not signed in by the address. Many
people may come from one, who are all asked to sign in, so there it takes longer. A link that is good is
never counted, and opens however many were not.
"""

import time
from collections import OrderedDict
from threading import Lock

from fastapi import Request

from reports_lib.accounts.door import neighbourhood
from reports_lib.errors import ThrottleError
from reports_lib.portal.language import _
from reports_lib.portal.page import visitor_of

FREE = 30  # of a user in one window
FREE_OF_ADDRESS = 300
WINDOW = 60.0  # seconds
MOST = 10_000  # users and addresses remembered at a time; the one that began first is forgotten first


class Guesses:
    """How often each has tried a link in vain, and since when."""

    def __init__(self) -> None:
        self._tries: OrderedDict[str, tuple[float, int]] = OrderedDict()
        self._lock = Lock()

    def failed(self, request: Request, told: str = "") -> None:
        """Count a try in vain; raises `ThrottleError` if there were too many, with what is to be `told` then."""
        visitor = visitor_of(request)
        address = neighbourhood(request.client.host if request.client else "")
        who = f"user {visitor.name}" if visitor.is_signed_in else address
        now = time.monotonic()
        with self._lock:
            since, tries = self._tries.get(who, (now, 0))
            if now - since >= WINDOW:
                since, tries = now, 0
                self._tries.pop(who, None)  # the order is that of beginnings
            self._tries[who] = since, tries + 1
            if len(self._tries) > MOST:
                self._tries.popitem(last=False)
        if tries >= (FREE if visitor.is_signed_in else FREE_OF_ADDRESS):
            seconds = max(int(since + WINDOW - now + 0.999), 1)
            raise ThrottleError(told or _("Too many links that lead nowhere; wait a minute and try again."), seconds)

    def __len__(self) -> int:
        return len(self._tries)
