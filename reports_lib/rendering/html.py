"""Executed notebook to a page that stands alone."""

from collections.abc import Mapping
from functools import cache

from nbformat import NotebookNode

from reports_lib.rendering.exporters import DaybookHTML


def html(notebook: NotebookNode, *, title: str, facts: Mapping[str, str], lead: str = "") -> bytes:
    """The report as UTF-8 HTML: identical bytes for identical input.

    `title` names the page, and heads it unless the notebook has a top heading of its own; `lead` is one line above
    it, such as the interval; `facts` are shown at the foot by label, `Link` also in the margin of printed pages.
    """
    return _exporter().page(notebook, {"title": title, "lead": lead, "facts": dict(facts)}).encode()


@cache
def _exporter() -> DaybookHTML:
    return DaybookHTML()
