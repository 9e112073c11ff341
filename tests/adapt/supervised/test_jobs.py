"""Every task head learns, from few texts, with the one training loop."""

from typing import Any

import numpy as np
import pytest

from tests.adapt.supervised.models import COLOURS, SMALL, TEXTS, THINGS, small_backbone
from warmstart.adapt.supervised.examples import Examples
from warmstart.adapt.supervised.item_to_item import ItemToItemJob, baskets_of, users_of
from warmstart.adapt.supervised.labelled import LabelledJob
from warmstart.adapt.supervised.likelihood import Likelihood, LikelihoodJob, Told
from warmstart.adapt.supervised.ranking import RankedList, RankingJob, ndcg_of_lists
from warmstart.adapt.supervised.setfit import SetFitJob
from warmstart.adapt.supervised.targets import Classes, Labels, Values, one_hot
from warmstart.core.errors import ConfigError, InputError
from warmstart.core.linear import unit_rows
from warmstart.data.dataset import Dataset
from warmstart.data.records import Event, Item
from warmstart.encoders.scratch import ScratchNetwork
from warmstart.encoders.tuning import Tuning
from warmstart.testing import checkerboard
from warmstart.training.trainer import Trainer

pytest.importorskip("torch", reason="needs the extra 'lm'")
pytest.importorskip("transformers", reason="needs the extra 'lm'")

CODES = np.repeat(np.arange(len(COLOURS)), len(THINGS))
TARGETS: dict[str, Any] = {
    "classes": (Classes(width=4), one_hot(CODES, 4)),
    "labels": (
        Labels(width=9),
        np.hstack([one_hot(CODES, 4), np.tile(np.eye(5, dtype=np.float32), (4, 1))]),
    ),
    "values": (Values(width=1), CODES[:, None].astype(np.float32) - 1.5),
}
QUICK: dict[str, Any] = {"epochs": 12, "batch_size": 8, "learning_rate": 3e-3, "warmup": 0.0}


def labelled(name, method="full", **more) -> LabelledJob:
    target, wanted = TARGETS[name]
    examples = Examples.of(TEXTS, wanted)
    return LabelledJob(small_backbone(), Tuning(method=method, rank=4, layers=1), target, examples, **more)


@pytest.mark.parametrize("name", TARGETS)
def test_a_task_head_learns(name):
    job = labelled(name, strength=0.01)
    run = Trainer(**QUICK).train(job)
    assert np.mean(run.losses[-4:]) < 0.98 * np.mean(run.losses[:4])


def test_step_nought_is_the_best_linear_head_on_the_frozen_vectors():
    job = labelled("classes")
    found = job.linear_head(job.examples)
    assert all(np.allclose(one, other) for one, other in zip(job.head(), found, strict=True))
    vectors = unit_rows(small_backbone().encode(TEXTS))
    assert np.allclose(job.told(TEXTS), vectors @ found[0] + found[1], atol=1e-4)


@pytest.mark.parametrize("more", [{"adversary": "fgm"}, {"adversary": "pgd"}, {"consistency": 0.5}])
@pytest.mark.parametrize("name", ["classes", "labels", "values"])
def test_every_regulariser_of_the_trainer_works_with_every_head(name, more):
    job = labelled(name, "bottleneck", strength=0.01)
    run = Trainer(**QUICK | {"epochs": 3} | more).train(job)
    assert np.isfinite(run.losses).all()


def test_mixing_mixes_targets_as_it_mixes_vectors():
    job = labelled("classes", mixing=0.5)
    batch = job.batch(list(range(8)), np.random.default_rng(0))
    wanted = batch["wanted"].numpy()
    assert np.allclose(wanted.sum(axis=1), 1)
    assert (wanted.max(axis=1) < 1).any()
    shares, partners = batch["shares"].numpy(), batch["partners"].numpy()
    vectors = unit_rows(job.backbone.encode(TEXTS[:8]))
    weights, biases = job.head()
    expected = (shares * vectors + (1 - shares) * vectors[partners]) @ weights + biases
    assert np.allclose(job.outputs(batch).detach().numpy(), expected, atol=1e-4)


def test_texts_are_read_in_other_forms_while_training():
    seen: list[str] = []

    def shout(text, rng):
        seen.append(text.upper())
        return seen[-1]

    Trainer(**QUICK | {"epochs": 1}).train(labelled("classes", augment=shout))
    assert sorted(seen) == sorted(text.upper() for text in TEXTS)


def test_a_training_that_harms_leaves_what_is_held_back_as_it_was():
    target, wanted = TARGETS["classes"]
    examples, held = Examples.of(TEXTS, np.roll(wanted, 1, axis=1)), Examples.of(TEXTS, wanted)
    job = labelled("classes")
    job = LabelledJob(small_backbone(), Tuning(method="full"), target, examples, held_out=held)
    job.set_head(*job.linear_head(held))
    before = job.quality()
    run = Trainer(**QUICK).train(job)
    assert run.best_step == 0
    assert job.quality() == pytest.approx(before)


def apart(backbone):
    """How much more alike texts of one colour are than texts of different ones."""
    vectors = unit_rows(backbone.encode(TEXTS))
    same, cosines = CODES[:, None] == CODES[None, :], vectors @ vectors.T
    return cosines[same].mean() - cosines[~same].mean()


@pytest.mark.parametrize("likeness", ["pairs", "batch"])
def test_contrast_draws_labels_apart(likeness):
    backbone = small_backbone()
    before = apart(backbone)
    job = SetFitJob(backbone, Tuning(method="full"), TEXTS, CODES, likeness=likeness)
    Trainer(**QUICK).train(job)
    assert apart(job.finish()) > before + 0.3


def test_contrast_is_judged_by_the_nearest_class_mean():
    held = (TEXTS[:5], CODES[:5])
    job = SetFitJob(small_backbone(), Tuning(method="full"), TEXTS, CODES, held_out=held)
    vectors = unit_rows(job.backbone.encode(TEXTS))
    means = unit_rows([vectors[code == CODES].mean(axis=0) for code in range(4)])
    told = (vectors[:5] @ means.T).argmax(axis=1)
    assert job.quality() == pytest.approx((told == 0).mean())


def test_pairs_are_of_the_label_they_should_be():
    codes = np.array([0, 0, 0, 1, 2, 2])
    texts = [str(i) for i in range(6)]
    job = SetFitJob(small_backbone(), Tuning(method="top", layers=1), texts, codes)
    rng = np.random.default_rng(0)
    for place in range(6):
        partners = {job.partner(place, rng) for _ in range(40)}
        strangers = {job.stranger(place, rng) for _ in range(80)}
        own = set(np.flatnonzero(codes == codes[place]).tolist())
        assert partners == (own - {place} or {place})
        assert strangers == set(range(6)) - own


def test_contrast_of_one_label_is_an_error():
    with pytest.raises(InputError, match="two labels"):
        SetFitJob(small_backbone(), Tuning(method="full"), ["a", "b"], np.array([1, 1]))


ASKED = dict(zip(COLOURS, ("which", "these", "is", "wanted"), strict=True))
LISTS = [
    RankedList(query=ASKED[colour], items=tuple(f"{c} {THINGS[i]}" for c in COLOURS), grades=tuple(
        2.0 if c == colour else float(c == COLOURS[0]) for c in COLOURS))
    for colour in COLOURS
    for i in (0, 1, 2)
]  # fmt: skip


@pytest.mark.parametrize("kind", ["pairwise", "listwise", "in-batch"])
def test_ranking_losses_put_better_candidates_first(kind):
    backbone = small_backbone()
    before = ndcg_of_lists(backbone, LISTS)
    job = RankingJob(backbone, Tuning(method="full"), LISTS, held_out=LISTS[:4], kind=kind, scale=5.0)
    run = Trainer(**QUICK).train(job)
    assert np.mean(run.losses[-3:]) < np.mean(run.losses[:3])
    assert ndcg_of_lists(job.finish(), LISTS) > before
    assert run.best_quality is not None


def test_ranking_losses_are_those_of_their_papers():
    job = RankingJob(small_backbone(), Tuning(method="full"), LISTS, kind="pairwise", scale=3.0)
    rng = np.random.default_rng(0)
    chosen = LISTS[:2]
    scores = [
        3.0 * (unit_rows(job.backbone.encode([one.query])) @ unit_rows(job.backbone.encode(one.items)).T)[0]
        for one in chosen
    ]
    pairs = [
        np.log1p(np.exp(s[j] - s[i]))
        for one, s in zip(chosen, scores, strict=True)
        for i, a in enumerate(one.grades)
        for j, b in enumerate(one.grades)
        if a > b
    ]
    batch = job.batch([0, 1], rng)
    assert float(job.loss(job.outputs(batch), batch).detach()) == pytest.approx(np.mean(pairs), abs=1e-4)
    job.kind = "listwise"
    batch = job.batch([0, 1], rng)
    expected = []
    for one, s in zip(chosen, scores, strict=True):
        truth = np.exp(one.grades) / np.exp(one.grades).sum()
        expected.append(-(truth * (s - np.log(np.exp(s).sum()))).sum())
    assert float(job.loss(job.outputs(batch), batch).detach()) == pytest.approx(np.mean(expected), abs=1e-4)


def test_what_is_right_too_is_no_rival():
    lists = [
        RankedList(query="red", items=("red shoe",), grades=(1.0,), known=frozenset({"red hose"})),
        RankedList(query="blue", items=("red hose",), grades=(1.0,)),
        RankedList(query="green", items=("red shoe",), grades=(1.0,)),
    ]
    job = RankingJob(small_backbone(), Tuning(method="full"), lists, kind="in-batch")
    rivals = job.batch([0, 1, 2], np.random.default_rng(0))["rivals"].tolist()
    assert rivals == [[True, False, False], [True, True, True], [False, True, True]]


def test_a_list_without_anything_right_is_refused():
    with pytest.raises(InputError, match="above 0"):
        RankedList(query="red", items=("a", "b"), grades=(0.0, 0.0))


@pytest.mark.parametrize("language", ["en", "zh"])
def test_items_that_the_same_people_turned_to_find_each_other(language):
    toy = checkerboard(language)
    backbone = ScratchNetwork(**SMALL).build(toy.texts, "encoder")
    job = ItemToItemJob(backbone, Tuning(method="full"), toy.dataset, held_out=0.2, scale=5.0)
    assert job.size == users_of(24, 0.2) == 20
    trainer = Trainer(**QUICK | {"epochs": 15})
    before = gap(backbone, toy)
    assert trainer.train(job).best_step > 0
    assert gap(job.finish(), toy) > max(before + 0.05, 0.1)


def gap(backbone, toy):
    """How much more alike items of one group are than items of different ones."""
    vectors = unit_rows(backbone.encode(toy.texts))
    cosines, same = vectors @ vectors.T, toy.groups[:, None] == toy.groups[None, :]
    return cosines[same].mean() - cosines[~same].mean()


def test_baskets_hold_purchases_where_anything_is_sold():
    items = [Item(item_id=name, title=name) for name in "abc"]
    looked = [Event(user_id=user, item_id=item, event_type="view") for user in "xy" for item in "abc"]
    sold = [Event(user_id=user, item_id=item, event_type="purchase") for user in "xy" for item in "ab"]
    assert [b.tolist() for b in baskets_of(Dataset.from_records(items, looked))] == [[0, 1, 2]] * 2
    assert [b.tolist() for b in baskets_of(Dataset.from_records(items, looked + sold))] == [[0, 1]] * 2
    with pytest.raises(InputError, match="two items"):
        ItemToItemJob(small_backbone(), Tuning(method="full"), Dataset.from_records(items))


PAIRS = [Told(thing, f"{colour} {thing}") for colour in COLOURS for thing in THINGS]


@pytest.mark.parametrize("method", ["lora", "prompt"])
def test_a_decoder_is_tuned_by_adapters_and_prompts(method):
    pytest.importorskip("peft", reason="needs the extra 'adapt'")
    backbone = small_backbone("causal")
    job = LikelihoodJob(backbone, Tuning(method=method, rank=4), PAIRS, held_out=PAIRS[:5])
    before = job.quality()
    assert before is not None
    run = Trainer(**QUICK | {"learning_rate": 3e-2, "epochs": 6}).train(job)
    assert run.best_quality is not None
    assert run.best_quality > before


def test_a_decoder_learns_which_item_follows_a_query():
    job = LikelihoodJob(small_backbone("causal"), Tuning(method="full"), PAIRS)
    Trainer(**QUICK | {"epochs": 20, "learning_rate": 1e-2}).train(job)
    likelihood = Likelihood(job.finish())
    right = likelihood.score([Told(thing, f"red {thing}") for thing in THINGS])
    wrong = likelihood.score([Told(thing, f"red {THINGS[i - 1]}") for i, thing in enumerate(THINGS)])
    assert right.mean() > wrong.mean() + 1


def test_likelihoods_of_one_text_do_not_depend_on_the_others_and_add_up():
    likelihood = Likelihood(small_backbone("causal"))
    together = likelihood.score(PAIRS)
    assert np.allclose(together, [likelihood.score([pair])[0] for pair in PAIRS], atol=1e-4)
    tokens = likelihood.tokens(PAIRS[:3])
    lengths = (tokens["labels"] != -100).sum(dim=1).numpy()
    assert np.allclose(likelihood.score(PAIRS[:3], by_token=True) * lengths, together[:3], atol=1e-4)
    assert (together < 0).all()
    assert len(likelihood.score([])) == 0


def test_a_long_history_loses_its_beginning_and_an_encoder_is_refused():
    likelihood = Likelihood(small_backbone("causal"))
    tokens = likelihood.tokens([Told("red shoe " * 50, "blue lamp " * 50), Told("", "")])
    assert tokens["input_ids"].shape[1] <= 32
    assert np.isfinite(likelihood.score([Told("red shoe " * 50, "blue lamp " * 50), Told("", "")])).all()
    with pytest.raises(ConfigError, match="causal"):
        Likelihood(small_backbone())
