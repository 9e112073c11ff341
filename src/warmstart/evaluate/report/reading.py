"""Single cases to open and read, the worst first."""

from __future__ import annotations

from html import escape
from typing import Final

from warmstart.core.page.html import paragraph, section
from warmstart.evaluate.evaluation import Evaluation, Listed, Story
from warmstart.evaluate.metrics import lower_is_better
from warmstart.evaluate.report.look import Look
from warmstart.evaluate.wording import number, shots_name, shots_of

KINDS: Final = {
    "loss": "Lost: {focus} did worse than {other}",
    "worst": "Both alike, and the worst of these",
    "win": "Won: {focus} did better than {other}",
}
Group = tuple[str, str, int | None]


def stories(evaluation: Evaluation, look: Look) -> str:
    """A folded part for each place, and in it the cases by kind, each folded as well."""
    groups: dict[Group, list[Story]] = {}
    for story in evaluation.stories:
        groups.setdefault((story.metric, story.candidates, story.shots), []).append(story)
    if not groups:
        return ""
    has_shots = bool(shots_of(evaluation))
    first = next((key for key, found in groups.items() if any(s.kind == "loss" for s in found)), None)
    parts = [_group(look, key, found, has_shots, opened=key == first) for key, found in groups.items()]
    about = (
        "The cases in which the difference to the strongest other method is greatest, and those in which "
        "both are alike and poorest. A tick marks what was wanted. Chosen by their values, not at random: "
        "they show what goes wrong, not how often."
    )
    return section("Cases to read, the worst first", paragraph(about, "about"), *parts)


def _group(look: Look, key: Group, found: list[Story], has_shots: bool, *, opened: bool) -> str:
    metric, candidates, shots = key
    place = f"{metric}, {candidates}" + (f", {shots_name(shots)}" if has_shots else "")
    counts = [(kind, [s for s in found if s.kind == kind]) for kind in KINDS]
    words = {"loss": "lost", "worst": "alike and poor", "win": "won"}
    told = ", ".join(f"{len(of)} {words[kind]}" for kind, of in counts if of)
    inner = "".join(_kind(look, kind, of) for kind, of in counts if of)
    state = " open" if opened else ""
    return f"<details class='place'{state}><summary>{escape(place)}: {told}</summary>{inner}</details>"


def _kind(look: Look, kind: str, found: list[Story]) -> str:
    focus, other = _pair(look, found[0])
    title = KINDS[kind].format(focus=focus, other=other)
    if kind == "worst" and not lower_is_better(found[0].metric) and not any(map(_best, found)):
        title = "Neither found anything"
    return f"<h3 class='{kind}'>{escape(title)}</h3>" + "".join(_story(look, story) for story in found)


def _best(story: Story) -> float:
    return max((story.values.get(method, 0.0) for method in story.lists), default=0.0)


def _pair(look: Look, story: Story) -> tuple[str, str]:
    names = sorted(story.lists, key=lambda method: method != look.focus)
    return names[0] if names else look.focus, names[1] if len(names) > 1 else "the other"


def _story(look: Look, story: Story) -> str:
    pair = sorted(story.lists, key=lambda method: method != look.focus)
    values = ", ".join(f"{m} {number(story.values.get(m), 3)}" for m in pair)
    about = story.asked[-1] if story.asked and story.asked[-1] != story.name else ""
    summary = (
        f"<b>{escape(story.name)}</b> <span class='numbers'>{escape(values)}</span>"
        f"<span class='gist'>{escape(about)}</span>"
    )
    asked = _titles("Asked with", story.asked) if about or not story.asked else ""
    lists = "".join(_list(look, method, story) for method in pair)
    others = ", ".join(f"{m} {number(v, 3)}" for m, v in story.values.items() if m not in pair)
    rest = paragraph(f"Others: {others}", "small") if others else ""
    return (
        f"<details class='story'><summary>{summary}</summary><div class='case'>"
        f"{asked}{_titles('Wanted', story.wanted)}<div class='lists'>{lists}</div>{rest}</div></details>"
    )


def _titles(name: str, titles: tuple[str, ...]) -> str:
    listed = "".join(f"<li>{escape(title)}</li>" for title in titles) or "<li class='none'>nothing</li>"
    return f"<div class='titles'><h4>{name}</h4><ul>{listed}</ul></div>"


def _list(look: Look, method: str, story: Story) -> str:
    shown = _truth if lower_is_better(story.metric) else _place
    places = "".join(shown(one) for one in story.lists[method]) or "<li class='none'>nothing listed</li>"
    edge = f"border-color:{look.colour(method)}"
    return f"<div class='list' style='{edge}'><h4>{escape(method)}</h4><ol>{places}</ol></div>"


def _truth(listed: Listed) -> str:
    """A prediction with what it should have been: there is no hit or miss."""
    truth = "" if listed.gain is None else f" <small>in truth {listed.gain:g}</small>"
    return f"<li>{escape(listed.title)}{truth}</li>"


def _place(listed: Listed) -> str:
    if listed.gain is None:
        return f"<li class='unjudged'>{escape(listed.title)} <small>not judged</small></li>"
    if listed.gain <= 0:
        return f"<li class='miss'>{escape(listed.title)}</li>"
    grade = "" if listed.gain == 1 else f" <small>{listed.gain:g}</small>"
    return f"<li class='hit'><span>✓</span> {escape(listed.title)}{grade}</li>"
