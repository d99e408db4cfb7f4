"""The clock: asks for what `parameters/schedule.yaml` says, when it is due.

python scheduler.py              the clock itself: runs until it is ended
python scheduler.py --once       what is due now, to the end of its runs (for cron)
python scheduler.py --dry-run    print what would run, with its parameters; with --since of the past
python scheduler.py --since 2026-01-01 --until 2026-06-30 [--entry NAME] [--deliver]

Workers (`daybook work`) make the runs. Where there are none, `--once` and `--since` make them themselves.
"""

import signal
import sys

import click

from reports_lib.cli.clock import clock as main
from reports_lib.errors import DaybookError

if __name__ == "__main__":
    # to be ended is to leave in order: the last to leave stops the embedded database
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        main()
    except DaybookError as error:
        click.echo(f"scheduler: {error}", err=True)
        sys.exit(error.exit_code)
