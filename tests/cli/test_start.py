"""What commands load before they begin."""

import subprocess
import sys

# more than a second for a grammar of addresses; half a second each for what only looks into tables
HEAVY = {"rfc3987_syntax.syntax_helpers", "ibis", "pandas"}
COMMANDS = ("clock", "reports", "companion", "work", "chores", "records", "user")


def test_no_command_loads_what_takes_long_before_it_needs_it():
    code = f"import sys\nfrom reports_lib.cli import {', '.join(COMMANDS)}\nfrom reports_lib.runs import worker\n"
    code += f"print(sorted({HEAVY} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
