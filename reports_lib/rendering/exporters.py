"""Our exporters, registered with nbconvert: JupyterLab's "Save and Export Notebook As" offers them."""

import base64
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from jinja2 import pass_context
from jinja2.runtime import Context
from nbconvert.exporters.html import HTMLExporter
from nbconvert.exporters.templateexporter import TemplateExporter
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from nbformat import NotebookNode

from reports_lib.rendering import media
from reports_lib.rendering.clean import clean
from reports_lib.rendering.paper import paper

HERE = Path(__file__).parent
OURS = {
    "template_name": "template",
    "template_file": "index.html.j2",
    "extra_template_basedirs": [str(HERE)],
    "sanitize_html": True,
    "exclude_anchor_links": True,
}
NUMBERS = ("quantity", "money", "ratio", "percent")


class DaybookHTML(HTMLExporter):
    """A report as one file: no code cells, no scripts, no address of another place."""

    export_from_notebook = "Daybook report (HTML)"

    def __init__(self, **kwargs: object) -> None:
        super().__init__(**(OURS | kwargs))

    def default_filters(self) -> Iterator[tuple[str, object]]:
        """nbconvert's filters and ours; theirs of the same name is laxer."""
        yield from super().default_filters()
        yield ("clean", clean)
        yield ("clean_html", clean)
        yield ("picture_base64", _base64)
        yield ("blocks", _blocks)
        yield ("paper", lambda nb: paper(nb).css)

    def page(self, notebook: NotebookNode, given: Mapping[str, Any]) -> str:
        """The report of `notebook`, which is read only; `given` may bring `title`, `lead` and `facts`.

        nbconvert's way to the template copies the notebook three times and checks it once for each of its
        preprocessors, four fifths of the time that a page takes. None of them would find anything to do here.
        """
        resources = self._init_resources({"daybook": self._report(notebook, given, "Report")})
        return str(self.template.render(nb=notebook, resources=resources)).lstrip("\r\n")

    def from_notebook_node(
        self, nb: NotebookNode, resources: dict[str, Any] | None = None, **kw: object
    ) -> tuple[Any, dict[str, Any]]:
        """The report of an executed notebook; `resources["daybook"]` may bring `title`, `lead` and `facts`."""
        given, name = dict((resources or {}).get("daybook", {})), (resources or {}).get("metadata", {}).get("name")
        resources = self._init_resources({**(resources or {}), "daybook": self._report(nb, given, name or "Report")})
        # past HTMLExporter's own step, which parses and prints the whole page anew to look for JupyterLab's classes
        page, resources = TemplateExporter.from_notebook_node(self, nb, resources, **kw)
        return page, resources

    @pass_context
    def markdown2html(self, context: Context, source: str, attachments: Mapping[str, Any] | None = None) -> str:
        """Markdown to markup that is still to be cleaned; `attachments` are the pictures pasted into its cell."""
        words = self._words
        words.renderer.attachments = attachments or {}
        words.renderer.path = context.get("resources", {}).get("metadata", {}).get("path", "")
        return str(words.render(source))

    @cached_property
    def _words(self) -> MarkdownWithMath:
        # nbconvert makes a new one for every cell, which takes longer than its words do
        renderer = _WordsRenderer(escape=False, exclude_anchor_links=True, embed_images=self.embed_images)
        return MarkdownWithMath(renderer=renderer)

    @staticmethod
    def _report(nb: NotebookNode, given: Mapping[str, Any], name: str) -> dict[str, Any]:
        heading = _heading(nb)
        return {
            "title": given.get("title") or heading or name,
            "facts": given.get("facts", {}),
            "lead": given.get("lead", ""),
            "has_heading": bool(heading),
            "style": _style(),
            "media": {"TABLE": media.TABLE, "CHART": media.CHART, "INFO": media.INFO, "TILES": media.TILES},
            "numbers": NUMBERS,
        }


class DaybookPDF(DaybookHTML):
    """The same report on paper."""

    export_from_notebook = "Daybook report (PDF)"
    output_mimetype = "application/pdf"

    def __init__(self, **kwargs: object) -> None:
        super().__init__(**({"file_extension": ".pdf"} | kwargs))

    def from_notebook_node(
        self, nb: NotebookNode, resources: dict[str, Any] | None = None, **kw: object
    ) -> tuple[Any, dict[str, Any]]:
        """The report of an executed notebook as PDF, dated now."""
        from reports_lib.rendering.pdf import pdf  # half a second of imports, which a page alone can do without

        page, resources = super().from_notebook_node(nb, resources, **kw)
        return pdf(page.encode(), created=datetime.now(UTC)), resources


class _WordsRenderer(IPythonRenderer):
    def image(self, text: str, url: str, title: str | None = None) -> str:
        """A picture; of a pasted one that is not there only what it is called, where nbconvert would give up."""
        if url.removeprefix("attachment:") not in {url, *self.attachments}:
            url = ""
        return str(super().image(text, url, title))


def _blocks(nb: NotebookNode) -> Iterator[dict[str, Any]]:
    """What is read together: words, outputs, or a figure, which is words and the charts right below them."""
    words = None
    for cell in nb.cells:
        if cell.cell_type == "markdown" and cell.source.strip():
            if words:
                yield _block(words)
            words = cell
            continue
        outputs = [o for o in cell.get("outputs", []) if o.output_type in ("display_data", "execute_result")]
        if not outputs:
            continue
        is_figure = bool(words) and all(media.CHART in output.data for output in outputs)
        if words and not is_figure:
            yield _block(words)
        yield _block(words if is_figure else None, cell, outputs)
        words = None
    if words:
        yield _block(words)


def _block(
    words: NotebookNode | None, cell: NotebookNode | None = None, outputs: Sequence[NotebookNode] = ()
) -> dict[str, Any]:
    return {
        "words": words.source if words else "",
        "attachments": words.get("attachments", {}) if words else {},
        "cell": cell,
        "outputs": outputs,
        "is_figure": bool(words and outputs),
    }


def _heading(nb: NotebookNode) -> str:
    """The first top heading that the notebook's words hold, empty if none."""
    for cell in nb.cells:
        if cell.cell_type == "markdown":
            for line in cell.source.splitlines():
                if line.startswith("# "):
                    return str(line[2:].strip())
    return ""


@cache
def _style() -> str:
    return (HERE / "template" / "report.css").read_text()


def _base64(data: str, media_type: str) -> str:
    """A picture as Jupyter keeps it, to base64: SVG is kept as text, the others are base64 already."""
    if media_type == "image/svg+xml":
        return base64.b64encode(data.encode()).decode()
    return "".join(data.split())
