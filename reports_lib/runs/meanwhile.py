# type: ignore
"""What is not there yet. Goes with the last of it."""

import inspect
from dataclasses import fields

from reports_lib.runs import render
from reports_lib.runs.execute import Sandbox

try:
    from reports_lib.kernels.guard import Guard
    from reports_lib.kernels.limits import Limits
except ImportError:
    import time

    class Limits:
        @classmethod
        def of(cls, workspace):
            made = cls()
            made.run_seconds = workspace.run_timeout
            return made

    class Guard:
        def __init__(self, limits):
            self._deadline = time.monotonic() + limits.run_seconds
            self._why = None

        def end(self, why):
            self._why = self._why or why

        def check(self):
            if self._why:
                raise self._why

        @property
        def remaining(self):
            return self._deadline - time.monotonic()


try:
    from reports_lib.rendering.press import Press
except ImportError:
    Press = None


def sandbox_of(*given, **more):
    known = {f.name for f in fields(Sandbox)}
    return Sandbox(*given, **{k: v for k, v in more.items() if k in known})


def contents(*given, **more):
    known = inspect.signature(render.contents).parameters
    return render.contents(*given, **{k: v for k, v in more.items() if k in known})
