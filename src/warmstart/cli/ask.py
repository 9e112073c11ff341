"""Questions to a fitted shop: search, recommend, similar, complement, cart, explain."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated, Any

import typer

from warmstart.cli import answers
from warmstart.cli import options as o
from warmstart.cli.models import open_model, parse_event
from warmstart.cli.output import console, print_json, timed

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from warmstart.data.item_list import ItemList
    from warmstart.data.records import Event
    from warmstart.engine.engine import Engine

VISITOR = "this-visitor"
"""Whose events `--event` gives when no `--user` is named; nothing of it is kept."""


def search(
    model: o.Model,
    query: Annotated[str, typer.Argument(metavar="QUERY", help="Words as a shopper types them.")],
    *,
    user: o.User = None,
    n: o.N = 10,
    filters: o.Filters = None,
    exclude: o.Excluded = None,
    events: o.Events = None,
    sentence: Annotated[
        bool, typer.Option("--sentence", help="Obey what the words refuse, and what they let it cost.")
    ] = False,
    as_json: o.AsJson = False,
) -> None:
    r"""Search the shop by words, for anyone or for one user.

    Finds by words and by meaning, and mends typing errors.
    With --user or --event it puts first what fits that person.

    [bold]Examples[/bold]

      warmstart search my-model "noise cancelling headphones"
      warmstart search my-model 降噪耳机 --user 42 -n 5
      warmstart search my-model laptop --filter brand=HP --filter "price<=500"
    """
    known = _question(user, filters, exclude, events)
    asked = {"text": query, "user_id": user, "filters": filters, "exclude": exclude, "events": events}
    _answer(model, lambda engine: engine.search(query, n=n, sentence=sentence, **known), asked, as_json)


def recommend(
    model: o.Model,
    *,
    user: o.User = None,
    text: Annotated[
        str,
        typer.Option(
            "--text", "-t", metavar="SENTENCE", help="What is wished for, refused and affordable."
        ),
    ] = "",
    n: o.N = 10,
    filters: o.Filters = None,
    exclude: o.Excluded = None,
    events: o.Events = None,
    diversity: o.Diversity = None,
    as_json: o.AsJson = False,
) -> None:
    """Recommend items to a user, a visitor or a stranger.

    Without --user and --event it says what a stranger is shown.
    Each --event counts at once, and so does a wish in a sentence.

    [bold]Examples[/bold]

      warmstart recommend my-model
      warmstart recommend my-model --user 42
      warmstart recommend my-model --event view:1001 --event add_to_cart:1007
      warmstart recommend my-model --user 42 --diversity 0.3
      warmstart recommend my-model -t "gift for a father, under 50, no plastic"
    """
    known = _question(user, filters, exclude, events)
    asked: dict[str, Any] = {"user_id": user, "text": text, "filters": filters, "exclude": exclude}
    asked |= {"events": events, "diversity": diversity}
    _answer(
        model, lambda engine: engine.recommend(n=n, text=text, diversity=diversity, **known), asked, as_json
    )


def similar(
    model: o.Model,
    item: Annotated[str, typer.Argument(metavar="ITEM", help="Id of the item to start from.")],
    *,
    n: o.N = 10,
    filters: o.Filters = None,
    exclude: o.Excluded = None,
    as_json: o.AsJson = False,
) -> None:
    """Find items like one item.

    [bold]Example[/bold]

      warmstart similar my-model 1001 --filter "price<=200"
    """
    rules = _rules(filters, exclude)
    asked = {"item_id": item, "filters": filters, "exclude": exclude}
    _answer(model, lambda engine: engine.similar(item, n=n, **rules), asked, as_json)


def cart(
    model: o.Model,
    items: Annotated[list[str], typer.Argument(metavar="ITEM...", help="Ids of what is in the cart.")],
    *,
    n: o.N = 10,
    filters: o.Filters = None,
    exclude: o.Excluded = None,
    as_json: o.AsJson = False,
) -> None:
    """Find what goes with a cart.

    [bold]Example[/bold]

      warmstart cart my-model 1001 1007
    """
    rules = _rules(filters, exclude)
    asked = {"item_ids": items, "filters": filters, "exclude": exclude}
    _answer(model, lambda engine: engine.cart(items, n=n, **rules), asked, as_json)


def complement(
    model: o.Model,
    item: Annotated[str, typer.Argument(metavar="ITEM", help="Id of the item to start from.")],
    *,
    n: o.N = 10,
    filters: o.Filters = None,
    exclude: o.Excluded = None,
    as_json: o.AsJson = False,
) -> None:
    """Find what goes with one item and is not the same thing again.

    [bold]Example[/bold]

      warmstart complement my-model 1001 --filter "price<=200"
    """
    rules = _rules(filters, exclude)
    asked = {"item_id": item, "filters": filters, "exclude": exclude}
    _answer(model, lambda engine: engine.complement(item, n=n, **rules), asked, as_json)


def explain(
    model: o.Model,
    item: Annotated[str, typer.Argument(metavar="ITEM", help="Id of the item to explain.")],
    *,
    user: o.User = None,
    query: Annotated[
        str, typer.Option("--query", "-q", metavar="TEXT", help="The words searched for.")
    ] = "",
    events: o.Events = None,
    as_json: o.AsJson = False,
) -> None:
    """Say why an item scores as it does, to the last digit.

    The score is a sum over pieces of evidence; this prints all of them.

    [bold]Examples[/bold]

      warmstart explain my-model 1001 --user 42
      warmstart explain my-model 1001 --query "red shoes" --event click:1007
    """
    engine = open_model(model)
    entry = engine.explain(item, user_id=user, text=query, events=_events(events, user))
    facts = answers.item_facts(engine.item(item))
    if as_json:
        reasons = [
            {"kind": r.kind, "item_id": r.item_id, "value": r.value, "text": r.text} for r in entry.reasons
        ]
        print_json({"item_id": item, **facts, "score": entry.score, "reasons": reasons})
        return
    out = console()
    out.print(f"{item}  {answers.one_line(facts.get('title', ''))}", style="bold", markup=False)
    if math.isnan(entry.score):
        out.print("! This question does not find it, so it has no score.", style="yellow")
    out.print(answers.reasons_table(entry, engine.item, width=out.width))


def _answer(model: Path, ask: Callable[[Engine], ItemList], asked: dict[str, Any], as_json: bool) -> None:
    """Open a model, put a question to it and print the answer; `asked` is told again in JSON."""
    engine = open_model(model)
    with timed() as clock:
        found = ask(engine)
    answers.give(engine, found, clock, asked=asked, as_json=as_json)


def _question(
    user: str | None, filters: list[str] | None, exclude: list[str] | None, events: list[str] | None
) -> dict[str, Any]:
    return {"user_id": user, "events": _events(events, user), **_rules(filters, exclude)}


def _rules(filters: list[str] | None, exclude: list[str] | None) -> dict[str, Any]:
    return {"filters": _filters(filters), "exclude": tuple(exclude or ())}


def _filters(rules: list[str] | None) -> dict[str, Any] | None:
    if not rules:
        return None
    from warmstart.search.filters import parse_filters

    return parse_filters(rules)


def _events(texts: list[str] | None, user: str | None) -> tuple[Event, ...]:
    return tuple(parse_event(text, user or VISITOR) for text in texts or ())
