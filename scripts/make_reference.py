"""Write the generated pages of the documentation: those of `PAGES`, in docs/reference.

    make docs

All come from the code itself, and a test fails when a page no longer says what the code says.
"""

from __future__ import annotations

import dataclasses
import inspect
import re
import sys
from itertools import chain
from pathlib import Path
from typing import Any

from warmstart.core import registry
from warmstart.core.component import Component
from warmstart.data.wire.dialects import DIALECTS, Dialect

ROOT = Path(__file__).resolve().parent.parent
REFERENCE = ROOT / "docs" / "reference"
GENERATED = "<!-- Written by `make docs` from the code; do not edit. -->\n"
KINDS = {
    "classifier": "Classifiers",
    "encoder": "Encoders",
    "head": "Few-shot heads",
    "language_model": "Language models",
    "policy": "Policies",
    "rater": "Raters",
    "retriever": "Retrievers",
    "scorer": "Scorers",
}
_MARKUP = re.compile(r"\[/?[a-z ]+\]")


def components_page() -> str:
    """Every registered component: what it says of itself, and its settings."""
    parts = [
        "# Components and their settings\n",
        GENERATED,
        "Names are those of the entry-point group `warmstart.components`; settings are the fields of the "
        "class, the same in Python, in a settings file and in the JSON schema "
        "(`Component.json_schema()`).\n",
    ]
    for kind in sorted({name.partition(".")[0] for name in registry.names()}):
        parts.append(f"## {KINDS.get(kind, kind.capitalize() + 's')}\n")
        parts += [_component(kind, name) for name in registry.names(kind)]
    return "\n".join(parts)


def _component(kind: str, name: str) -> str:
    cls = registry.get(kind, name)
    title = f"### {kind}.{name}\n\n`{cls.__module__}.{cls.__qualname__}`\n"
    rows = [f"| `{f.name}` | `{_type(f)}` | `{_default(f)}` |" for f in dataclasses.fields(cls)]
    if not rows:
        return "\n".join([title, _docstring(cls), "No settings.\n"])
    return "\n".join([title, _docstring(cls), "| setting | type | default |", "|---|---|---|", *rows, ""])


def _docstring(cls: type[Component]) -> str:
    return inspect.cleandoc(cls.__doc__ or "") + "\n"


def _type(field: dataclasses.Field[Any]) -> str:
    return str(field.type).replace("|", "\\|")


def _default(field: dataclasses.Field[Any]) -> str:
    if field.default is not dataclasses.MISSING:
        return repr(field.default)
    if field.default_factory is dataclasses.MISSING:
        return "required"
    made = field.default_factory()
    return f"{type(made).__name__}()" if isinstance(made, Component) else repr(made)


def cli_page() -> str:
    """Every command: its help, its arguments and its options."""
    from typer.main import get_command

    from warmstart.cli.main import app

    root: Any = get_command(app)
    parts = ["# Command line\n", GENERATED, _help(root), _table(root)]
    for name, command in root.commands.items():
        parts += _command(name, command, "##")
    return "\n".join(parts)


def _command(name: str, command: Any, heading: str) -> list[str]:
    """The parts of the page about a command; one with others below it is only a heading for them."""
    inner = getattr(command, "commands", None)
    if inner is not None:
        below = [_command(f"{name} {word}", one, f"{heading}#") for word, one in inner.items()]
        return [f"{heading} {name}\n", _help(command), *chain(*below)]
    arguments = [_metavar(p) for p in command.params if not p.opts[0].startswith("-")]
    usage = " ".join(["warmstart", name, *arguments])
    return [f"{heading} {name}\n", f"```sh\n{usage}\n```\n", _help(command), _table(command)]


def _help(command: Any) -> str:
    """The help as Markdown: bold headings, and indented blocks as code."""
    blocks = re.split(r"\n\s*\n", inspect.cleandoc(command.help or "").replace("\b", ""))
    return "\n\n".join(_block(block.strip("\n")) for block in blocks) + "\n"


def _block(block: str) -> str:
    if block.startswith("  "):
        return f"```sh\n{inspect.cleandoc(block)}\n```"
    return _MARKUP.sub("**", block)


def _table(command: Any) -> str:
    rows = [
        f"| {_spelling(parameter)} | {_text(parameter.help)} | {_shown_default(parameter)} |"
        for parameter in command.params
        if not getattr(parameter, "hidden", False) and "--help" not in parameter.opts
    ]
    return (
        "\n".join(["| argument or option | what it is | default |", "|---|---|---|", *rows, ""])
        if rows
        else ""
    )


def _spelling(parameter: Any) -> str:
    if not parameter.opts[0].startswith("-"):
        return f"`{_metavar(parameter)}`"
    return ", ".join(f"`{name}`" for name in [*parameter.opts, *parameter.secondary_opts])


def _metavar(parameter: Any) -> str:
    name = (parameter.metavar or parameter.name).upper()
    return name if parameter.required else f"[{name}]"


def _text(text: str | None) -> str:
    return _MARKUP.sub("", text or "").replace("|", "\\|").replace("\n", " ")


def _shown_default(parameter: Any) -> str:
    value = parameter.default
    if parameter.required:
        return "required"
    if value is None or value is False or value in ("", [], ()) or callable(value):
        return ""
    return f"`{getattr(value, 'value', value)}`"


def dialects_page() -> str:
    """Every dialect: what its names of events are called here, and what is read how."""
    parts = [
        "# Payloads of other systems, and what is read from them\n",
        GENERATED,
        "Events, items and users are read as other systems send them. What cannot be used is named in the "
        "answer with its place and the reason; nothing is dropped in silence, and one bad record does not "
        "keep the others out. In Python: `warmstart.data.wire.dialects.read(name, payload)`.\n",
    ]
    return "\n".join([*parts, *(_dialect(dialect) for dialect in DIALECTS.values())])


def _dialect(dialect: Dialect) -> str:
    rows = [f"| `{name}` | `{kind}` |" for name, kind in dialect.event_types.items()]
    rows += [f"| `{name}` | not used: {why} |" for name, why in dialect.unused.items()]
    notes = [f"- {note}" for note in dialect.notes]
    if dialect.free_names:
        notes.append("- Shops name events themselves: our names and common words for them are read too.")
    head = [
        f"## {dialect.title}\n",
        f"Name: `{dialect.name}`. Specification: {dialect.spec}.\n",
        *notes,
        "",
    ]
    return "\n".join([*head, "| event there | event here |", "|---|---|", *rows, ""])


def http_page() -> str:
    """Every path of the service; needs the extra 'serve'."""
    sys.path.append(str(ROOT))  # a script sees its own folder only
    from scripts import reference_http

    return reference_http.http_page(GENERATED)


PAGES = {
    "components.md": components_page,
    "cli.md": cli_page,
    "dialects.md": dialects_page,
    "http.md": http_page,
}


def main() -> None:
    """Write all pages."""
    REFERENCE.mkdir(parents=True, exist_ok=True)
    for name, page in PAGES.items():
        (REFERENCE / name).write_text(page().rstrip("\n") + "\n", encoding="utf-8")
        print(f"docs/reference/{name}")


if __name__ == "__main__":
    main()
