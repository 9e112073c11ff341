"""Which of these items is wanted: a query and its candidates read by one encoder, trained to rank."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np

from warmstart.adapt.job import BackboneJob
from warmstart.core.errors import InputError
from warmstart.core.extras import load_torch
from warmstart.core.linear import BoolArray, FloatArray, unit_rows
from warmstart.encoders.backbone import Backbone
from warmstart.encoders.tuning import Tuning
from warmstart.roles.encoder import Side

RankLoss = Literal["pairwise", "listwise", "in-batch"]

_HIDDEN = -1e9


@dataclass(frozen=True, kw_only=True)
class RankedList:
    """A query, the texts of its candidates, and how good each is (0: not wanted; larger is better).

    `known` are further texts that are right, too: among those of a batch they are no rivals.
    """

    query: str
    items: tuple[str, ...]
    grades: tuple[float, ...]
    known: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        if len(self.items) != len(self.grades) or not self.items or max(self.grades) <= 0:
            raise InputError(
                expected="a grade for each candidate, one of them above 0",
                found=f"{len(self.items)} candidates with the grades {self.grades[:5]}",
                todo="Leave out queries for which nothing is known to be right.",
            )


class RankingJob(BackboneJob):
    """Tunes an encoder so that cosines rank candidates by their grades.

    Three losses over the cosines times `scale`:

    - "pairwise": the logistic loss of every two candidates with different grades (RankNet, Burges et al.
      2005), the mean over pairs;
    - "listwise": cross-entropy between the softmax of the grades and that of the scores (ListNet's top-one
      form, Cao et al. 2007);
    - "in-batch": each query's best candidate against those of all other queries of the batch (Henderson
      et al. 2017, arXiv 1705.00652); candidates of equal text are no rivals. Needs no bad candidates.

    Held-out lists are judged by nDCG of their own candidates; for "in-batch", of all their candidates.
    """

    asking: ClassVar[Side] = "query"
    """What the asking text is, for models that want to be told."""

    def __init__(
        self,
        backbone: Backbone,
        tuning: Tuning,
        lists: Sequence[RankedList],
        *,
        held_out: Sequence[RankedList] = (),
        kind: RankLoss = "listwise",
        scale: float = 20.0,
        total_steps: int = 100,
        seed: int = 0,
    ) -> None:
        self._torch = load_torch(type(self).__name__)
        super().__init__(backbone, tuning, total_steps=total_steps, seed=seed)
        self.lists, self.held_out, self.kind, self.scale = list(lists), list(held_out), kind, scale

    @property
    def size(self) -> int:
        """How many queries."""
        return len(self.lists)

    def batch(self, chosen: Sequence[int], rng: np.random.Generator) -> dict[str, Any]:
        """Queries and candidates as tokens; candidates of a list stand together."""
        lists = self.drawn(chosen, rng)
        texts = [item for one in lists for item in one.items]
        owner = np.repeat(np.arange(len(lists)), [len(one.items) for one in lists])
        grades = np.concatenate([one.grades for one in lists]).astype(np.float32)
        return {
            "queries": self.backbone.tokens(
                [self.backbone.prefix(self.asking) + one.query for one in lists]
            ),
            "items": self.backbone.tokens([self.backbone.prefix("item") + text for text in texts]),
            "owner": self._tensor(owner),
            "grades": self._tensor(grades),
            "rivals": self._tensor(self._rivals(lists, texts)),
        }

    def drawn(self, chosen: Sequence[int], rng: np.random.Generator) -> list[RankedList]:
        """The lists of a batch; with "in-batch" each is cut to its best candidate."""
        lists = [self.lists[place] for place in chosen]
        return [_best_alone(one) for one in lists] if self.kind == "in-batch" else lists

    def _rivals(self, lists: Sequence[RankedList], texts: Sequence[str]) -> BoolArray:
        """Which candidate competes for which query, shape (queries, candidates)."""
        found = np.zeros((len(lists), len(texts)), dtype=np.bool_)
        start = 0
        for row, one in enumerate(lists):
            stop = start + len(one.items)
            if self.kind == "in-batch":
                found[row] = [text not in one.items and text not in one.known for text in texts]
            found[row, start:stop] = True
            start = stop
        return found

    def outputs(self, batch: dict[str, Any]) -> Any:
        """Scores, shape (queries, candidates); very low where a candidate does not compete."""
        normalize = self._torch.nn.functional.normalize
        queries, items = (
            normalize(self.backbone.vectors(batch[side]), dim=-1) for side in ("queries", "items")
        )
        return (self.scale * (queries @ items.T)).masked_fill(~batch["rivals"], _HIDDEN)

    def loss(self, outputs: Any, batch: dict[str, Any]) -> Any:
        """The chosen loss, the mean over queries or pairs."""
        if self.kind == "pairwise":
            return self.penalised(self._pairwise(outputs, batch))
        return self.penalised(self._listwise(outputs, batch))

    def _pairwise(self, scores: Any, batch: dict[str, Any]) -> Any:
        own, owner, grades = scores[batch["owner"], self._range(scores)], batch["owner"], batch["grades"]
        better = (owner[:, None] == owner[None, :]) & (grades[:, None] > grades[None, :])
        losses = self._torch.nn.functional.softplus(own[None, :] - own[:, None])
        return (losses * better).sum() / better.sum().clamp_min(1)

    def _listwise(self, scores: Any, batch: dict[str, Any]) -> Any:
        own = self._torch.full_like(scores, _HIDDEN)
        own[batch["owner"], self._range(scores)] = batch["grades"].to(scores.dtype)
        return -(own.softmax(dim=1) * scores.log_softmax(dim=1)).sum(dim=1).mean()

    def _range(self, scores: Any) -> Any:
        return self._torch.arange(scores.shape[1], device=scores.device)

    def quality(self) -> float | None:
        """Mean nDCG of held-out lists."""
        if not self.held_out:
            return None
        return ndcg_of_lists(
            self.backbone, self.held_out, asking=self.asking, pooled=self.kind == "in-batch"
        )

    def _tensor(self, values: Any) -> Any:
        return self._torch.from_numpy(values).to(self.backbone.device)


def ndcg_of_lists(
    backbone: Backbone, lists: Sequence[RankedList], *, asking: Side = "query", pooled: bool = False
) -> float:
    """Mean nDCG (linear gain) of candidates ranked by cosine; `pooled`: among the candidates of all lists.

    What is `known` of a list is left out of its ranking.
    """
    texts = list(dict.fromkeys(item for one in lists for item in one.items))
    place = {text: i for i, text in enumerate(texts)}
    items = unit_rows(backbone.encode([backbone.prefix("item") + text for text in texts]))
    queries = unit_rows(backbone.encode([backbone.prefix(asking) + one.query for one in lists]))
    found = []
    for one, scores in zip(lists, queries @ items.T, strict=True):
        gains = np.zeros(len(texts), dtype=np.float64)
        own = [place[item] for item in one.items]
        np.maximum.at(gains, own, one.grades)
        rivals = [i for i, text in enumerate(texts) if i in own or text not in one.known]
        kept = np.array(rivals) if pooled else np.unique(own)
        found.append(_ndcg(scores[kept], gains[kept]))
    return float(np.mean(found))


def _ndcg(scores: FloatArray, gains: FloatArray) -> float:
    discounts = 1.0 / np.log2(np.arange(len(gains)) + 2)
    ranked = gains[np.argsort(-scores, kind="stable")]
    return float(ranked @ discounts / (np.sort(gains)[::-1] @ discounts))


def _best_alone(one: RankedList) -> RankedList:
    best = int(np.argmax(one.grades))
    return RankedList(
        query=one.query, items=(one.items[best],), grades=(one.grades[best],), known=one.known
    )
