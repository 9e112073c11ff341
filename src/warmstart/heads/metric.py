"""Heads that compare: prototypes, attention over the support, and ridge regression on an embedding."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from warmstart.heads.episodic import EpisodicHead, Told, Weights, drawn
from warmstart.roles.few_shot_head import Evidence, Values

_SLOWLY: Final = 0.05


@dataclass(kw_only=True)
class MetricHead(EpisodicHead):
    """Base of heads whose answer is a prior, linear in x, and one share per example of the support.

    Vectors are compared after a learned linear embedding of `width` dimensions. With a width of 0 it keeps
    the dimensions of the vectors, starts as the identity and moves slowly: for vectors whose inner
    products mean something already. A new one writes `_shares`.
    """

    def _start(self, rng: np.random.Generator, dim: int) -> dict[str, Values]:
        return {
            "embedding": drawn(rng, dim, self.width) if self.width else np.eye(dim),
            "prior": np.zeros((dim, 1)),
            "offset": np.zeros(1),
            "gain": np.full(1, self._stretch),
            "trust": np.full(1, float(self.loss == "squared")),
            "log_scale": np.full(1, np.log(self._stretch)),
            "log_strength": np.zeros(1),
        }

    def _pace(self, name: str) -> float:
        return super()._pace(name) if self.width or name != "embedding" else _SLOWLY

    def _prior(self, w: Weights, vectors: Any) -> Any:
        return (vectors @ w["prior"])[..., 0] + w["offset"]

    def _shares(self, xp: Any, w: Weights, told: Told, query: Any) -> tuple[Any, Any]:
        """What the prior (..., m) and each example (..., m, n) add to the answer."""
        raise NotImplementedError

    def _forward(self, xp: Any, w: Weights, told: Told, query: Any) -> Any:
        prior, shares = self._shares(xp, w, told, query)
        return prior + shares.sum(-1)

    def _contributions(self, vectors: Values, evidence: Evidence) -> Values:
        prior, shares = self._shares(np, self.weights_, Told.of(evidence), vectors)
        parts: Values = np.column_stack([prior, shares])
        return parts


@dataclass(kw_only=True)
class PrototypeHead(MetricHead):
    """Likeness to the mean of what was liked, less that to the mean of what was not.

    Prototypical networks (Snell, Swersky and Zemel, 2017) with inner products and prototypes shrunk
    towards nothing: of n examples a prototype has n / (n + strength) of its length, so that the prior
    rules while there is little evidence. Targets are between 0 and 1.

    *Use it* where liking has one centre per subject. *Needs* torch to fit. See also: `GaussianHead`.
    """

    def _shares(self, xp: Any, w: Weights, told: Told, query: Any) -> tuple[Any, Any]:
        strength = xp.exp(w["log_strength"])
        liked, not_liked = told.weights * told.targets, told.weights * (1 - told.targets)
        part = liked / (liked.sum(-1)[..., None] + strength)
        part = part - not_liked / (not_liked.sum(-1)[..., None] + strength)
        likeness = (query @ w["embedding"]) @ (told.vectors @ w["embedding"]).swapaxes(-1, -2)
        return self._prior(w, query), xp.exp(w["log_scale"]) * likeness * part[..., None, :]


@dataclass(kw_only=True)
class MatchingHead(MetricHead):
    """The targets of the examples, averaged by attention; one more slot holds the prior.

    Matching networks (Vinyals et al., 2016): attention is a softmax over scaled cosines of embeddings. The
    slot of the prior has a learned logit, so that what is like no example keeps the prior's answer.

    *Use it* for likings with several centres. *Needs* torch to fit.
    """

    def _shares(self, xp: Any, w: Weights, told: Told, query: Any) -> tuple[Any, Any]:
        near = _unit(xp, query @ w["embedding"]) @ _unit(xp, told.vectors @ w["embedding"]).swapaxes(-1, -2)
        attention = told.weights[..., None, :] * xp.exp(xp.exp(w["log_scale"]) * (near - 1))
        own = xp.exp(w["log_strength"] - 1)
        total = own + attention.sum(-1)
        shares = w["gain"] * told.targets[..., None, :] * attention / total[..., None]
        return self._prior(w, query) * own / total, shares


@dataclass(kw_only=True)
class RidgeHead(MetricHead):
    """Ridge regression on a learned embedding, on what the prior leaves unexplained.

    R2-D2 (Bertinetto et al., 2019): the closed form Φᵀ√W (√WΦΦᵀ√W + strength I)⁻¹ √W (y - trust · prior) is
    differentiated through, so that the embedding is the one under which few examples say most. The
    learned trust in the prior starts at 1, and at 0 with the loss `ranking`, whose answers have no zero.

    *Use it* where there are enough tasks to learn the embedding; `GaussianHead` needs fewer and has a
    variance. *Needs* torch to fit.
    """

    def _shares(self, xp: Any, w: Weights, told: Told, query: Any) -> tuple[Any, Any]:
        root = xp.sqrt(told.weights)
        known, asked = root[..., None] * (told.vectors @ w["embedding"]), query @ w["embedding"]
        gram = known @ known.swapaxes(-1, -2) + xp.exp(w["log_strength"]) * xp.eye(known.shape[-2])
        surprise = root * (w["gain"] * told.targets - w["trust"] * self._prior(w, told.vectors))
        pulls = xp.linalg.solve(gram, surprise[..., None])[..., 0]
        return self._prior(w, query), asked @ known.swapaxes(-1, -2) * pulls[..., None, :]


def _unit(xp: Any, rows: Any) -> Any:
    return rows / xp.sqrt((rows**2).sum(-1) + 1e-12)[..., None]
