"""The fields of a form that a browser sends."""

from urllib.parse import parse_qsl

from anyio import from_thread
from fastapi import Request
from starlette.datastructures import FormData

from reports_lib.errors import ParameterError
from reports_lib.portal.language import _

LARGEST = 1_000_000  # bytes
MOST = 5_000  # fields


def posted(request: Request) -> FormData:
    """The fields as they were sent, empty ones too; for functions that are not coroutines.

    Raises `ParameterError` if it is more than a form of ours can be.
    """
    return from_thread.run(_read, request)


def kept(request: Request) -> FormData:
    """The fields as they can be kept: no browser sends a zero byte, and no database takes one."""
    fields = posted(request).multi_items()
    return FormData([(name, str(value).replace("\0", "\ufffd")) for name, value in fields])


async def _read(request: Request) -> FormData:
    raw = bytearray()
    async for part in request.stream():
        raw += part
        if len(raw) > LARGEST:
            raise ParameterError(_("That is too much to send in one form."))
    try:
        fields = parse_qsl(raw.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=MOST)
        return FormData([(name, value) for name, value in fields])
    except ValueError:
        raise ParameterError(_("That is too much to send in one form.")) from None
