"""MeLU: adaptation without torch against torch's own gradients, and the fields it reads."""

import sys

import numpy as np
import polars as pl
import pytest

from warmstart.core import columns as c
from warmstart.core.errors import MissingExtraError
from warmstart.data.dataset import Dataset
from warmstart.data.query import Query
from warmstart.data.records import Event, Item
from warmstart.recommend.ratings.fields import Fields, item_fields, user_fields
from warmstart.recommend.ratings.melu import MeluRater
from warmstart.recommend.ratings.melu_network import Layers, adapted, forward

RNG = np.random.default_rng(0)


def layers(size: int = 6, width: int = 4) -> Layers:
    shapes = [(size, width), (width,), (width, width), (width,), (width, 1), (1,)]
    return [RNG.normal(size=shape).astype(np.float32) for shape in shapes]


def test_adaptation_takes_the_steps_of_torchs_gradients():
    torch = pytest.importorskip("torch", reason="needs the extra 'lm'")
    start = layers()
    inputs, ratings = RNG.normal(size=(5, 6)).astype(np.float32), RNG.uniform(1, 5, 5).astype(np.float32)
    known = [torch.tensor(layer, requires_grad=True) for layer in start]
    for _ in range(2):
        first = torch.relu(torch.tensor(inputs) @ known[0] + known[1])
        second = torch.relu(first @ known[2] + known[3])
        error = ((second @ known[4])[:, 0] + known[5] - torch.tensor(ratings)).square().mean()
        slopes = torch.autograd.grad(error, known)
        known = [
            (layer - 0.05 * slope).detach().requires_grad_()
            for layer, slope in zip(known, slopes, strict=True)
        ]
    found = adapted(start, inputs, ratings, steps=2, rate=0.05)
    for ours, theirs in zip(found, known, strict=True):
        assert np.allclose(ours, theirs.detach().numpy(), atol=1e-4)


def test_small_steps_bring_the_ratings_nearer():
    start = layers()
    inputs, ratings = RNG.normal(size=(8, 6)).astype(np.float32), RNG.uniform(1, 5, 8).astype(np.float32)
    errors = [
        np.square(forward(adapted(start, inputs, ratings, steps=n, rate=0.002), inputs) - ratings).mean()
        for n in (0, 5, 50)
    ]
    assert errors == sorted(errors, reverse=True)


def test_bags_are_the_values_of_the_rows_in_any_order():
    told = [{"a": ["x", "y"], "b": ["z"]}, {"a": ["x"]}, {"b": ["z", "rare"]}, {"a": ["y", "y"]}]
    fields = Fields.of(told)
    assert (fields.names, fields.n_values) == (["a", "b"], 3)
    tokens, begins = fields.bags(np.array([3, 0, 1]))
    assert [bag.tolist() for bag in np.split(tokens, begins[1:])] == [[1], [], [0, 1], [2], [0], []]


def test_items_are_read_by_their_lists_and_users_by_their_attributes():
    items = [
        Item(item_id="1", categories=("剧情", "动作"), attributes={"actors": "李安, 巩俐", "year": 1999}),
        Item(item_id="2", categories=("剧情", "动作"), attributes={"actors": "巩俐, 李安", "year": 1999}),
    ]
    fields = item_fields(Dataset.from_records(items))
    assert (fields.names, fields.n_values) == (["actors", "categories"], 4)
    users = pl.DataFrame({c.USER_ID: ["u", "v"], c.ATTRIBUTES: ['{"age": 25, "city": "A, B"}'] * 2})
    told = user_fields(users, ["v", "u", "nobody"])
    assert (told.names, told.n_values) == (["age", "city"], 2)
    assert told.bags(np.array([2]))[0].tolist() == []


def test_items_without_fields_are_read_by_their_words():
    items = [Item(item_id=str(i), title=title) for i, title in enumerate(("red shoe", "red hat"))]
    assert item_fields(Dataset.from_records(items)).names == [c.TEXT]


def shop_of_genres() -> Dataset:
    """Everybody loves one of two genres and hates the other; two kinds of users told by an attribute."""
    genres = ["war", "love"]
    items = [Item(item_id=f"i{i}", categories=(genres[i % 2],)) for i in range(30)]
    events = [
        Event(user_id=f"u{u}", item_id=f"i{i}", event_type="rate", value=5.0 if u % 2 == i % 2 else 1.0)
        for u in range(24)
        for i in range(30)
        if (u + i) % 3
    ]
    return Dataset.from_records(items, events)


def test_it_learns_from_a_few_ratings_which_genre_is_loved():
    pytest.importorskip("torch", reason="needs the extra 'lm'")
    rater = MeluRater(dim=4, width=8, epochs=60, learning_rate=0.03, local_learning_rate=0.05)
    rater.fit(shop_of_genres())
    for liked in (0, 1):
        events = tuple(
            Event(user_id="new", item_id=f"i{i}", event_type="rate", value=5.0 if i % 2 == liked else 1.0)
            for i in range(8)
        )
        told = rater.predict(Query(user_id="new", events=events), [f"i{20 + liked}", f"i{21 - liked}"])
        assert told[0] > told[1] + 1.0


def test_without_torch_the_error_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(MissingExtraError, match="lm"):
        MeluRater().fit(shop_of_genres())
