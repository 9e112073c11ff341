"""Ask a stranger a few questions, then recommend."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from warmstart.cli import answers as shown
from warmstart.cli import options as o
from warmstart.cli.models import open_model
from warmstart.cli.output import console, print_json, timed
from warmstart.core.errors import InputError

if TYPE_CHECKING:
    from warmstart.engine.engine import Engine
    from warmstart.tasks.onboarding.onboarding import Onboarding
    from warmstart.tasks.onboarding.tastes import Answer

_WORDS = {"y": 1.0, "yes": 1.0, "like": 1.0, "n": 0.0, "no": 0.0, "dislike": 0.0, "?": None, "": None}
"""Answers in words: interesting, not, and don't know."""


def onboard(
    model: o.Model,
    *,
    given: Annotated[
        list[str] | None,
        typer.Option(
            "--answer",
            "-a",
            metavar="ITEM:ANSWER",
            help="Said already: a rating, yes, no or ?. Repeat for more.",
        ),
    ] = None,
    most: Annotated[int, typer.Option("--most", min=1, max=50, help="Ask no more than this.")] = 5,
    n: o.N = 10,
    as_json: o.AsJson = False,
) -> None:
    """Ask a stranger what teaches most about their taste, then recommend.

    In a terminal it asks one thing after the other, each chosen by the answers
    so far, and stops when more questions would teach little.
    Elsewhere it prints what to ask next, and what it recommends by now.

    [bold]Examples[/bold]

      warmstart onboard my-model
      warmstart onboard my-model --answer 1001:yes --answer 1007:no --json
    """
    engine, asking = _ready(model, most)
    answers = [_answer(text, rates=asking.rates_) for text in given or ()]
    if sys.stdin.isatty() and not as_json:
        answers += _conversation(engine, asking, answers)
    following = asking.next(answers)
    with timed() as clock:
        found = engine.recommend(n=n, events=asking.events(answers))
    if as_json:
        title = {} if following is None else shown.item_facts(engine.item(following))
        asked = {"answers": given, "most": most}
        print_json(
            {
                "ask": None if following is None else {"item_id": following, **title},
                "questions": asking.questions(most, answers),
                **shown.answer_dict(engine.item, found, clock, asked),
            }
        )
        return
    out = console()
    if following is not None:
        rest = max(most - len(answers), 0)
        out.print("To ask, the most telling first:", style="bold")
        for item_id in asking.questions(rest, answers):
            out.print(f"  {item_id}  {_title(engine, item_id)}", markup=False)
    out.print(shown.answer_view(engine.item, found, clock, width=out.width))


def _ready(model: o.Model, most: int) -> tuple[Engine, Onboarding]:
    from warmstart.tasks.onboarding.onboarding import Onboarding

    engine = open_model(model)
    return engine, Onboarding(most=most).fit_on(engine.dataset, engine.item_features)


def _conversation(engine: Engine, asking: Onboarding, answers: list[Answer]) -> Iterator[Answer]:
    """Ask on the terminal until it is time to stop."""
    hint = "your rating, or ? if you do not know it" if asking.rates_ else "interesting? y/n/?"
    said = list(answers)
    while (item_id := asking.next(said)) is not None:
        reply = typer.prompt(f"{_title(engine, item_id)}  ({hint})", default="?", show_default=False)
        said.append(_answer(f"{item_id}:{reply}", rates=asking.rates_))
        yield said[-1]


def _title(engine: Engine, item_id: str) -> str:
    item = engine.item(item_id)
    return shown.one_line(item.title) if item else item_id


def _answer(text: str, *, rates: bool) -> Answer:
    """`1001:yes` or `1001:4` as an answer. Errors: `InputError` for what is none."""
    from warmstart.tasks.onboarding.tastes import Answer

    item_id, colon, said = text.rpartition(":")
    word = said.strip().lower()
    value = (
        None if rates and word in {"?", ""} else _number(word) if rates else _WORDS.get(word, _number(word))
    )
    if not colon or not item_id or (value is not None and math.isnan(value)):
        raise InputError(
            expected="ITEM:ANSWER with " + ("a rating or ?" if rates else "yes, no or ?"),
            found=repr(text),
            todo="Write it as 1001:4." if rates else "Write it as 1001:yes.",
        )
    return Answer(item_id=item_id, value=value)


def _number(word: str) -> float:
    try:
        return float(word)
    except ValueError:
        return float("nan")
