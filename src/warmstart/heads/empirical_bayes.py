"""The prior of a hierarchical linear model, learned from many subjects by expectation maximisation."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from warmstart.roles.few_shot_head import Evidence, Values

_TINY: Final = 1e-9


@dataclass(frozen=True, eq=False)
class GaussianPrior:
    """w ~ N(mean, covariance) for a stranger, and the variance of an example of weight 1 around x·w."""

    mean: Values
    covariance: Values
    noise: float

    def after_background(self, gram: Values, weight: float) -> GaussianPrior:
        """The prior after everything was seen once with the target 0 and a small weight.

        `gram` is the sum of x xᵀ over all vectors. For implicit feedback: what was not touched is a weak
        no, and which of it will be touched is not known yet (Hu, Koren and Volinsky, 2008). The
        information form adds up, Λ = S⁻¹ + weight / noise · gram, solved here without inverting S.
        """
        seen = np.eye(len(self.mean)) + self.covariance @ gram * (weight / self.noise)
        covariance = np.linalg.solve(seen, self.covariance)
        mean = _double(np.linalg.solve(seen, self.mean))
        return GaussianPrior(mean, _double(covariance + covariance.T) / 2, self.noise)


@dataclass(frozen=True, eq=False)
class Stacked:
    """The evidence of many subjects; those with equally many examples stand in one block.

    A block is vectors (subjects, n, dim), targets and weights (subjects, n).
    """

    dim: int
    blocks: tuple[tuple[Values, Values, Values], ...]

    @classmethod
    def of(cls, evidence: Sequence[Evidence]) -> Stacked:
        """Subjects without examples say nothing and are left out."""
        by_size: dict[int, list[Evidence]] = {}
        for one in evidence:
            by_size.setdefault(len(one), []).append(one)
        blocks = tuple(
            (
                np.stack([one.vectors for one in many]),
                np.stack([one.targets for one in many]),
                np.stack([one.weights for one in many]),
            )
            for size, many in sorted(by_size.items())
            if size
        )
        return cls(evidence[0].vectors.shape[1] if evidence else 0, blocks)

    @property
    def n_subjects(self) -> int:
        """How many subjects have an example."""
        return sum(len(targets) for _, targets, _ in self.blocks)

    @property
    def n_examples(self) -> int:
        """How many examples there are."""
        return sum(targets.size for _, targets, _ in self.blocks)


@dataclass(frozen=True, eq=False)
class _Solved:
    """A block after a look: the vectors, K⁻¹, K⁻¹ (y - X m), noise / weights, and log |K|."""

    vectors: Values
    inverse: Values
    pulls: Values
    surprise: Values
    noises: Values
    log_determinants: Values


def learn_prior(
    stacked: Stacked, *, strength: float = 30.0, rank: int | None = None, sweeps: int = 10
) -> GaussianPrior:
    """Mean, covariance and noise under which the evidence is likeliest, after some sweeps.

    Expectation: the posterior of each subject. Maximisation: the mean of the posterior means, the mean of
    their spread and doubt, and the expected squared error. The covariance is averaged with a round one of
    the same trace, which counts as `strength` further subjects.
    """
    prior = _start(stacked)
    for _ in range(sweeps):
        prior = _better(stacked, prior, strength, rank)
    return prior


def log_evidence(stacked: Stacked, prior: GaussianPrior) -> float:
    """The log of the probability density of all targets: what `learn_prior` makes large."""
    total = 0.0
    for block in _solve(stacked, prior):
        total -= 0.5 * float(np.sum(block.surprise * block.pulls) + block.log_determinants.sum())
    return total - 0.5 * stacked.n_examples * float(np.log(2 * np.pi))


def _start(stacked: Stacked) -> GaussianPrior:
    """No opinion on direction; half of the spread of the targets is noise."""
    targets = np.concatenate([np.ravel(block[1]) for block in stacked.blocks] or [np.zeros(1)])
    squares = [float(np.sum(block[0] ** 2)) for block in stacked.blocks]
    length = sum(squares) / max(stacked.n_examples, 1)
    spread = max(float(np.mean(targets**2)), _TINY)
    covariance = 0.5 * spread / max(length, _TINY) * np.eye(stacked.dim)
    return GaussianPrior(np.zeros(stacked.dim), covariance, 0.5 * spread)


def _solve(stacked: Stacked, prior: GaussianPrior) -> Iterator[_Solved]:
    for vectors, targets, weights in stacked.blocks:
        kernel = vectors @ prior.covariance @ vectors.transpose(0, 2, 1)
        noises = prior.noise / weights
        n = targets.shape[1]
        kernel[:, np.arange(n), np.arange(n)] += noises
        inverse = _double(np.linalg.inv(kernel))
        surprise = targets - vectors @ prior.mean
        yield _Solved(
            vectors=vectors,
            inverse=inverse,
            pulls=np.einsum("tij,tj->ti", inverse, surprise),
            surprise=surprise,
            noises=noises,
            log_determinants=np.linalg.slogdet(kernel)[1],
        )


def _better(stacked: Stacked, prior: GaussianPrior, strength: float, rank: int | None) -> GaussianPrior:
    """One sweep. A posterior is m + S b with covariance S - S q S; sums of b bᵀ and q are all it takes."""
    dim, subjects = stacked.dim, max(stacked.n_subjects, 1)
    total, outer, known = np.zeros(dim), np.zeros((dim, dim)), np.zeros((dim, dim))
    errors = 0.0
    for block in _solve(stacked, prior):
        steps = np.einsum("tn,tnd->td", block.pulls, block.vectors)
        total += steps.sum(axis=0)
        outer += steps.T @ steps
        flat = block.vectors.reshape(-1, dim)
        known += flat.T @ (block.inverse @ block.vectors).reshape(-1, dim)
        left = block.noises * block.pulls
        doubt = block.noises - block.noises**2 * np.diagonal(block.inverse, axis1=1, axis2=2)
        errors += float(np.sum(prior.noise / block.noises * (left**2 + doubt)))
    shift = total / subjects
    inner = outer / subjects - np.outer(shift, shift) - known / subjects
    covariance = prior.covariance + prior.covariance @ inner @ prior.covariance
    return GaussianPrior(
        prior.mean + prior.covariance @ shift,
        _rounded((covariance + covariance.T) / 2, strength / (strength + subjects), rank),
        max(errors / max(stacked.n_examples, 1), _TINY),
    )


def _rounded(covariance: Values, share: float, rank: int | None) -> Values:
    """Mixed with a round one of the same trace; beyond `rank` directions only the diagonal is kept."""
    dim = len(covariance)
    mixed = (1 - share) * covariance + share * np.trace(covariance) / max(dim, 1) * np.eye(dim)
    if rank is None or rank >= dim:
        return _double(mixed)
    values, vectors = np.linalg.eigh(mixed)
    leading = vectors[:, dim - rank :] * np.sqrt(np.maximum(values[dim - rank :], 0.0))
    low = leading @ leading.T
    return _double(low + np.diag(np.maximum(np.diagonal(mixed - low), 0.0)))


def _double(array: npt.ArrayLike) -> Values:
    return np.asarray(array, dtype=np.float64)
