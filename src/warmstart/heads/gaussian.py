"""Bayesian linear regression whose prior is learned from all subjects."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Final, Self

import numpy as np
from scipy import linalg

from warmstart.core.tunable import tunable
from warmstart.heads.empirical_bayes import GaussianPrior, Stacked, learn_prior, log_evidence
from warmstart.roles.few_shot_head import Evidence, FewShotHead, Task, Values

_STRENGTHS: Final = (3.0, 30.0, 300.0)
_MIN_TO_CHOOSE: Final = 20
_HELD_SHARE: Final = 0.2


@dataclass(kw_only=True)
class GaussianHead(FewShotHead):
    """A Gaussian belief about a linear function, exact after every example; it knows how sure it is.

    An example says y = x·w + noise, where w ~ N(mean, covariance) differs between subjects, and noise has
    the variance `noise_` / weight. Mean, covariance and noise are those under which the tasks are most
    likely, found by expectation maximisation (the hierarchical linear model of Lindley and Smith, 1972).
    The covariance is pulled towards a round one as if by `strength` further tasks; None tries three
    strengths and keeps the one under which held-back tasks are most likely. `rank` keeps that many
    directions of it and a diagonal for the rest.

    The posterior (Rasmussen and Williams, 2006, chapter 2): with the n examples in X, y and
    K = X S Xᵀ + noise / weights, mean(x) = x·m + x S Xᵀ a with a = K⁻¹ (y - X m). So each example adds
    exactly x S xᵢᵀ aᵢ to the answer, and nothing depends on the order in which they came.

    *Use it* first: closed form, no torch, right from no example to many. *Not* where the answer bends
    (a liking for two unlike things is fine, "only one of the two" is not linear).
    *Cost*: n³/3 + n² dim multiplications per subject, dim² per answer with variance. Fitting: a few
    products of all examples with a (dim, dim) matrix.

    >>> head = GaussianHead.of(GaussianPrior(np.zeros(2), np.eye(2), 1.0))
    >>> belief = head.belief().update([1.0, 0.0], target=1.0)
    >>> mean, variance = belief.predict([[1.0, 0.0], [0.0, 1.0]])
    >>> mean.round(2).tolist(), variance.round(2).tolist()
    ([0.5, 0.0], [0.5, 1.0])
    >>> belief.forget([1.0, 0.0], target=1.0).predict([[1.0, 0.0]])[0].tolist()
    [0.0]
    """

    has_variance: ClassVar[bool] = True

    strength: float | None = tunable(None, choices=(None, *_STRENGTHS))
    rank: int | None = None
    sweeps: int = 10
    seed: int = 0

    @classmethod
    def of(cls, prior: GaussianPrior) -> Self:
        """A head with this prior, where it is known already."""
        head = cls()
        head.dim_ = len(prior.mean)
        head.take_prior(prior)
        return head

    @property
    def prior(self) -> GaussianPrior:
        """What is believed of a stranger."""
        self._check_fitted()
        return GaussianPrior(self.mean_, self.covariance_, self.noise_)

    def take_prior(self, prior: GaussianPrior) -> None:
        """Start from this prior instead of the one in force."""
        self.mean_, self.covariance_, self.noise_ = prior.mean, prior.covariance, prior.noise

    def _fit(self, tasks: Sequence[Task]) -> None:
        evidence = [task.whole for task in tasks]
        strength = self._chosen_strength(evidence) if self.strength is None else self.strength
        self.strength_ = strength
        self.take_prior(self._learned(evidence, strength))

    def _chosen_strength(self, evidence: list[Evidence]) -> float:
        held = np.random.default_rng(self.seed).permutation(len(evidence)) < _HELD_SHARE * len(evidence)
        if held.sum() < _MIN_TO_CHOOSE:
            return _STRENGTHS[1]
        kept = [one for one, out in zip(evidence, held, strict=True) if not out]
        judge = Stacked.of([one for one, out in zip(evidence, held, strict=True) if out])
        reached = [log_evidence(judge, self._learned(kept, strength)) for strength in _STRENGTHS]
        return _STRENGTHS[int(np.argmax(reached))]

    def _learned(self, evidence: list[Evidence], strength: float) -> GaussianPrior:
        return learn_prior(Stacked.of(evidence), strength=strength, rank=self.rank, sweeps=self.sweeps)

    def weights(self, evidence: Evidence) -> Values:
        """The posterior mean of w, shape (dim,): the answer for x is x·w."""
        pull: Values = self.covariance_ @ (evidence.vectors.T @ self._coefficients(evidence))
        return self.mean_ + pull

    def _mean(self, vectors: Values, evidence: Evidence) -> Values:
        answer: Values = vectors @ self.weights(evidence)
        return answer

    def _variance(self, vectors: Values, evidence: Evidence) -> Values:
        spread = vectors @ self.covariance_
        before: Values = np.einsum("md,md->m", spread, vectors)
        if not len(evidence):
            return before
        root = linalg.cholesky(self._kernel(evidence), lower=True)
        known = linalg.solve_triangular(root, evidence.vectors @ spread.T, lower=True)
        left: Values = np.maximum(before - np.einsum("nm,nm->m", known, known), 0.0)
        return left

    def _contributions(self, vectors: Values, evidence: Evidence) -> Values:
        likeness = vectors @ self.covariance_ @ evidence.vectors.T
        pulls = self._coefficients(evidence)
        parts: Values = np.column_stack([vectors @ self.mean_, likeness * pulls]).astype(np.float64)
        return parts

    def _coefficients(self, evidence: Evidence) -> Values:
        """How far each example pulls: K⁻¹ (y - X m), shape (n,)."""
        surprise = evidence.targets - evidence.vectors @ self.mean_
        if not len(evidence):
            return surprise
        found: Values = linalg.cho_solve(linalg.cho_factor(self._kernel(evidence)), surprise)
        return found

    def _kernel(self, evidence: Evidence) -> Values:
        kernel: Values = np.asarray(evidence.vectors @ self.covariance_ @ evidence.vectors.T)
        kernel[np.diag_indices(len(evidence))] += self.noise_ / evidence.weights
        return kernel
