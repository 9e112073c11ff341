"""Items found by writing their codes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.adapt.supervised.models import COLOURS, TEXTS, THINGS, small_backbone
from warmstart.adapt.supervised.generative import GenerativeRetriever, naming
from warmstart.adapt.supervised.item_codes import ItemCodes
from warmstart.adapt.supervised.likelihood import Told
from warmstart.core.errors import ConfigError, InputError
from warmstart.encoders.tuning import Tuning
from warmstart.training.trainer import Trainer

IDS = [f"item {place}" for place in range(len(TEXTS))]
KINDS = np.arange(len(TEXTS)) % len(THINGS)


def vectors(seed: int = 0) -> np.ndarray:
    """Items of one thing lie together, those of one colour a little."""
    rng = np.random.default_rng(seed)
    centres, shades = rng.normal(size=(len(THINGS), 8)), rng.normal(size=(len(COLOURS), 8))
    found = 5 * centres[KINDS] + shades[np.arange(len(TEXTS)) // len(THINGS)]
    return found.astype(np.float32)


class TestCodes:
    @settings(max_examples=20, deadline=None)
    @given(size=st.integers(1, 40), seed=st.integers(0, 99), twins=st.booleans())
    def test_every_item_has_its_own_and_none_begins_another(self, size, seed, twins):
        rows = np.random.default_rng(seed).normal(size=(size, 4)).astype(np.float32)
        rows = np.concatenate([rows, rows[:1].repeat(20, axis=0)]) if twins else rows
        found = ItemCodes(levels=2, branches=3, seed=seed).fit(rows).codes(rows)
        assert len(set(found)) == len(rows)
        begun = {code[:length] for code in found for length in range(len(code))}
        assert not begun & set(found)
        assert all(0 <= number < 3 for code in found for number in code)

    def test_items_of_a_kind_share_their_beginning(self):
        found = ItemCodes(levels=2, branches=len(THINGS)).fit(vectors()).codes(vectors())
        first = [code[0] for code in found]
        assert [len({first[at] for at in np.flatnonzero(kind == KINDS)}) for kind in range(5)] == [1] * 5
        assert len(set(first)) == len(THINGS)

    def test_more_levels_leave_less_over(self):
        rows = np.random.default_rng(0).normal(size=(200, 6)).astype(np.float32)
        made = ItemCodes(levels=4, branches=8).fit(rows)
        left, lengths = rows, []
        for level, means in enumerate(made.means_):
            left = left - means[made.places(rows)[:, level]]
            lengths.append(float((left**2).sum()))
        assert lengths == sorted(lengths, reverse=True)
        assert lengths[-1] < 0.5 * lengths[0]

    def test_what_makes_no_sense_is_refused(self):
        with pytest.raises(ConfigError, match="branches"):
            ItemCodes(branches=1)
        with pytest.raises(InputError, match="vectors"):
            ItemCodes().fit(np.empty((0, 3), dtype=np.float32))


@pytest.fixture(scope="module")
def learned() -> GenerativeRetriever:
    pytest.importorskip("torch", reason="needs the extra 'lm'")
    codes = ItemCodes(levels=2, branches=len(THINGS)).fit(vectors())
    found = GenerativeRetriever(small_backbone("causal"), codes, IDS[:-1], vectors()[:-1])
    pairs = naming(TEXTS[:-1], IDS[:-1])
    job = found.job(Tuning(method="full"), pairs, held_out=pairs[:5])
    before = job.quality()
    run = Trainer(epochs=60, batch_size=8, learning_rate=1e-2, warmup=0.0, patience=99).train(job)
    assert before is not None
    assert run.best_quality is not None
    assert run.best_quality > before
    return found


def test_a_text_finds_its_item(learned):
    first = [learned.retrieve(text, 1).item_ids[0] for text in TEXTS[:-1]]
    assert np.mean([found == item_id for found, item_id in zip(first, IDS, strict=False)]) > 0.8


def test_a_new_item_is_found_beside_those_like_it_without_training(learned):
    assert IDS[-1] not in learned.retrieve(TEXTS[-1], len(IDS), beams=99).item_ids
    learned.add(IDS[-1:], vectors()[-1:])
    own, other = (
        {found.item_id: found.score for found in learned.retrieve(text, len(IDS), beams=99)}[IDS[-1]]
        for text in (f"{COLOURS[0]} {THINGS[-1]}", f"{COLOURS[0]} {THINGS[0]}")
    )
    assert own > other + 1


def test_only_items_that_are_there_come_out_each_once_best_first(learned):
    found = learned.retrieve("anything 灯", 10)
    assert len(set(found.item_ids)) == len(found) == 10
    assert set(found.item_ids) <= set(IDS)
    assert (np.diff(found.scores) <= 0).all()


def test_with_all_beams_the_scores_are_the_likelihoods_of_the_codes(learned):
    found = learned.retrieve(TEXTS[3], len(IDS), beams=99)
    assert len(found) == len(learned.likelihood.codes)
    pairs = [Told(TEXTS[3], item_id) for item_id in found.item_ids]
    whole = learned.likelihood.score(pairs)
    assert (whole <= found.scores + 1e-4).all()  # the end of a code comes on top
    assert np.allclose(whole[:5], found.scores[:5], atol=0.5)


def test_what_cannot_be_asked_is_said(learned):
    with pytest.raises(InputError, match="nobody"):
        learned.likelihood.score([Told("a", "nobody")])
    with pytest.raises(ConfigError, match="causal"):
        GenerativeRetriever(small_backbone(), learned.codes, [], np.empty((0, 8), dtype=np.float32))
    many = ItemCodes(branches=10_000)
    with pytest.raises(ConfigError, match="fewer branches"):
        GenerativeRetriever(small_backbone("causal"), many, [], np.empty((0, 8), dtype=np.float32))


def test_a_retriever_without_items_finds_none():
    pytest.importorskip("torch", reason="needs the extra 'lm'")
    codes = ItemCodes(levels=1, branches=2).fit(vectors())
    empty = GenerativeRetriever(small_backbone("causal"), codes, [], vectors()[:0])
    assert len(empty.retrieve("lamp")) == 0
