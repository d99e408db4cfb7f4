"""The group of commands, and the one place where an error becomes a line and an exit code."""

import os
import signal
import sys
import warnings
from importlib import import_module

import click

from reports_lib import __version__
from reports_lib.errors import DaybookError, UnknownNameError

EPILOG = "Errors are one line; exit codes are listed in README.md."


# command: the module that holds it, read only when it is asked for, and its name there
COMMANDS = {
    "demo": ("site", "demo"),
    "run": ("reports", "run"),
    "resolve": ("reports", "resolve"),
    "families": ("families", "families"),
    "grafana": ("grafana", "grafana"),
    "runs": ("records", "runs"),
    "show": ("records", "show"),
    "delete": ("records", "delete"),
    "verify": ("records", "verify"),
    "work": ("work", "work"),
    "cancel": ("work", "cancel"),
    "retry": ("work", "retry"),
    "serve": ("site", "serve"),
    "user": ("user", "user"),
    "ingest": ("data", "ingest"),
    "cdr": ("cdr", "cdr"),
    "invoice": ("invoice_steps", "invoice"),
    "coupon": ("coupon_steps", "coupon"),
    "customer": ("customer", "customer"),
    "versions": ("data", "versions"),
    "new": ("families", "new"),
    "lint": ("families", "lint"),
}


class Commands(click.Group):
    """The commands, in the order of the table above."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names of all commands."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name, None if there is none."""
        if cmd_name not in COMMANDS:
            return None
        module, name = COMMANDS[cmd_name]
        found: click.Command = getattr(import_module(f"reports_lib.cli.{module}"), name)
        return found

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that is typed, and what follows it; raises `UnknownNameError`."""
        if args[0] not in COMMANDS and not ctx.resilient_parsing:
            raise UnknownNameError.of("command", args[0], COMMANDS)
        return super().resolve_command(ctx, args)


@click.group(cls=Commands, epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="daybook")
def daybook() -> None:
    """Notebooks in, reports that stay true out."""


def main() -> None:
    """Run the command line of this process and exit with its code."""
    # to be ended is to leave in order: the last to leave stops the embedded database
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    if not sys.warnoptions:
        warnings.simplefilter("ignore")  # for people, not for tests: `python -W` still shows them
    try:
        code = daybook(prog_name="daybook", standalone_mode=False)
    except DaybookError as error:
        code = _say(error, error.exit_code)
    except click.ClickException as error:
        code = _say(_usage(error), error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        code = 130
    except BrokenPipeError:  # `daybook runs | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 0
    except Exception as error:
        if os.environ.get("DAYBOOK_DEBUG"):
            raise
        code = _say(f"unexpected {type(error).__name__}: {error}; DAYBOOK_DEBUG=1 shows where", 1)
    sys.exit(code if isinstance(code, int) else 0)


def _usage(error: click.ClickException) -> str:
    """What click has against the command line, with where to read on."""
    told = error.format_message().rstrip(".")
    context = getattr(error, "ctx", None)
    return f"{told}; see `{context.command_path} --help`" if context else told


def _say(error: object, code: int) -> int:
    click.secho(f"daybook: {' '.join(str(error).split())}", fg="red", err=True)  # without colour where no terminal is
    return code
