"""The kernel provisioner `daybook`: where Jupyter would start a process, a zygote forks one.

The kernelspec "Daybook" names it, so JupyterLab's picker and `papermill -k daybook` use it too.
Where kernels cannot be forked it starts plain ones.
"""

import asyncio
import os
from pathlib import Path
from typing import Any

from jupyter_client.provisioning import LocalProvisioner
from traitlets import Any as AnyTrait
from traitlets import Bool

from reports_lib.kernels.keeper import Order
from reports_lib.kernels.processes import can_fork

LAUNCHER = "ipykernel_launcher"
STREAMS = ((1, "stdout"), (2, "stderr"))


class DaybookProvisioner(LocalProvisioner):
    """Forks kernels from `zygote`, or from the one that this user's processes share."""

    zygote = AnyTrait(None, allow_none=True, help="The Zygote to ask; None is the shared one.")
    fork = Bool(True, help="False starts plain processes.").tag(config=True)
    folder = AnyTrait(None, allow_none=True, help="The kernel's own folder, removed when it has ended.")

    @property
    def forked(self) -> Any:  # noqa: ANN401  a Forked, which does not exist on every system
        """The forked kernel; None for a plain one, and before the launch."""
        return self.process if hasattr(self.process, "keeper") else None

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> dict[str, Any]:  # noqa: ANN401  Jupyter's
        """Start the kernel; a program other than ipykernel is started as it is."""
        if not (self.fork and can_fork() and LAUNCHER in cmd):
            info: dict[str, Any] = await super().launch_kernel(cmd, **kwargs)
            return info
        self.process = await asyncio.to_thread(self._forked, cmd[cmd.index(LAUNCHER) + 1 :], kwargs)
        self.pid, self.pgid, self.cwd = self.process.pid, None, kwargs.get("cwd") or Path.cwd()
        return dict(self.connection_info)

    async def wait(self) -> int | None:
        """The exit code, as soon as the kernel has ended."""
        if not self.forked:
            code: int | None = await super().wait()
            return code
        forked, loop = self.forked, asyncio.get_running_loop()
        while forked.poll() is None:
            ended = asyncio.Event()
            copy = os.dup(forked.fileno())  # others may wait at the same time
            loop.add_reader(copy, ended.set)
            try:
                await ended.wait()
            finally:
                loop.remove_reader(copy)
                os.close(copy)
        forked.close()
        self.process = None
        return int(forked.returncode)

    async def cleanup(self, restart: bool = False) -> None:
        """Let go of the kernel, whose keeper ends all that is left of it."""
        if self.forked:
            self.forked.close()
            self.process = None
        await super().cleanup(restart=restart)

    def _forked(self, argv: list[str], kwargs: dict[str, Any]) -> Any:  # noqa: ANN401
        from reports_lib.kernels.forking import Zygote, shared_folder

        zygote = self.zygote or Zygote(shared_folder(), shared=True)
        environment = kwargs.get("env") or os.environ
        order = Order(argv, dict(environment), str(kwargs.get("cwd") or Path.cwd()), self.folder)
        return zygote.fork(order, [_number(kwargs.get(name), inherited) for inherited, name in STREAMS])


def _number(stream: Any, inherited: int) -> int:  # noqa: ANN401  what Popen accepts
    if stream is None:
        return inherited
    return int(stream if isinstance(stream, int) else stream.fileno())
