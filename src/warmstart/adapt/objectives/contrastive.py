"""Contrastive learning on a shop's text: pairs from its tables (multiple negatives), or dropout's twins."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

import numpy as np

from warmstart.adapt.job import BackboneJob
from warmstart.adapt.objectives.base import TextJob
from warmstart.adapt.objectives.negatives import similar_texts
from warmstart.adapt.pairs import TextPairs
from warmstart.adapt.probe import PairProbe
from warmstart.core.extras import load_torch
from warmstart.encoders.backbone import Backbone
from warmstart.encoders.tuning import Tuning


class ContrastiveJob(BackboneJob):
    """Multiple negatives: of all right texts of a batch, the one that belongs to a left text comes first.

    *Optimises*: the cross-entropy of a softmax over cosines divided by `temperature`, from left to right
    and with `symmetric` also back. Texts of the batch that equal the wanted one are not taken for wrong
    ones. `hard_negatives` adds so many right texts of like words for each pair. `keep` weighs how far the
    vectors move from those of the model as it came (one minus the cosine), so that what it knew stays.
    *Inputs*: pairs (`adapt.pairs`); a backbone of any kind.
    *When to use*: the first choice wherever a shop has titles and descriptions, attributes or queries.
    *When not*: with a few dozen pairs, or where the frozen model already finds all held-out pairs.
    *Source*: van den Oord et al. 2018 (arXiv 1807.03748), Henderson et al. 2017 (arXiv 1705.00652); false
    negatives left out as in Chuang et al. 2020 (arXiv 2007.00224) in its simplest form.
    """

    def __init__(
        self,
        backbone: Backbone,
        tuning: Tuning,
        pairs: TextPairs,
        *,
        probe: PairProbe | None = None,
        temperature: float = 0.05,
        symmetric: bool = True,
        hard_negatives: int = 0,
        keep: float = 0.0,
        total_steps: int = 100,
        seed: int = 0,
    ) -> None:
        encoder = backbone.as_encoder()
        self._came = copy.deepcopy(encoder) if keep else None
        super().__init__(encoder, tuning, total_steps=total_steps, seed=seed)
        self.pairs, self.probe = pairs, probe
        self.temperature, self.symmetric, self.keep = temperature, symmetric, keep
        self._hard = similar_texts(pairs, hard_negatives) if hard_negatives else None

    @property
    def size(self) -> int:
        """How many pairs there are."""
        return len(self.pairs)

    def batch(self, chosen: Sequence[int], rng: np.random.Generator) -> Any:
        """Tokens of the left and of the right texts, hard negatives last, and which are no negatives.

        The third has shape (lefts, rights) and is True where a right text belongs to the left one too.
        """
        torch = load_torch("ContrastiveJob")
        pairs = [self.pairs.pairs[place] for place in chosen]
        rights = [pair.right for pair in pairs]
        if self._hard is not None:
            rights += [self.pairs.pairs[place].right for place in self._hard[list(chosen)].ravel()]
        names, lefts = np.array(rights, dtype=object), np.array([pair.left for pair in pairs], dtype=object)
        same = names[None, :] == names[: len(pairs), None]
        same[:, : len(pairs)] |= lefts[None, :] == lefts[:, None]
        np.fill_diagonal(same, False)
        before = (self.backbone.prefix("query"), self.backbone.prefix("item"))
        return (
            self.backbone.tokens([before[0] + pair.left for pair in pairs]),
            self.backbone.tokens([before[1] + text for text in rights]),
            torch.from_numpy(same).to(self.backbone.device),
        )

    def outputs(self, batch: Any) -> Any:
        """Unit vectors of the left texts and of the right ones."""
        normalise = load_torch("ContrastiveJob").nn.functional.normalize
        return tuple(normalise(self.backbone.vectors(tokens).float(), dim=-1) for tokens in batch[:2])

    def loss(self, outputs: Any, batch: Any) -> Any:
        """Cross-entropy of the right partner, and how far the vectors have moved."""
        left, right = outputs
        loss = in_batch_loss(left, right, batch[2], self.temperature, symmetric=self.symmetric)
        if self._came is not None:
            loss = loss + self.keep * self._moved(outputs, batch)
        return self.penalised(loss)

    def divergence(self, one: Any, other: Any) -> Any:
        """R-Drop on the softmax over the batch."""
        logits = [left @ right.T / self.temperature for left, right in (one, other)]
        return super().divergence(*logits)

    def _moved(self, outputs: Any, batch: Any) -> Any:
        """One minus the mean cosine with the vectors of the model as it came."""
        torch = load_torch("ContrastiveJob")
        moved = []
        with torch.no_grad():
            came = [self._came.vectors(tokens).float() for tokens in batch[:2]]  # type: ignore[union-attr]
        for now, then in zip(outputs, came, strict=True):
            moved.append(1 - (now * torch.nn.functional.normalize(then, dim=-1)).sum(dim=-1).mean())
        return sum(moved) / len(moved)

    def quality(self) -> float | None:
        """Retrieval among the held-out pairs."""
        return self.probe.quality(self.backbone) if self.probe and len(self.probe.held_out) else None


class TwinJob(TextJob):
    """SimCSE without labels: a text read twice under dropout is a pair, the others are its negatives.

    *Optimises*: the in-batch softmax of `ContrastiveJob` between both readings.
    *Inputs*: texts; a backbone with dropout (all of BERT's kin have it).
    *When to use*: single texts without pairs, on a model that never learned sentences.
    *When not*: on a sentence encoder, whose vectors are spread out already, or where pairs are at hand.
    *Source*: Gao, Yao and Chen 2021 (arXiv 2104.08821).
    """

    def __init__(
        self,
        backbone: Backbone,
        tuning: Tuning,
        texts: Sequence[str],
        *,
        temperature: float = 0.05,
        **more: Any,
    ) -> None:
        super().__init__(backbone.as_encoder(), tuning, texts, **more)
        self.temperature = temperature

    def prepare(self, texts: Sequence[str], rng: np.random.Generator) -> Any:
        """Tokens, and which texts are equal."""
        names = np.array(list(texts), dtype=object)
        same = names[None, :] == names[:, None]
        np.fill_diagonal(same, False)
        torch = load_torch("TwinJob")
        return self.backbone.tokens(texts), torch.from_numpy(same).to(self.backbone.device)

    def outputs(self, batch: Any) -> Any:
        """Unit vectors of both readings."""
        normalise = load_torch("TwinJob").nn.functional.normalize
        return tuple(normalise(self.backbone.vectors(batch[0]).float(), dim=-1) for _ in range(2))

    def loss(self, outputs: Any, batch: Any) -> Any:
        """Cross-entropy of the twin."""
        one, other = outputs
        return self.penalised(in_batch_loss(one, other, batch[1], self.temperature, symmetric=False))


def in_batch_loss(left: Any, right: Any, same: Any, temperature: float, *, symmetric: bool) -> Any:
    """Cross-entropy of the partner at the same place; `same` marks texts that are no negatives.

    Shapes: left (n, dim), right (n or more, dim), same (n, rights).
    """
    torch = load_torch("in_batch_loss")
    logits = (left @ right.T / temperature).masked_fill(same, -1e4)
    wanted = torch.arange(len(left), device=left.device)
    loss = torch.nn.functional.cross_entropy(logits, wanted)
    if symmetric:
        loss = (loss + torch.nn.functional.cross_entropy(logits[:, : len(left)].T, wanted)) / 2
    return loss
