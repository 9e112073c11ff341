"""The command `warmstart`: which commands there are, and how they are grouped in the help."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import ModuleType
from typing import Annotated

import typer
from typer.main import get_command

from warmstart.cli import (
    adapt,
    ask,
    change,
    compress,
    evaluate,
    export,
    fit,
    keys,
    label,
    onboard,
    refit,
    serve,
    store,
)
from warmstart.cli.demo import command as demo
from warmstart.cli.doctor import command as doctor
from warmstart.cli.errors import Commands, report_bug

app = typer.Typer(
    cls=Commands,
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

_GROUPS: dict[str, dict[str, Callable[..., None]]] = {
    "Start": {"demo": demo.demo, "fit": fit.fit, "doctor": doctor.doctor},
    "Ask": {
        "search": ask.search,
        "recommend": ask.recommend,
        "similar": ask.similar,
        "complement": ask.complement,
        "cart": ask.cart,
        "explain": ask.explain,
        "onboard": onboard.onboard,
    },
    "Change": {
        "add": change.add,
        "observe": change.observe,
        "merge": change.merge,
        "forget": change.forget,
        "refit": refit.refit,
        "rollback": refit.rollback,
    },
    "Serve": {"serve": serve.serve},
    "Language models": {
        "adapt": adapt.adapt,
        "label": label.label,
        "compress": compress.compress,
    },
    "Measure and take out": {"evaluate": evaluate.evaluate, "export": export.export},
}
for _panel, _commands in _GROUPS.items():
    for _name, _command in _commands.items():
        app.command(_name, rich_help_panel=_panel)(_command)

_NESTED: dict[str, dict[str, ModuleType]] = {"Serve": {"keys": keys, "store": store}}
"""Modules whose COMMANDS stand under one word, as in 'warmstart keys list'."""
for _panel, _modules in _NESTED.items():
    for _name, _module in _modules.items():
        _group = typer.Typer(no_args_is_help=True, rich_markup_mode="rich", help=_module.HELP)
        for _word, _command in _module.COMMANDS.items():
            _group.command(_word)(_command)
        app.add_typer(_group, name=_name, rich_help_panel=_panel)


def _version(asked: bool) -> None:
    if asked:
        from warmstart import __version__

        typer.echo(f"warmstart {__version__}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and end.")
    ] = False,
    debug: Annotated[
        bool, typer.Option("--debug", help="Show the whole traceback of an error (works in any place).")
    ] = False,
) -> None:
    """Search and recommendations for a shop from its first minute.

    [bold]Examples[/bold]

      warmstart demo
      warmstart fit my-shop --out my-model
      warmstart search my-model "red shoes"
      warmstart recommend my-model --event click:1001

    A shop is a folder with items.csv and, if there are any, events.csv.
    """


def main() -> None:
    """Entry point of the console script: text in UTF-8 everywhere, bugs in few lines."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure") and not stream.isatty():
            stream.reconfigure(encoding="utf-8")
    sys.excepthook = report_bug
    get_command(app)(prog_name="warmstart")  # app() would put its own excepthook in place
