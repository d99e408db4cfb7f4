"""The command line, `daybook`. Names of commands and options are a contract."""

from reports_lib.cli.main import main

__all__ = ["main"]
