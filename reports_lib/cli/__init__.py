"""The command line, `daybook`. Names of commands and options are a contract."""

import sys

# jsonschema, which nbformat loads, would take a second to read a grammar of addresses that no notebook has
sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]

from reports_lib.cli.main import main  # noqa: E402

__all__ = ["main"]
