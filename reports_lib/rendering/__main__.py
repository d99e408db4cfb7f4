"""The process of a renderer: `python -m reports_lib.rendering DESCRIPTOR`, started by `renderer.Renderer`."""

import sys

# jsonschema would take it to check addresses of schemas, and it reads a grammar for that: half the time of our start
sys.modules["rfc3987_syntax"] = None  # type: ignore[assignment]

from reports_lib.rendering.renderer import main  # noqa: E402

main(int(sys.argv[1]))
