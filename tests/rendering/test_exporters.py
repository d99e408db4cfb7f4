"""What JupyterLab's "Save and Export Notebook As" gives."""

from nbconvert.exporters import get_exporter

from reports_lib.rendering.exporters import DaybookHTML


def test_exporters_are_found_by_name():
    assert get_exporter("daybook") is DaybookHTML
    assert get_exporter("daybook-pdf")().file_extension == ".pdf"


def test_export_without_title_takes_the_notebooks_own(notebook):
    page, resources = DaybookHTML().from_notebook_node(notebook, {"metadata": {"name": "file"}})
    assert "<title>Customer dynamics</title>" in page
    assert resources["output_extension"] == ".html"


def test_pdf_export_is_a_pdf(notebook):
    made, resources = get_exporter("daybook-pdf")().from_notebook_node(notebook)
    assert made.startswith(b"%PDF-")
    assert resources["output_extension"] == ".pdf"
