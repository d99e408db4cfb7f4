"""A process with a press, to be killed in the midst of a work: `python -m tests.rendering.killed_press MARK`."""

import sys
from threading import Thread

from reports_lib.rendering import renderer
from reports_lib.rendering.press import Press
from tests.rendering.asked import spins, who

if __name__ == "__main__":
    renderer.PROGRAM = "tests.rendering.cold"
    press = Press()
    press.make(who, b"", {})
    Thread(target=press.make, args=(spins, b"", {"mark": sys.argv[1]})).start()
    sys.stdout.write(f"{' '.join(map(str, press.pids()))}\n")
    sys.stdout.flush()
