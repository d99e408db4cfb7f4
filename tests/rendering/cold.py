"""A renderer that has used nothing yet when it is ready: `python -m tests.rendering.cold DESCRIPTOR`."""

import sys

sys.modules["rfc3987_syntax"] = None  # as the real one does

from reports_lib.rendering import renderer  # noqa: E402

if __name__ == "__main__":
    renderer.warm = lambda: None
    renderer.main(int(sys.argv[1]))
