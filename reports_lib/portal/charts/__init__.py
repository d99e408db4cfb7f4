"""Charts of a report: ready-made, put together by hand, kept as templates."""
