"""What a coupon can be for: media and plans of the warehouse, looked for by title or number.

A field says one as `Night of the Hunter (17)`: people read the title, and the number tells which it is.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

import ibis.expr.types as ir
from fastapi import Request
from fastapi.responses import JSONResponse

from reports_lib.accounts.role import Right
from reports_lib.errors import ParameterError, UnknownNameError
from reports_lib.portal.coupons.common import reading
from reports_lib.portal.language import _
from reports_lib.portal.reports.address import plain_of
from reports_lib.portal.route import Route
from reports_lib.warehouse.connection import Warehouse
from reports_lib.warehouse.statement import Tables, slot

MOST = 20  # of one answer
LONGEST = 200  # letters of a search
KINDS = ("vod", "plan")
_NUMBERED = re.compile(r"(?:.*\()?([0-9]{1,18})\)?", re.DOTALL)


@dataclass(frozen=True)
class Offer:
    """Something that a coupon can be for."""

    id: int
    name: str

    def __str__(self) -> str:
        return f"{self.name} ({self.id})"


def offered(request: Request, kind: str, q: str = "") -> JSONResponse:
    """`GET /coupons/offered/{kind}`: media or plans whose title or number holds what is typed."""
    if kind not in KINDS:
        raise UnknownNameError.of("kind of coupon", kind[:40], KINDS)
    with reading(request) as warehouse:
        found = _search(warehouse, kind, plain_of(q)[:LONGEST])
    return JSONResponse({"options": [str(each) for each in found]})


def chosen(request: Request, kind: str, text: str) -> int:
    """The number of what a field says: by its number, or by a title that no other has. Raises `ParameterError`."""
    typed = plain_of(text)[:LONGEST]
    numbered = _NUMBERED.fullmatch(typed)
    with reading(request) as warehouse:
        if numbered and warehouse.ask(_of_ids, kind, {"ids": numbered[1]}):
            return int(numbered[1])
        same = [each for each in _search(warehouse, kind, typed) if each.name.casefold() == typed.casefold()]
    if len(same) == 1:
        return same[0].id
    said = _("Several are called “{text}”; pick one.") if same else _("There is no “{text}”; pick one of the list.")
    raise ParameterError(said.format(text=typed[:80]))


def called(warehouse: Warehouse, table: str, ids: Iterable[int]) -> dict[int, str]:
    """What these are called, by number, of `content` or `package`; what is gone from there is not among them."""
    wanted = ",".join(map(str, sorted(set(ids))))
    return {row["id"]: row["name"] for row in warehouse.ask(_of_ids, table, {"ids": wanted})} if wanted else {}


def _search(warehouse: Warehouse, kind: str, words: str) -> list[Offer]:
    return [Offer(row["id"], row["name"]) for row in warehouse.ask(_like, kind, {"words": words})]


def _all(tables: Tables, kind: str) -> ir.Table:
    """All of a kind that can be sold now, or of a table."""
    if kind in ("plan", "package"):
        package = tables("package")
        found = package.filter(package.status == "active") if kind == "plan" else package
        return found.select(id=found.package_id, name=found.name)
    content = tables("content")
    found = content if kind == "content" else content.filter(content.kind == kind)
    return found.select(id=found.content_id, name=found.title)


def _like(tables: Tables, kind: str) -> ir.Table:
    """The first by title; those that begin with the words stand before those that only hold them."""
    found = _all(tables, kind)
    words, name = slot("words").lower(), found.name.lower()
    is_like = name.contains(words) | (found.id.cast("string") == slot("words"))
    is_within = name.startswith(words).ifelse(0, 1)
    return found.filter(is_like).order_by([is_within, name, found.id]).limit(MOST)


def _of_ids(tables: Tables, kind: str) -> ir.Table:
    wanted = slot("ids").split(",").unnest().name("wanted").as_table()
    found = _all(tables, kind)
    return found.semi_join(wanted, found.id == wanted.wanted.cast("int64"))


ROUTES = (Route("/coupons/offered/{kind}", offered, Right.OPERATE),)
