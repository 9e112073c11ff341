"""Texts of one label drawn together, those of different labels apart: SetFit's first half."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np

from warmstart.adapt.job import BackboneJob
from warmstart.adapt.supervised.examples import Augment
from warmstart.core.errors import InputError
from warmstart.core.extras import load_torch
from warmstart.core.linear import IntArray, unit_rows
from warmstart.encoders.backbone import Backbone
from warmstart.encoders.tuning import Tuning

Likeness = Literal["pairs", "batch"]

_TEMPERATURE = 0.1
_HIDDEN = -1e9


class SetFitJob(BackboneJob):
    """Tunes an encoder so that texts of one label are alike: SetFit (Tunstall et al. 2022, 2209.11055).

    Pairs are drawn while training, none is ever listed. With `likeness` "pairs" each text of a batch comes
    with one of its label and one of another, and the squared distance of their cosines from 1 and 0 is
    made small, as SetFit does. With "batch" each text comes with one of its label alone, and all texts of
    the batch are compared with each other (Khosla et al. 2020, arXiv 2004.11362): more comparisons for
    two encodings instead of three. The only text of its label is paired with itself, seen through other
    dropout (Gao et al. 2021, arXiv 2104.08821).

    Held-out texts are judged by the share whose nearest class mean is their own.
    """

    def __init__(
        self,
        backbone: Backbone,
        tuning: Tuning,
        texts: Sequence[str],
        codes: IntArray,
        *,
        held_out: tuple[Sequence[str], IntArray] | None = None,
        likeness: Likeness = "pairs",
        augment: Augment | None = None,
        total_steps: int = 100,
        seed: int = 0,
    ) -> None:
        self._torch = load_torch(type(self).__name__)
        if len(np.unique(codes)) < 2:
            raise InputError(
                expected="texts of at least two labels to tell apart",
                found=f"{len(texts)} texts of one",
                todo="Add examples of another label.",
            )
        super().__init__(backbone, tuning, total_steps=total_steps, seed=seed)
        self.texts, self.codes, self.held_out = list(texts), codes, held_out
        self.likeness, self.augment = likeness, augment
        self._places = {code: np.flatnonzero(codes == code) for code in np.unique(codes).tolist()}

    @property
    def size(self) -> int:
        """How many texts; each epoch draws new company for every one."""
        return len(self.texts)

    def partner(self, place: int, rng: np.random.Generator) -> int:
        """Another text of the same label; the text itself where there is none."""
        own = self._places[int(self.codes[place])]
        if len(own) == 1:
            return place
        drawn = int(own[rng.integers(len(own) - 1)])
        return int(own[-1]) if drawn == place else drawn

    def stranger(self, place: int, rng: np.random.Generator) -> int:
        """A text of another label, found in a few draws however rare those are."""
        own = self.codes[place]
        for _ in range(8):
            drawn = int(rng.integers(len(self.codes)))
            if self.codes[drawn] != own:
                return drawn
        return int(rng.choice(np.flatnonzero(self.codes != own)))

    def batch(self, chosen: Sequence[int], rng: np.random.Generator) -> dict[str, Any]:
        """Texts with their company: first all texts, then their partners, then strangers."""
        places = [*chosen, *(self.partner(place, rng) for place in chosen)]
        if self.likeness == "pairs":
            places += [self.stranger(place, rng) for place in chosen]
        texts = [self.texts[place] for place in places]
        if self.augment is not None:
            texts = [self.augment(text, rng) for text in texts]
        codes = self._torch.from_numpy(self.codes[places]).to(self.backbone.device)
        return {"tokens": self.backbone.tokens(texts), "codes": codes, "size": len(chosen)}

    def outputs(self, batch: dict[str, Any]) -> Any:
        """Cosines of each text with all others, shape (texts, texts)."""
        vectors = self._torch.nn.functional.normalize(self.backbone.vectors(batch["tokens"]), dim=-1)
        return vectors @ vectors.T

    def loss(self, outputs: Any, batch: dict[str, Any]) -> Any:
        """How far the cosines are from what the labels say."""
        return self.penalised(
            self._by_pairs(outputs, batch["size"])
            if self.likeness == "pairs"
            else self._by_batch(outputs, batch["codes"])
        )

    def _by_pairs(self, cosines: Any, size: int) -> Any:
        places = self._torch.arange(size, device=cosines.device)
        near, far = cosines[places, places + size], cosines[places, places + 2 * size]
        return (((near - 1.0) ** 2).mean() + (far**2).mean()) / 2

    def _by_batch(self, cosines: Any, codes: Any) -> Any:
        itself = self._torch.eye(len(codes), dtype=self._torch.bool, device=cosines.device)
        scores = (cosines / _TEMPERATURE).masked_fill(itself, _HIDDEN)
        alike = (codes[:, None] == codes[None, :]) & ~itself
        said = scores.log_softmax(dim=1).masked_fill(~alike, 0.0)
        return -(said.sum(dim=1) / alike.sum(dim=1)).mean()

    def divergence(self, one: Any, other: Any) -> Any:
        """Mean squared difference of cosines."""
        return ((one - other) ** 2).mean()

    def quality(self) -> float | None:
        """The share of held-out texts whose nearest class mean is their own."""
        if self.held_out is None or not len(self.held_out[0]):
            return None
        texts, codes = self.held_out
        vectors, known = self.backbone.encode([*self.texts, *texts]), list(self._places)
        rows = unit_rows(vectors)
        means = unit_rows(np.array([rows[self._places[code]].mean(axis=0) for code in known]))
        told = np.array(known)[(rows[len(self.texts) :] @ means.T).argmax(axis=1)]
        return float((told == codes).mean())
