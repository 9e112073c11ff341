"""Changes to a fitted model: add items, observe events, merge or forget users. Each is saved at once."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.text import Text

from warmstart.cli import options as o
from warmstart.cli.models import open_model, remove_older_versions
from warmstart.cli.output import console, count, print_json
from warmstart.core.errors import InputError

if TYPE_CHECKING:
    from warmstart.engine.engine import Engine

_FORMATS = "CSV, JSON Lines or Parquet with columns as in a shop; - reads JSON Lines from standard input."
ItemsFile = Annotated[Path, typer.Argument(metavar="FILE", help=f"New items: {_FORMATS}")]
EventsFile = Annotated[Path | None, typer.Argument(metavar="FILE", help=f"Many events: {_FORMATS}")]
Done = Annotated[str | None, typer.Option("--item", "-i", metavar="ID", help="The item it was done to.")]
EventType = Annotated[
    str,
    typer.Option(
        "--type", "-t", metavar="TYPE", help="What was done: view, click, add_to_cart, purchase …"
    ),
]
QueryText = Annotated[
    str | None, typer.Option("--query", "-q", metavar="TEXT", help="The words searched for.")
]
Value = Annotated[
    float | None, typer.Option("--value", metavar="NUMBER", help="A rating, or the price paid.")
]


def add(model: o.Model, file: ItemsFile, *, as_json: o.AsJson = False) -> None:
    """Add new items, or new text for known ones.

    They can be found, recommended and explained at once.
    Nothing is fitted again.

    [bold]Examples[/bold]

      warmstart add my-model new-items.csv
      echo '{"item_id": "9001", "title": "Kayak"}' | warmstart add my-model -
    """
    from warmstart.cli.records import read_items

    engine = open_model(model)
    items, troubles = read_items(file)
    known = sum(engine.item(item.item_id) is not None for item in items)
    engine.add(items)
    engine.save(model)
    new = len(items) - known
    done = {"model": str(model), "added": new, "replaced": known, "troubles": troubles}
    _tell(done, f"{count(new, 'item')} added, {known:,} replaced.", as_json)


def observe(
    model: o.Model,
    file: EventsFile = None,
    *,
    user: o.User = None,
    item: Done = None,
    event_type: EventType = "click",
    query: QueryText = None,
    value: Value = None,
    as_json: o.AsJson = False,
) -> None:
    """Observe what users did: one event, or a file of them.

    The next answer for each of these users knows it; nothing is fitted again.

    [bold]Examples[/bold]

      warmstart observe my-model --user 42 --item 1001 --type purchase
      warmstart observe my-model todays-events.jsonl
    """
    from warmstart.cli.records import read_events
    from warmstart.data.records import Event

    if (file is None) == (user is None):
        raise InputError(
            expected="either a FILE of events, or one event as --user with --item or --query",
            found="both" if file else "neither",
            todo="Try: warmstart observe MODEL --user 42 --item 1001 --type click",
        )
    engine = open_model(model)
    if file is not None:
        events, troubles = read_events(file)
    else:
        one = Event(user_id=user or "", item_id=item, event_type=event_type, query=query, value=value)
        events, troubles = [one], {}
    unknown = sorted({e.item_id for e in events if e.item_id and engine.item(e.item_id) is None})
    engine.observe(events)
    engine.save(model)
    done = {"model": str(model), "observed": len(events), "unknown_items": unknown, "troubles": troubles}
    text = f"{count(len(events), 'event')} observed."
    if unknown:
        more = " …" if len(unknown) > 5 else ""
        text += f" Not in the catalogue, so they say nothing yet: {', '.join(unknown[:5])}{more}."
    _tell(done, text, as_json)


def merge(
    model: o.Model,
    visitor: Annotated[str, typer.Argument(metavar="VISITOR", help="Id under which they came first.")],
    user: Annotated[str, typer.Argument(metavar="USER", help="Id of who they turned out to be.")],
    *,
    as_json: o.AsJson = False,
) -> None:
    """Merge a visitor who logged in with the user they are.

    It is then as if the user had done it all, in order of time.

    [bold]Example[/bold]

      warmstart merge my-model visitor-7 42
    """
    engine = open_model(model)
    moved = engine.merge(visitor, user)
    engine.save(model)
    done = {"model": str(model), "visitor_id": visitor, "user_id": user, "merged": moved}
    text = f"{count(moved, 'event')} of {visitor} moved to {user}."
    _tell(done, text if moved else f"Nothing is known that {visitor} did.", as_json)


def forget(model: o.Model, *, user: o.KnownUser, as_json: o.AsJson = False) -> None:
    """Remove all traces of a user, in the model and on disk.

    Afterwards the model is what it would have been had the user never come.
    The version of the model before this one is deleted as well.

    [bold]Example[/bold]

      warmstart forget my-model --user 42
    """
    engine = open_model(model)
    before = _rows(engine)
    removed = {"events": engine.forget(user)}
    removed |= {name: rows - _rows(engine)[name] for name, rows in before.items()}
    if any(removed.values()):
        engine.save(model)
    remove_older_versions(model)
    parts = [f"{rows:,} {name if rows > 1 else _ONE[name]}" for name, rows in removed.items() if rows]
    text = (
        f"Forgot user {user}: {', '.join(parts)} removed." if parts else f"Nothing is known of user {user}."
    )
    _tell({"model": str(model), "user_id": user, "removed": removed}, text, as_json)


_ONE = {"events": "event", "users": "profile", "reviews": "review", "queries": "query"}


def _rows(engine: Engine) -> dict[str, int]:
    """Rows of the tables, besides events, that tell of users."""
    return {name: len(getattr(engine.dataset, name)) for name in ("users", "reviews", "queries")}


def _tell(done: dict[str, Any], text: str, as_json: bool) -> None:
    if as_json:
        print_json(done)
        return
    out = console()
    out.print(Text(text))
    for kind, number in done.get("troubles", {}).items():
        out.print(Text(f"! {number:,} × {kind} in the file", style="yellow"))
