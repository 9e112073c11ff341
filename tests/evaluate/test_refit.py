"""A new model counts only when it is not worse."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from warmstart.core import columns as c
from warmstart.core.artifact import current_version, roll_back
from warmstart.core.errors import ArtifactError, InputError
from warmstart.data.dataset import Dataset
from warmstart.data.records import Event, Item
from warmstart.data.simulator import SimulatorSettings, simulate
from warmstart.engine.engine import Engine
from warmstart.engine.settings import EngineSettings
from warmstart.evaluate import refit as module
from warmstart.evaluate.refit import FEWEST, Verdict, held_out, refit
from warmstart.recommend.fused.scorer import FusedScorer


@pytest.fixture(scope="module")
def shop() -> Dataset:
    return simulate(SimulatorSettings(n_items=120, n_users=400, n_days=30, seed=3)).dataset


@pytest.fixture(scope="module")
def earlier(shop: Dataset) -> Dataset:
    """The shop as it was when half of the events had happened."""
    return replace(shop, events=shop.events[: len(shop.events) // 2])


def model_of(dataset: Dataset, folder: Path) -> Path:
    """A quick model: what is judged is the judging."""
    engine = Engine(EngineSettings(scorer=FusedScorer(learn=False)))
    engine.fit(dataset, encoder="catalogue").save(folder)
    return folder


def pairs(dataset: Dataset) -> set[tuple[str, str]]:
    return set(dataset.events.select(c.USER_ID, c.ITEM_ID).drop_nulls().iter_rows())


def test_what_is_asked_neither_model_has_learned(shop: Dataset, earlier: Dataset) -> None:
    split = held_out(earlier.events, shop, sample=60)
    asked = {(episode.user_id, episode.targets[0]) for episode in split.episodes}
    assert len(asked) == len(split.episodes) == 60
    assert not asked & pairs(earlier)
    assert not asked & pairs(split.train)
    assert pairs(shop) - pairs(split.train) == asked
    assert len(split.train.events) < len(shop.events)


def test_what_was_shown_before_is_new_and_looking_and_buying_is_one_thing() -> None:
    def did(user_id: str, *told: str) -> list[Event]:
        """Such as "impression tea"."""
        parts = (one.split() for one in told)
        return [Event(user_id=user_id, item_id=item, event_type=kind) for kind, item in parts]

    events = [
        *did("ann", "click pot", "impression tea", "click tea", "purchase tea", "click pot"),
        *did("bob", "click pot", "impression tea"),
        *did("cat", "impression tea", "click tea"),
        *did("dan", "click tea", "impression pot", "click pot"),
    ]
    now = Dataset.from_records([Item(item_id="tea"), Item(item_id="pot")], events)
    learned = now.events.filter((pl.col(c.USER_ID) != "dan") | (pl.col(c.ITEM_ID) == "tea"))[:2]
    split = held_out(learned, now, sample=9)
    found = {e.user_id: (e.targets, [event.item_id for event in e.history]) for e in split.episodes}
    assert found == {"ann": (("tea",), ["pot"]), "dan": (("pot",), ["tea"])}
    assert pairs(split.train) == {
        ("ann", "pot"),
        ("bob", "pot"),
        ("bob", "tea"),
        ("cat", "tea"),
        ("dan", "tea"),
    }


def test_a_model_that_is_not_worse_is_put_in_force_and_learns_everything(
    shop: Dataset, earlier: Dataset, tmp_path: Path
) -> None:
    model = model_of(earlier, tmp_path / "model")
    verdict = refit(model, shop, tolerance=1.0)
    assert verdict.promoted
    assert verdict.cases >= FEWEST
    assert verdict.low is not None
    assert verdict.low <= verdict.gain <= verdict.high  # type: ignore[operator]
    assert len(Engine.load(model).dataset.events) == len(shop.events)
    assert (current_version(model) / "verdict.json").exists()


def test_a_model_that_is_worse_changes_nothing(
    shop: Dataset, earlier: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = model_of(earlier, tmp_path / "model")
    right = module._gains

    def spoilt(engine: Engine, episodes, name):
        found = right(engine, episodes, name)
        return found if name == "running" else np.zeros_like(found)

    monkeypatch.setattr(module, "_gains", spoilt)
    before = current_version(model)
    verdict = refit(model, shop)
    assert not verdict.promoted
    assert "worse" in verdict.why
    assert current_version(model) == before
    forced = refit(model, shop, force=True)
    assert forced.promoted
    assert "that was asked" in forced.why
    assert current_version(model) != before


def test_rolling_back_puts_the_version_before_in_force(
    shop: Dataset, earlier: Dataset, tmp_path: Path
) -> None:
    model = model_of(earlier, tmp_path / "model")
    refit(model, shop, force=True)
    roll_back(model)
    assert len(Engine.load(model).dataset.events) == len(earlier.events)
    with pytest.raises(ArtifactError, match="before the current one"):
        roll_back(model)
    assert refit(model, shop, force=True).promoted  # and forward again
    assert len(Engine.load(model).dataset.events) == len(shop.events)


def test_without_new_events_there_is_no_verdict(earlier: Dataset, tmp_path: Path) -> None:
    model = model_of(earlier, tmp_path / "model")
    before = current_version(model)
    verdict = refit(model)
    assert (verdict.cases, verdict.promoted, verdict.gain) == (0, False, None)
    assert str(FEWEST) in verdict.why
    assert current_version(model) == before


def test_what_was_observed_since_the_fit_is_asked_without_a_shop(
    shop: Dataset, earlier: Dataset, tmp_path: Path
) -> None:
    model = model_of(earlier, tmp_path / "model")
    engine = Engine.load(model)
    late = replace(shop, events=shop.events[len(shop.events) // 2 :])
    for user in sorted(set(late.events[c.USER_ID].to_list())):
        rows = late.events.filter((pl.col(c.USER_ID) == user) & pl.col(c.ITEM_ID).is_not_null())
        engine.observe([module_event(row) for row in rows.iter_rows(named=True)])
    engine.save(model)
    verdict = refit(model, tolerance=1.0)
    assert verdict.cases >= FEWEST
    assert verdict.promoted


def test_what_was_observed_is_not_lost_in_silence(shop: Dataset, earlier: Dataset, tmp_path: Path) -> None:
    model = model_of(earlier, tmp_path / "model")
    engine = Engine.load(model)
    engine.observe(Event(user_id="nobody-else", item_id=engine.dataset.item_ids[0], event_type="click"))
    engine.save(model)
    before = current_version(model)
    with pytest.raises(InputError, match="1 of 1 such events"):
        refit(model, shop)
    assert current_version(model) == before
    assert refit(model, shop, force=True).promoted


def module_event(row):
    return Event(user_id=row[c.USER_ID], item_id=row[c.ITEM_ID], event_type=row[c.EVENT_TYPE])


@pytest.mark.parametrize(
    ("numbers", "promoted"),
    [
        ((0.10, 0.11, 0.005, 0.02), True),
        ((0.10, 0.10, -0.01, 0.01), True),
        ((0.10, 0.099, -0.01, 0.01), True),
        ((0.10, 0.09, -0.03, 0.01), False),
        ((0.10, 0.099, -0.002, -0.0005), False),
    ],
)
def test_the_rule(numbers: tuple[float, ...], promoted: bool) -> None:
    running, candidate, low, high = numbers
    told = Verdict(
        cases=100, running=running, candidate=candidate, gain=candidate - running, low=low, high=high
    )
    assert module._verdict(told, 0.02).promoted is promoted
