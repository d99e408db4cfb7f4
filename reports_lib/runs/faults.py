"""Where an error that nobody expected came from."""

import traceback
from pathlib import Path

OURS = Path(__file__).parents[1]


def where(error: BaseException) -> str:
    """Module and line of the innermost place of ours that `error` passed, such as `runs/render.py:71`."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if Path(frame.filename).is_relative_to(OURS)]
    if not ours:
        return "a place that is not known"
    return f"{Path(ours[-1].filename).relative_to(OURS).as_posix()}:{ours[-1].lineno}"
