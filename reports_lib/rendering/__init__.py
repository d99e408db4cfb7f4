"""The executed notebook to everything that people read: HTML, PDF, CSV, XLSX, XLS.

Every format is a view of the same notebook and of the tables that it kept; none queries again (JD-60).
This room knows the display room by its media types only.
"""
