"""What is measured, by name: the engine, each registered scorer or retriever, and chance.

A name is "engine", "engine-plain" (the same without exposure), "random", or the short name of a registered
component ("popularity" for `scorer.popularity`, "bm25" for `retriever.bm25`), so that a third-party
component is measured by naming it. A fitted-from-scratch `Scorer` object works too.
"""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from importlib.util import find_spec
from typing import ClassVar, Final, Self, cast

import numpy as np

from warmstart.core import registry
from warmstart.core.component import Component
from warmstart.core.errors import ConfigError
from warmstart.core.linear import FloatArray, top_positions
from warmstart.data.dataset import Dataset
from warmstart.data.item_list import ItemList
from warmstart.data.query import Query
from warmstart.data.records import Event
from warmstart.data.text import item_texts
from warmstart.roles.encoder import Encoder
from warmstart.roles.scorer import Retriever, Scorer

ENGINE: Final = "engine"
PLAIN: Final = "engine-plain"
RANDOM: Final = "random"


@dataclass(kw_only=True)
class Method:
    """Something that answers the questions of a protocol under a name."""

    name: str

    @property
    def component(self) -> Component | None:
        """The component that does the work, whose settings can be tuned; None when there is none."""
        return None

    def with_component(self, component: Component) -> Self:
        """The same method around another setting of its component."""
        raise NotImplementedError(f"{self.name} has no component; {component!r} cannot replace it")


@dataclass(kw_only=True)
class RankingMethod(Method, ABC):
    """A method that ranks items: for recommendation and for search."""

    updates: ClassVar[bool] = False
    """Whether it keeps state per user, so that taking in one event costs something."""

    @abstractmethod
    def fit(self, dataset: Dataset) -> None:
        """Learn from the training shop, from nothing."""

    @abstractmethod
    def score(self, query: Query) -> FloatArray:
        """A score for each item of the training shop, in its order; NaN is no opinion."""

    @abstractmethod
    def retrieve(self, query: Query, n: int) -> ItemList:
        """The `n` best items for a typed query."""

    def observe(self, event: Event) -> None:
        """Take in one event. Only for methods that keep state; others get all evidence with the query."""
        raise NotImplementedError(f"{self.name} keeps no state of {event.user_id}")


@dataclass(kw_only=True)
class ScorerMethod(RankingMethod):
    """A scorer or retriever on its own."""

    scorer: Scorer
    encoder: Encoder | str = "auto"

    @property
    def component(self) -> Component:
        """The scorer."""
        return self.scorer

    def with_component(self, component: Component) -> Self:
        """The same method around another setting of its scorer."""
        return replace(self, scorer=cast("Scorer", component))

    def fit(self, dataset: Dataset) -> None:
        """Fit a fresh copy, and its encoder first.

        Every recommender gets one, so that each may carry what it learns over to new items by their
        text; a retriever gets one when it needs it.
        """
        reads_text = self.scorer.needs_encoder or not isinstance(self.scorer, Retriever)
        encoder = fitted_encoder(dataset, self.encoder) if reads_text else None
        self._item_ids = dataset.item_ids
        self._fitted = copy.deepcopy(self.scorer).fit(dataset, encoder)

    def score(self, query: Query) -> FloatArray:
        """The scorer's scores."""
        return self._fitted.score(query)

    def retrieve(self, query: Query, n: int) -> ItemList:
        """The retriever's list, or the top of a scorer's scores."""
        if isinstance(self._fitted, Retriever):
            return self._fitted.retrieve(query, n)
        return _top(self._item_ids, self.score(query), n)


@dataclass(kw_only=True)
class EngineMethod(RankingMethod):
    """The whole engine with default settings, ranking as `Engine.recommend` does.

    `exposure` is the share of the first `n` places that is asked for new and thin items: None for the
    engine's own, 0 for the ranking before any policy.
    """

    name: str = ENGINE
    encoder: Encoder | str = "auto"
    exposure: float | None = None
    n: int = 20
    updates: ClassVar[bool] = True

    def fit(self, dataset: Dataset) -> None:
        """Fit an engine, encoder included."""
        from warmstart.engine.engine import Engine

        self._engine = Engine().fit(dataset, encoder=self.encoder)

    def score(self, query: Query) -> FloatArray:
        """The order of `Engine.recommend` as scores; filters and availability are left out."""
        return self._engine.ranking(query, self.n, self.exposure)

    def retrieve(self, query: Query, n: int) -> ItemList:
        """`Engine.search`."""
        return self._engine.search(query.text, n=n)

    def observe(self, event: Event) -> None:
        """`Engine.observe`."""
        self._engine.observe(event)


@dataclass(kw_only=True)
class RandomMethod(RankingMethod):
    """Chance: what a number means has to be read from here upwards."""

    name: str = RANDOM
    seed: int = 0

    def fit(self, dataset: Dataset) -> None:
        """Remember the items."""
        self._item_ids = dataset.item_ids
        self._rng = np.random.default_rng(self.seed)

    def score(self, query: Query) -> FloatArray:
        """Uniform noise, new at every call."""
        del query  # chance does not look
        return self._rng.random(len(self._item_ids), dtype=np.float32)

    def retrieve(self, query: Query, n: int) -> ItemList:
        """Random items."""
        return _top(self._item_ids, self.score(query), n)


def _top(item_ids: Sequence[str], scores: FloatArray, n: int) -> ItemList:
    best = top_positions(scores, n)
    return ItemList(item_ids=tuple(item_ids[i] for i in best), scores=scores[best])


_shared: ContextVar[dict[tuple[int, str], Encoder] | None] = ContextVar("_shared", default=None)


def fitted_encoder(dataset: Dataset, encoder: Encoder | str) -> Encoder:
    """The encoder that `Engine.fit` would use for the same value, fitted on the text of all items."""
    kept, key = _shared.get(), (id(dataset), encoder_name(encoder))
    if kept is not None and key in kept:
        return kept[key]
    fitted = _chosen(encoder).fit(item_texts(dataset.items))
    if kept is not None:
        kept[key] = fitted
    return fitted


@contextmanager
def encoders_shared() -> Iterator[None]:
    """Within, an encoder is fitted once per shop: for trials, whose time to fit is not reported."""
    token = _shared.set({})
    try:
        yield
    finally:
        _shared.reset(token)


def encoder_name(encoder: Encoder | str) -> str:
    """What an encoder is, for the record: "auto" as what it stands for here, and the settings in full."""
    chosen = repr(_chosen(encoder))
    return f"{encoder}: {chosen}" if isinstance(encoder, str) else chosen


def _chosen(encoder: Encoder | str) -> Encoder:
    from warmstart.encoders.auto import choose_encoder

    return choose_encoder(encoder)[0] if isinstance(encoder, str) else encoder


def build(
    method: str | Component | Method,
    *,
    kinds: Sequence[str] = ("scorer", "retriever"),
    encoder: Encoder | str = "auto",
    seed: int = 0,
) -> Method:
    """An unfitted ranking method for a name or a `Scorer`; a `Method` of any kind is copied.

    `kinds` says where names are looked up first. Errors: `ConfigError` lists the known names.
    """
    if isinstance(method, Method):
        return copy.deepcopy(method)
    if isinstance(method, Scorer):
        return ScorerMethod(name=type(method).__name__, scorer=method, encoder=encoder)
    if isinstance(method, Component):
        raise ConfigError(
            expected="a component that ranks items", found=type(method).__name__, todo="Pass a scorer."
        )
    special: dict[str, Callable[[], Method]] = {
        ENGINE: lambda: EngineMethod(encoder=encoder),
        PLAIN: lambda: EngineMethod(name=PLAIN, encoder=encoder, exposure=0.0),
        RANDOM: lambda: RandomMethod(seed=seed),
    }
    if method in special:
        return special[method]()
    return ScorerMethod(name=method, scorer=_component(method, kinds), encoder=encoder)


def known(kinds: Sequence[str] = ("scorer", "retriever")) -> list[str]:
    """The names that `build` understands."""
    return [ENGINE, PLAIN, RANDOM, *(name for kind in kinds for name in registry.names(kind))]


def _component(name: str, kinds: Sequence[str]) -> Scorer:
    kind = next((kind for kind in kinds if name in registry.names(kind)), None)
    found = registry.get(kind, name)() if kind else None
    if not isinstance(found, Scorer):
        raise ConfigError(
            expected="the name of a method",
            found=repr(name),
            todo=f"Choose among: {', '.join(known(kinds))}.",
        )
    return found


LIBRARIES: Final[Mapping[str, tuple[str, str]]] = {
    "ials": ("implicit", "evaluate"),
    "ials-map": ("implicit", "evaluate"),
    "lambdamart": ("lightgbm", "evaluate"),
    "tfidf-logistic": ("sklearn", "evaluate"),
    "encoder-logistic": ("sklearn", "evaluate"),
    "encoder-logistic+names": ("sklearn", "evaluate"),
    "unlabelled-svd-logistic": ("sklearn", "evaluate"),
    "dropoutnet": ("torch", "lm"),
    "heater": ("torch", "lm"),
    "clcrec": ("torch", "lm"),
    "semco": ("torch", "lm"),
    "melu": ("torch", "lm"),
}
"""Methods that need a library which is not always there: its name, and the extra that brings it."""


def without_library(names: Sequence[str]) -> dict[str, str]:
    """Those of these methods whose library is not installed, with the extra that each wants."""
    wanted = {name: LIBRARIES[name] for name in names if name in LIBRARIES}
    return {name: extra for name, (library, extra) in wanted.items() if find_spec(library) is None}


def name_of(method: str | Component | Method) -> str:
    """The name under which a method is reported."""
    if isinstance(method, Method):
        return method.name
    return type(method).__name__ if isinstance(method, Component) else method
