"""What is compared of a golden copy: the plain text of its outputs, and nothing that only looks different."""

import pytest
from nbval.plugin import IPyNbFile

LOOKS = ("text/html", "text/markdown", "image/svg+xml")
OURS = tuple(f"application/vnd.daybook.{kind}+json" for kind in ("table", "chart", "tiles", "info"))


def pytest_collectstart(collector: pytest.Collector) -> None:
    """Leave the other forms of an output out of the comparison."""
    if isinstance(collector, IPyNbFile):
        collector.skip_compare += LOOKS + OURS
