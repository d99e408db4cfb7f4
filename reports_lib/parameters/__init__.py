"""Parameters of a report: kinds (text to value), the schema read from a notebook's cell, saved sets."""
