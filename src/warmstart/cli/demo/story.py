"""What happens in the demo, as plain values: nothing here prints."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from warmstart.cli.answers import one_line
from warmstart.cli.demo.cast import Visitor
from warmstart.cli.demo.words import SENTENCES, say
from warmstart.cli.output import timed
from warmstart.data.item_list import ItemList, ScoredItem
from warmstart.data.records import Event, Item
from warmstart.engine.engine import Engine

USER = "you"
CLICKS = 3
_DEEP = 100
_CIRCLED = "①②③④⑤⑥⑦⑧⑨⑩⑪⑫⑬⑭⑮⑯⑰⑱⑲⑳"


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """One item of a shown list. `moved` counts places up against the list before; None if it is new.

    `why` tells the `reasons` in few words; a circled number stands for one of the visitor's clicks.
    """

    place: int
    item_id: str
    title: str
    price: float | None
    currency: str
    score: float
    why: str
    reasons: tuple[Mapping[str, Any], ...] = ()
    moved: int | None = 0
    arrived: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Scene:
    """One step of the story: a heading, what is said, and the list that is shown."""

    key: str
    heading: str
    text: tuple[str, ...] = ()
    lines: tuple[Line, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        return asdict(self)


@dataclass(frozen=True, kw_only=True)
class Teller:
    """Plays the story on an engine that was fitted on the visitor's shop."""

    engine: Engine
    visitor: Visitor
    made_s: float = 0.0
    fitted_s: float = 0.0
    n: int = 6
    clicked: list[str] = field(default_factory=list)

    @property
    def language(self) -> str:
        """Language of shop and story."""
        return self.visitor.shop.settings.language

    def tell(self) -> Iterator[Scene]:
        """The scenes in order; each is played when it is asked for."""
        yield self._built()
        anyone = self.engine.search(self.visitor.plain, n=self.n)
        yield self._scene("search", lines=self.lines(anyone), query=self.visitor.plain)
        stranger = self.recommended()
        yield self._scene(
            "stranger", ("text", "secret"), lines=self.lines(stranger), says=self.visitor.says
        )
        shown = stranger
        for number in range(1, CLICKS + 1):
            scene, shown = self._click(number, shown)
            yield scene
        personal = self.engine.search(self.visitor.plain, user_id=USER, n=self.n)
        yield self._scene("personal", lines=self.lines(personal, before=anyone), query=self.visitor.plain)
        yield self._newcomer()
        yield self._forget(stranger)
        yield self._scene("next")

    def recommended(self, user_id: str = USER) -> ItemList:
        """What the evidence alone recommends: the story is about that, not about room for new items."""
        return self.engine.recommend(user_id, n=self.n, exposure=0.0)

    def lines(self, shown: ItemList, *, before: ItemList | None = None) -> tuple[Line, ...]:
        """A list with reasons in the language of the story, and how it moved against the one before."""
        places = {item_id: i for i, item_id in enumerate(before.item_ids)} if before else {}
        return tuple(
            self._line(i, entry, 0 if before is None else _moved(places, entry.item_id, i))
            for i, entry in enumerate(shown)
        )

    def title(self, item_id: str) -> str:
        """The title of an item, or its id."""
        item = self.engine.item(item_id)
        return one_line(item.title) if item and item.title else item_id

    def say(self, key: str, **facts: object) -> str:
        """A sentence in the language of the story."""
        return say(self.language, key, **facts)

    def _scene(
        self,
        key: str,
        texts: Sequence[str] = ("text",),
        lines: tuple[Line, ...] = (),
        **facts: Any,
    ) -> Scene:
        return Scene(
            key=key,
            heading=self.say(f"{key}.heading", **facts),
            text=tuple(self.say(f"{key}.{text}", **facts) for text in texts),
            lines=lines,
            facts=facts,
        )

    def _line(self, i: int, entry: ScoredItem, moved: int | None) -> Line:
        item = self.engine.item(entry.item_id) or Item(item_id=entry.item_id)
        return Line(
            place=i + 1,
            item_id=entry.item_id,
            title=self.title(entry.item_id),
            price=item.price,
            currency=item.currency,
            score=round(entry.score, 6),
            why=self._why(entry),
            reasons=tuple(
                {"kind": r.kind, "item_id": r.item_id, "value": round(r.value, 6)} for r in entry.reasons
            ),
            moved=moved,
            arrived=entry.item_id == self.visitor.newcomer.item_id,
        )

    def _why(self, entry: ScoredItem) -> str:
        """The reasons in words, those of one kind together, what the visitor did first."""
        by_kind: dict[str, list[str]] = {}
        for reason in sorted(entry.reasons, key=lambda r: (bool(r.item_id), r.value), reverse=True):
            kind = "self" if reason.item_id == entry.item_id else reason.kind
            by_kind.setdefault(kind, []).append(self._evidence(reason.item_id))
        return " · ".join(
            self.say(f"why.{kind}", title=" ".join(evidence)) if f"why.{kind}" in SENTENCES else kind
            for kind, evidence in by_kind.items()
        )

    def _evidence(self, item_id: str) -> str:
        """The number of the click on an item, as a circled digit; else its title."""
        number = self.clicked.index(item_id) if item_id in self.clicked else len(_CIRCLED)
        return _CIRCLED[number] if number < len(_CIRCLED) else self.title(item_id)

    def click(self, item_id: str) -> str:
        """The visitor clicks an item; gives the circled number of the click."""
        if item_id not in self.clicked:
            self.clicked.append(item_id)
        self.engine.observe(Event(user_id=USER, item_id=item_id, event_type="click"))
        return self._evidence(item_id)

    def forget(self) -> int:
        """Forget the visitor; gives the number of removed events."""
        self.clicked.clear()
        return self.engine.forget(USER)

    def _built(self) -> Scene:
        made = self.engine.describe()
        facts: dict[str, Any] = {name: made[name] for name in ("items", "users", "events")}
        facts |= {"made": round(self.made_s, 2), "fitted": round(self.fitted_s, 2)}
        facts["encoder"] = made["encoder"]["name"]
        return self._scene("built", ("made", "fitted"), **facts)

    def _click(self, number: int, shown: ItemList) -> tuple[Scene, ItemList]:
        """The visitor clicks what speaks to them, or searches when nothing does."""
        chosen = self.visitor.choose(shown.item_ids, self.clicked)
        texts = ("text",) if chosen else ("found", "text")
        if chosen is None:
            found = self.engine.search(self.visitor.plain, user_id=USER, n=50)
            chosen = self.visitor.choose(found.item_ids, self.clicked) or found.item_ids[0]
        with timed() as clock:
            mark = self.click(chosen)
            now = self.recommended()
        facts = {
            "title": self.title(chosen),
            "item_id": chosen,
            "ms": clock.ms,
            "query": self.visitor.plain,
        }
        lines = self.lines(now, before=shown)
        return self._scene("click", texts, lines=lines, number=number, mark=mark, **facts), now

    def _newcomer(self) -> Scene:
        newcomer, query = self.visitor.newcomer, self.visitor.precise
        before = self.engine.search(query, user_id=USER, n=self.n)
        with timed() as clock:
            self.engine.add([newcomer])
        found = self.engine.search(query, user_id=USER, n=self.n)
        every = self.engine.recommend(USER, n=len(self.engine.dataset.items), exposure=0.0).item_ids
        hits = self.engine.search(query, user_id=USER, n=_DEEP).item_ids
        places = {
            "found": _place(hits, newcomer.item_id),
            "recommended": _place(every, newcomer.item_id),
        }
        texts = ["added", "found" if places["found"] else "not_found"]
        texts += ["recommended"] if places["recommended"] else []
        facts: dict[str, Any] = {
            "item_id": newcomer.item_id,
            "title": one_line(newcomer.title),
            "query": query,
        }
        facts |= {"ms": clock.ms, "total": len(every), **places}
        return self._scene("newcomer", texts, self.lines(found, before=before), **facts)

    def _forget(self, stranger: ItemList) -> Scene:
        with timed() as clock:
            removed = self.forget()
        now = self.recommended()
        nobody = self.recommended("somebody-never-seen")
        facts = {"like_before": _same(now, stranger), "like_nobody": _same(now, nobody)}
        verdict = "same" if facts["like_before"] else "nobody" if facts["like_nobody"] else "differs"
        lines = self.lines(now)
        return self._scene("forget", ("text", verdict), lines, removed=removed, ms=clock.ms, **facts)


def _same(one: ItemList, other: ItemList) -> bool:
    """Equal ids and equal scores, to the last bit."""
    return one.item_ids == other.item_ids and one.scores.tolist() == other.scores.tolist()


def _place(item_ids: Sequence[str], item_id: str) -> int | None:
    return item_ids.index(item_id) + 1 if item_id in item_ids else None


def _moved(places: Mapping[str, int], item_id: str, now: int) -> int | None:
    return places[item_id] - now if item_id in places else None
