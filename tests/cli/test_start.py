"""What commands load before they begin."""

import subprocess
import sys

import pytest


@pytest.mark.parametrize("module", ["reports_lib.cli.clock", "reports_lib.cli.reports", "reports_lib.cli.companion"])
def test_no_command_reads_the_grammar_of_addresses(module):  # more than a second
    code = f"import sys, {module}; print('rfc3987_syntax.syntax_helpers' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
