"""What a person sees when a command cannot be done, and which number the shell sees.

Exit codes: 0 done, 1 it failed, 2 the command or the data has to be changed first, 130 stopped with
Ctrl-C.
"""

from __future__ import annotations

import os
import sys
import traceback
from types import TracebackType
from typing import Any

import typer
from rich.table import Table
from rich.text import Text
from typer.core import TyperGroup

from warmstart.cli.output import error_console
from warmstart.core.errors import ConfigError, InputError, UnknownIdError, WarmstartError

FAILED, UNUSABLE = 1, 2
DEBUG_FLAG, DEBUG_VARIABLE = "--debug", "WARMSTART_DEBUG"


def exit_code(error: Exception) -> int:
    """2 where the caller can mend the input, 1 where something else went wrong."""
    return UNUSABLE if isinstance(error, InputError | ConfigError | UnknownIdError) else FAILED


def show(error: Exception) -> None:
    """Print an error on standard error as a short block, never through markup."""
    block = Table.grid(padding=(0, 2))
    block.add_column(no_wrap=True)
    block.add_column(overflow="fold")
    for label, text in _parts(error):
        block.add_row(Text(f"  {label}", style="dim"), Text(text))
    console = error_console()
    console.print(Text("✗ warmstart could not do that", style="bold red"))
    console.print(block)


def _parts(error: Exception) -> list[tuple[str, str]]:
    if isinstance(error, WarmstartError):
        return [("expected", error.expected), ("found", error.found), ("to do", error.todo)]
    if isinstance(error, OSError):
        what = f"{error.strerror or error}" + (f": {error.filename}" if error.filename else "")
        return [("found", what), ("to do", "Check the path, its permissions and the space on the disk.")]
    return [("found", f"{type(error).__name__}: {error}")]


class Commands(TyperGroup):
    """The group of all commands: the one place where errors turn into text and exit codes.

    `--debug` is taken out of the arguments wherever it stands, so that it can simply be added to the
    end of a command that failed.
    """

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Take `--debug` from anywhere before a lone `--`."""
        end = args.index("--") if "--" in args else len(args)
        kept = [arg for arg in args[:end] if arg != DEBUG_FLAG]
        if len(kept) < end:
            ctx.meta[DEBUG_FLAG] = True
        return super().parse_args(ctx, kept + args[end:])

    def invoke(self, ctx: Any) -> Any:
        """Run the command; an error it raises on purpose is shown, and with `--debug` traced."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:  # the reader of our output has seen enough; typer ends quietly
            raise
        except (WarmstartError, OSError) as error:
            if ctx.meta.get(DEBUG_FLAG) or os.environ.get(DEBUG_VARIABLE):
                traceback.print_exc(file=sys.stderr)
            show(error)
            raise typer.Exit(exit_code(error)) from error


def report_bug(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Stand in for Python's own traceback: short, unless `--debug` asks for all of it."""
    if DEBUG_FLAG in sys.argv or os.environ.get(DEBUG_VARIABLE):
        sys.__excepthook__(kind, error, trace)
        return
    frames = traceback.extract_tb(trace)
    where = f" ({frames[-1].filename}, line {frames[-1].lineno})" if frames else ""
    console = error_console()
    console.print(Text("✗ This is a bug in warmstart", style="bold red"))
    console.print(
        Text(f"  {kind.__name__}: {error}{where}\n  Add {DEBUG_FLAG} to see all of it, and report it.")
    )
