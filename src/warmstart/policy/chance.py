"""Chance that can be asked again: draws by hash, and how likely they were."""

from __future__ import annotations

import hashlib
from math import comb

from warmstart.data.query import Query


def question_key(query: Query, seed: int) -> str:
    """Who asks, what for, and what is known of them: equal questions get equal draws.

    The context is left out: the same visitor should not see another list every hour for no reason.
    """
    evidence = [(event.item_id, event.event_type) for event in query.events]
    return repr((seed, query.user_id, query.text, query.anchors, evidence))


def uniform(*names: str) -> float:
    """A number in [0, 1) that belongs to these names.

    >>> uniform("ann", "teapot") == uniform("ann", "teapot") != uniform("bob", "teapot")
    True
    """
    digest = hashlib.blake2b("\0".join(names).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2.0**64


def nth_probability(rank: int, nth: int, size: int, rest: float) -> float:
    """How likely item `rank` of `size` (from 1) is the `nth` taken, when each sits out with chance `rest`.

    Items are taken in order, those that sit out after all others. So item r is n-th when it is in and
    n - 1 of the better ones are, which has the chance C(r-1, n-1) p^n (1-p)^(r-n) with p = 1 - rest; or
    when it is out, t < n are in, and n - t - 1 of the better ones are out.

    >>> nth_probability(2, 2, 5, 0.0), nth_probability(1, 2, 5, 0.0), nth_probability(2, 1, 5, 0.5)
    (1.0, 0.0, 0.25)
    """
    taken = (1.0 - rest) * _binomial(rank - 1, nth - 1, rest)
    late = sum(
        _binomial(rank - 1, rank - nth + t, rest) * _binomial(size - rank, nth - rank, rest)
        for t in range(nth)
    )
    return taken + rest * late


def _binomial(trials: int, successes: int, failing: float) -> float:
    if not 0 <= successes <= trials:
        return 0.0
    return comb(trials, successes) * (1.0 - failing) ** successes * failing ** (trials - successes)
