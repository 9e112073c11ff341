"""A component, a toy shop, and how to ask: what the checks are given."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Generic, TypeVar

import numpy as np

from warmstart.core.component import Component
from warmstart.core.linear import FloatArray
from warmstart.data.dataset import Dataset
from warmstart.data.query import Query
from warmstart.roles.classifier import Classifier
from warmstart.roles.encoder import Encoder
from warmstart.roles.few_shot_head import Evidence, FewShotHead, Task, Values
from warmstart.roles.scorer import Retriever, Scorer
from warmstart.testing.toys import Checkerboard, WordEncoder, checkerboard, rename_query, renamed

AnyComponent = TypeVar("AnyComponent", bound=Component)
AnyScorer = TypeVar("AnyScorer", bound=Scorer)


@dataclass(kw_only=True)
class Trial(ABC, Generic[AnyComponent]):
    """What the laws that hold for every component need: make one, fit it, ask it."""

    factory: Callable[[], AnyComponent]
    toy: Checkerboard = field(default_factory=checkerboard)

    @cached_property
    def fitted(self) -> AnyComponent:
        """A fitted component, made at first use. Checks must leave it as it is."""
        return self.fit(self.factory())

    @abstractmethod
    def fit(self, component: AnyComponent) -> AnyComponent:
        """Fit on the toy shop."""

    @abstractmethod
    def fit_elsewhere(self, component: AnyComponent) -> AnyComponent:
        """Fit on another shop."""

    @abstractmethod
    def answer(self, component: AnyComponent) -> FloatArray:
        """What a fitted component says about everything in the toy shop; higher is nearer or better."""

    @abstractmethod
    def answer_renamed(self) -> FloatArray:
        """The same from one fitted on the renamed and shuffled shop, in the order of `answer`."""

    def loaded(self, component: AnyComponent) -> None:
        """What must be done after `set_state`."""


@dataclass(kw_only=True)
class EncoderTrial(Trial[Encoder]):
    """Asks for the cosines among items, and between single words and items."""

    def fit(self, component: Encoder) -> Encoder:
        """Fit on the texts of the toy shop."""
        return component.fit(self.toy.texts)

    def fit_elsewhere(self, component: Encoder) -> Encoder:
        """Fit on half of the texts."""
        return component.fit(self.toy.texts[: len(self.toy.texts) // 2])

    def answer(self, component: Encoder) -> FloatArray:
        """Cosines, shape (items + words, items)."""
        return self.cosines(component, self.toy.texts)

    def cosines(self, encoder: Encoder, texts: list[str]) -> FloatArray:
        """Cosines of items and of words with the items of these texts."""
        words = [self.toy.word_query(group, i).text for group in (0, 1) for i in range(13)]
        items = encoder.encode_items(texts)
        cosines: FloatArray = np.vstack([items, encoder.encode(words, "query")]) @ items.T
        return cosines

    def answer_renamed(self) -> FloatArray:
        """Fitted and asked in another order; an encoder sees no ids."""
        order = np.random.default_rng(0).permutation(len(self.toy.texts))
        texts = [self.toy.texts[i] for i in order]
        shuffled = self.cosines(self.factory().fit(texts), texts)
        back = np.argsort(order)
        return np.vstack([shuffled[: len(order)][back], shuffled[len(order) :]])[:, back]


@dataclass(kw_only=True)
class AnyScorerTrial(Trial[AnyScorer]):
    """Fits with an encoder whose cosines are exact."""

    def fit(self, component: AnyScorer) -> AnyScorer:
        """Fit on the toy shop."""
        return self.fit_on(component, self.toy.dataset)

    def fit_on(self, component: AnyScorer, dataset: Dataset) -> AnyScorer:
        """Fit on a shop whose words are those of the toy shop."""
        return component.fit(dataset, self.encoder)

    def fit_elsewhere(self, component: AnyScorer) -> AnyScorer:
        """Fit on half of the items, with all events."""
        dataset = self.toy.dataset
        return self.fit_on(component, Dataset(items=dataset.items[::2], events=dataset.events))

    @cached_property
    def encoder(self) -> Encoder:
        """The stand-in for a language model."""
        return WordEncoder().fit(self.toy.texts)

    @property
    def queries(self) -> list[Query]:
        """The questions asked by `answer`."""
        users = [self.toy.user_query(group, n) for group in (0, 1) for n in (1, 3, None)]
        words = [self.toy.word_query(group, *range(n)) for group in (0, 1) for n in (1, 2)]
        return [*users, *words, Query()]

    def answer(self, component: AnyScorer) -> FloatArray:
        """Scores, shape (queries, items)."""
        return np.vstack([component.score(query) for query in self.queries])

    def answer_renamed(self) -> FloatArray:
        """Fitted on the renamed shop, asked by renamed users."""
        dataset, names = renamed(self.toy)
        scorer = self.fit_on(self.factory(), dataset)
        order = [names[item_id] for item_id in self.toy.dataset.item_ids]
        return np.vstack([scorer.score(rename_query(query, names), order) for query in self.queries])

    def loaded(self, component: AnyScorer) -> None:
        """Give back the encoder."""
        component.use_encoder(self.encoder)


class ScorerTrial(AnyScorerTrial[Scorer]):
    """A trial of a scorer."""


class RetrieverTrial(AnyScorerTrial[Retriever]):
    """A trial of a retriever."""


@dataclass(kw_only=True)
class ClassifierTrial(Trial[Classifier]):
    """The texts of the toy shop are examples; their group is the label."""

    @property
    def labels(self) -> list[str]:
        """The label of each text of the toy shop."""
        return self.names("camping", "kitchen")

    def names(self, *names: str) -> list[str]:
        """The group of each text under other names."""
        return [names[int(group)] for group in self.toy.groups]

    @cached_property
    def encoder(self) -> Encoder:
        """The stand-in for a language model."""
        return WordEncoder().fit(self.toy.texts)

    def fit(self, component: Classifier) -> Classifier:
        """Fit on the toy shop."""
        texts = self.toy.texts
        return component.fit(texts, self.labels, unlabelled=texts, encoder=self.encoder)

    def fit_elsewhere(self, component: Classifier) -> Classifier:
        """Fit on some of the texts, with three other labels."""
        texts = self.toy.texts[: len(self.toy.texts) // 2]
        return component.fit(texts, ["xyz"[i % 3] for i in range(len(texts))], encoder=self.encoder)

    def answer(self, component: Classifier) -> FloatArray:
        """Probabilities and outlierness of the texts and of single words, shape (texts, labels + 1)."""
        words = [self.toy.word_query(group, i).text for group in (0, 1) for i in range(13)]
        texts = [*self.toy.texts, *words, ""]
        return np.column_stack([component.predict_proba(texts), component.outlierness(texts)])

    def answer_renamed(self) -> FloatArray:
        """Fitted on shuffled examples, with labels whose order is the other way round."""
        order = np.random.default_rng(0).permutation(len(self.toy.texts))
        texts, labels = self.toy.texts, self.names("two", "one")
        shuffled = [texts[i] for i in order]
        fitted = self.factory().fit(
            shuffled, [labels[i] for i in order], unlabelled=shuffled, encoder=self.encoder
        )
        return self.answer(fitted)[:, [1, 0, 2]]

    def loaded(self, component: Classifier) -> None:
        """Give back the encoder."""
        component.use_encoder(self.encoder)


@dataclass(kw_only=True)
class HeadTrial(Trial[FewShotHead]):
    """Users of the toy shop are tasks: what they touched has the target 1, the other group 0."""

    @cached_property
    def vectors(self) -> Values:
        """One row per item: the words of its text, scaled to length one."""
        return WordEncoder().fit(self.toy.texts).encode(self.toy.texts).astype(np.float64)

    @cached_property
    def tasks(self) -> list[Task]:
        """Four tasks per user: one to four liked items to learn from, in half of them as many others."""
        rng = np.random.default_rng(0)
        return [self._task(group, user, rng) for group in (0, 1) for user in range(48)]

    def _task(self, group: int, user: int, rng: np.random.Generator) -> Task:
        shots, others = 1 + user % 4, (user // 4) % 2
        liked = (self.toy.groups == group).astype(np.float64)
        drawn = [rng.permutation(np.flatnonzero(liked == side))[: shots + 4] for side in (1.0, 0.0)]
        support = np.concatenate([drawn[0][:shots], drawn[1][: shots * others]])
        query = np.concatenate([part[shots:] for part in drawn])
        first, then = (Evidence.of(self.vectors[part], liked[part]) for part in (support, query))
        return Task(support=first, query=then)

    @property
    def evidence(self) -> list[Evidence]:
        """What a subject may have shown: nothing, one liked item, and several with a weight each."""
        rows = self.vectors[[2, 20, 5, 14, 2]]
        several = Evidence.of(rows, [1, 0, 1, 0, 1], [1, 0.5, 2, 1, 0.25])
        return [Evidence.none(rows.shape[1]), Evidence.of(rows[:1], [1.0]), several]

    def fit(self, component: FewShotHead) -> FewShotHead:
        """Fit on the users of the toy shop."""
        return component.fit(self.tasks)

    def fit_elsewhere(self, component: FewShotHead) -> FewShotHead:
        """Fit on some of them, in a narrower space."""
        narrow = [
            Task(support=_narrowed(task.support), query=_narrowed(task.query)) for task in self.tasks[::3]
        ]
        return component.fit(narrow)

    def answer(self, component: FewShotHead) -> FloatArray:
        """Means and variances of all items after each evidence."""
        found = [component.predict(evidence, self.vectors) for evidence in self.evidence]
        return np.array(found, dtype=np.float32)

    def answer_renamed(self) -> FloatArray:
        """Fitted on the tasks in another order; a head sees no ids."""
        order = np.random.default_rng(1).permutation(len(self.tasks))
        return self.answer(self.factory().fit([self.tasks[i] for i in order]))


def _narrowed(evidence: Evidence) -> Evidence:
    return Evidence.of(evidence.vectors[:, :5], evidence.targets, evidence.weights)
