"""Each law of raters catches a rater that breaks it."""

from dataclasses import dataclass

import numpy as np
import pytest

from tests.testing.test_contract_catches import failing
from warmstart.core import columns as c
from warmstart.recommend.ratings.biases import ItemMeanRater
from warmstart.roles.rater import Rater
from warmstart.testing import rater_checks


@dataclass(kw_only=True)
class Silent(ItemMeanRater):
    """Has no opinion about an unknown item.

    Breaks: the scale.
    """

    def _predict(self, query, positions):
        return np.where(positions < 0, np.nan, super()._predict(query, positions))


@dataclass(kw_only=True)
class Relative(ItemMeanRater):
    """Centres what it is asked.

    Breaks: one by one equals together.
    """

    def _predict(self, query, positions):
        found = super()._predict(query, positions)
        return found - found.mean() + 3.0


@dataclass(kw_only=True)
class Counting(ItemMeanRater):
    """Takes every event for a rating.

    Breaks: what is no rating counts for nothing.
    """

    def _predict(self, query, positions):
        return super()._predict(query, positions) + 0.1 * len(query.events)


@dataclass(kw_only=True)
class Backwards(ItemMeanRater):
    """Says the opposite.

    Breaks: good items are rated higher.
    """

    def _predict(self, query, positions):
        return 6.0 - super()._predict(query, positions)


@dataclass(kw_only=True)
class Needy(ItemMeanRater):
    """Divides by the number of ratings.

    Breaks: a shop without ratings has a prior.
    """

    def _fit(self, dataset, ratings, encoder):
        super()._fit(dataset, ratings, encoder)
        self.mean_ = float(ratings[c.VALUE].sum()) / float(len(ratings) or "nan")


@dataclass(kw_only=True)
class Hasty(ItemMeanRater):
    """Answers before it was fitted.

    Breaks: that this is an error.
    """

    def predict(self, query, item_ids):
        return super().predict(query, item_ids) if self.is_fitted else np.full(len(item_ids), 3.0)


def test_the_item_mean_keeps_every_law_but_that_of_taste():
    assert failing(rater_checks(ItemMeanRater, personal=False)) == set()
    assert failing(rater_checks(ItemMeanRater)) == {"taste_is_followed"}


@pytest.mark.parametrize(
    ("broken", "law"),
    [
        (Silent, "ratings_stay_on_the_scale"),
        (Relative, "one_by_one_equals_together"),
        (Counting, "what_is_no_rating_of_a_known_item_counts_for_nothing"),
        (Backwards, "good_items_are_rated_higher"),
        (Needy, "a_shop_without_ratings_has_a_prior"),
        (Hasty, "rating_before_fit_is_an_error"),
    ],
)
def test_a_rater_that_breaks_a_law_is_caught(broken: type[Rater], law: str):
    checks = [(name, check) for name, check in rater_checks(broken) if name.startswith(law)]
    assert failing(checks) == {law}
