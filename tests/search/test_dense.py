"""Retrieval by meaning with vectors in every form."""

import numpy as np
import pytest

from warmstart.core.errors import ConfigError
from warmstart.search.dense import DenseRetriever
from warmstart.testing.toys import WordEncoder, checkerboard


@pytest.mark.parametrize("form", ["int8", "binary"])
def test_small_forms_rank_as_the_exact_one(form):
    toy = checkerboard("zh")
    encoder = WordEncoder().fit(toy.texts)
    exact = DenseRetriever().fit(toy.dataset, encoder)
    small = DenseRetriever(vector_form=form, rescore=5).fit(toy.dataset, encoder)
    query = toy.word_query(0, 1)
    best = np.nanargmax(small.score(query))
    assert exact.score(query)[best] == pytest.approx(np.nanmax(exact.score(query)), abs=0.01)
    np.testing.assert_allclose(small.vectors, exact.vectors, atol=0.01)
    again = DenseRetriever(vector_form=form, rescore=5)
    again.set_state(small.get_state())
    again.use_encoder(encoder)
    np.testing.assert_array_equal(again.score(query), small.score(query))


def test_a_number_to_rescore_that_makes_no_sense_is_an_error():
    with pytest.raises(ConfigError, match="rescore"):
        DenseRetriever(rescore=0)
