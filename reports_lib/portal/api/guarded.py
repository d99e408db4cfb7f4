"""An address of the API behind the gate: who asks is looked at before anything that he sent."""

from collections.abc import Callable, Coroutine, Iterable
from typing import Any

from fastapi import Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.routing import APIRoute
from pydantic import BaseModel

from reports_lib.portal import gate, language
from reports_lib.portal.api import sent
from reports_lib.portal.api.call import Call
from reports_lib.portal.api.faults import refuse
from reports_lib.portal.language import _
from reports_lib.portal.route import Route

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


def guarded(call: Call) -> type[APIRoute]:
    """The class of the route of this call."""
    route = Route(call.path, call.function, call.right, (call.method,))

    class Guarded(APIRoute):
        def get_route_handler(self) -> Handler:
            answer = super().get_route_handler()
            known = {name for field in self.dependant.query_params for name in _names(field)}

            async def handle(request: Request) -> Response:
                await run_in_threadpool(gate.check, request, route)
                language.use(gate.language_of(request))  # what a thread sets stays in its own context
                names = [name[:60] for name in request.query_params if name not in known]
                refuse({name: _("there is no such field") for name in names})
                return await answer(await sent.read(request))

            return handle

    return Guarded


def _names(field: Any) -> Iterable[str]:  # noqa: ANN401  FastAPI gives its class no public name
    """What a parameter of a function is called in the address; each of its fields, if it is a model."""
    kind = field.field_info.annotation
    return kind.model_fields if isinstance(kind, type) and issubclass(kind, BaseModel) else [field.alias]
