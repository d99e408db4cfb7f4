"""How far an account reaches: its company and all below it, remembered for moments between requests."""

import time
from collections.abc import Callable
from threading import Lock

from reports_lib.errors import DatabaseError, WarehouseError
from reports_lib.warehouse.address import Address
from reports_lib.warehouse.companies import below

FRESH = 5  # seconds

_known: dict[tuple[Address, str], tuple[float, frozenset[str]]] = {}
_lock = Lock()


def companies(warehouse: Callable[[], Address], company: str) -> frozenset[str]:
    """The company and all below it. While the warehouse cannot say, as it said last, else the company alone."""
    if not company:
        return frozenset()
    last = frozenset({company})
    try:
        address = warehouse()
        said, last = _known.get((address, company), (0.0, last))
        if said and time.monotonic() - said < FRESH:
            return last
        last = below(address, company)
    except (DatabaseError, WarehouseError):  # sealed reports can be read nevertheless
        return last
    with _lock:
        if len(_known) > 10_000:
            _known.clear()
        _known[address, company] = time.monotonic(), last
    return last
