"""Contract checks that every component must pass, and the toy shop they use. For tests only.

A package that brings a component of its own tests it like this:

    import pytest
    from warmstart.testing import scorer_checks

    @pytest.mark.parametrize(("name", "check"), scorer_checks(MyScorer))
    def test_my_scorer_keeps_the_contract(name, check):
        check()
"""

from __future__ import annotations

from warmstart.testing.contract import (
    classifier_checks,
    encoder_checks,
    head_checks,
    language_model_checks,
    policy_checks,
    rater_checks,
    retriever_checks,
    scorer_checks,
)
from warmstart.testing.toys import Checkerboard, WordEncoder, checkerboard

__all__ = [
    "Checkerboard",
    "WordEncoder",
    "checkerboard",
    "classifier_checks",
    "encoder_checks",
    "head_checks",
    "language_model_checks",
    "policy_checks",
    "rater_checks",
    "retriever_checks",
    "scorer_checks",
]
