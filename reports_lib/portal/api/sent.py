"""What a program sends, looked at before anything is made of it: how much, in which form, with which letters."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import Request

from reports_lib.errors import ParameterError
from reports_lib.portal.language import _

LARGEST = 1_000_000  # bytes
DEEPEST = 12  # lists and objects in each other


async def read(request: Request) -> Request:
    """The request with its body read, which is JSON of ordinary letters, or nothing; raises `ParameterError`."""
    raw = bytearray()
    async for part in request.stream():
        raw += part
        if len(raw) > LARGEST:
            raise ParameterError(_("The body is larger than {count} bytes.").format(count=LARGEST))
    if raw:
        _check(request.headers.get("content-type", ""), bytes(raw))
    return Request(request.scope, _again(bytes(raw), request.receive))


def _check(mime: str, raw: bytes) -> None:
    if mime.partition(";")[0].strip().lower() != "application/json":
        raise ParameterError(_("Send JSON, with the header Content-Type: application/json."))
    try:
        found = json.loads(raw.decode("utf-8"), parse_constant=_refused, object_pairs_hook=_object)
    except (ValueError, RecursionError):
        raise ParameterError(_("The body is not JSON in UTF-8 that can be read.")) from None
    _check_each(found)


def _check_each(found: object, depth: int = 0) -> None:
    """Raise `ParameterError` for what is too deep, or a text that no database takes."""
    if depth > DEEPEST:
        raise ParameterError(_("The body has lists in lists deeper than anything here takes."))
    if isinstance(found, str):
        if "\0" in found or any("\ud800" <= letter <= "\udfff" for letter in found):
            raise ParameterError(_("A text in the body holds a zero byte or half a letter."))
        return
    if isinstance(found, dict):
        found = [*found, *found.values()]
    for each in found if isinstance(found, list) else ():
        _check_each(each, depth + 1)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object whose names are each there once: which of two would count nobody could say."""
    made = dict(pairs)
    if len(made) < len(pairs):
        raise ValueError
    return made


def _refused(constant: str) -> None:
    raise ValueError(constant)


def _again(raw: bytes, receive: Callable[[], Awaitable[Any]]) -> Callable[[], Awaitable[Any]]:
    """The body once more, then whatever comes after it."""
    parts = [{"type": "http.request", "body": raw, "more_body": False}]

    async def next_part() -> Any:  # noqa: ANN401  a message of ASGI
        return parts.pop() if parts else await receive()

    return next_part
