"""Settings chosen before an adaptation, and adaptations that are recorded and spread over processes."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.adapt.shops import SMALL, small_network, small_shop
from warmstart.adapt.card import read_card
from warmstart.adapt.pretrain import adapt_encoder
from warmstart.adapt.recipe import Material
from warmstart.adapt.selection import STUDY_FILE, select_settings
from warmstart.core.errors import ArtifactError, ConfigError
from warmstart.encoders.scratch import ScratchNetwork
from warmstart.encoders.tuning import Tuning
from warmstart.training.trainer import Trainer

pytest.importorskip("torch", reason="needs the extra 'lm'")
pytest.importorskip("transformers", reason="needs the extra 'lm'")
pytest.importorskip("peft", reason="needs the extra 'adapt'")

SHOP = small_shop()
QUICK = Trainer(epochs=2, batch_size=32, learning_rate=0.001)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return small_network("encoder").save(tmp_path_factory.mktemp("backbone"))


def test_the_card_says_what_was_learned_from_how_and_what_came_of_it(tmp_path, folder):
    made = adapt_encoder(str(folder), SHOP, tmp_path, trainer=replace(QUICK, seed=3))
    card = read_card(tmp_path)
    assert made.card.is_file()
    assert card.run == made.run
    assert card.seeds == {"trainer.seed": 3}
    assert card.data["learned from"] == made.learned_from
    assert card.settings["tuning"]["method"] == "lora"
    found = {metric.name.partition(":")[0]: metric for metric in card.metrics}
    assert {kind: metric.value for kind, metric in found.items()} == pytest.approx(
        {kind: measures["MRR"] for kind, measures in made.after.items()}
    )
    for metric in card.metrics:
        assert metric.before is not None
        assert metric.gain_low is not None
        assert metric.gain_high is not None
        assert metric.gain_low <= metric.value - metric.before <= metric.gain_high


def test_another_text_is_another_fingerprint(tmp_path):
    texts = [f"这个商品很好 {word} 下次再来" for word in "甲乙丙丁戊己庚辛壬癸"]
    names = []
    for place, given in enumerate([texts, texts, [*texts[:-1], "别的"]]):
        network, out = ScratchNetwork(**SMALL), tmp_path / str(place)
        adapt_encoder(network, given, out, objective="mlm", trainer=replace(QUICK, max_steps=1))
        names.append(read_card(out).data["fingerprint"])
    assert names[0] == names[1] != names[2]


def test_two_processes_share_an_adaptation_and_one_can_go_on_where_they_stopped(tmp_path):
    class StopHere(Exception):
        """Stands for Ctrl-C."""

    class Crash:
        def on_step(self, step, loss, learning_rate):
            if step == 3:
                raise StopHere

        def on_quality(self, step, quality):
            """Nothing."""

    folder = still(small_network("causal").save(tmp_path / "causal"))
    trainer = replace(QUICK, max_steps=4, checkpoint_every=1)

    def adapt(out, processes, **more):
        own, tuning = replace(trainer, processes=processes), Tuning(method="full")
        return adapt_encoder(folder, SHOP, out, trainer=own, objective="clm", tuning=tuning, **more)

    whole = adapt(tmp_path / "whole", 1)
    with pytest.raises(StopHere):
        adapt(tmp_path / "broken", 2, watchers=[Crash()])
    again = adapt(tmp_path / "broken", 1)
    # Each process takes the mean over its own tokens: the halves of a step weigh a little otherwise.
    assert again.run.losses == pytest.approx(whole.run.losses, abs=5e-4)
    assert whole.run.losses[0] - whole.run.losses[-1] > 0.05
    assert (tmp_path / "broken" / "card.html").is_file()


def still(folder: Path) -> str:
    """The model without dropout, which every process would draw for itself."""
    path = folder / "config.json"
    settings = json.loads(path.read_text(encoding="utf-8"))
    settings |= {name: 0.0 for name in settings if "pdrop" in name or "dropout" in name}
    path.write_text(json.dumps(settings), encoding="utf-8")
    return str(folder)


def test_settings_are_chosen_without_a_look_at_what_the_adaptation_holds_out():
    whole = Material.of(SHOP, held_out=150, seed=0)
    inner = whole.inner(held_out=150, seed=1)
    assert whole.probe is not None
    assert inner.probe is not None
    held = {pair.group for pair in whole.probe.held_out.pairs}
    seen = {pair.group for pair in (*inner.pairs.pairs, *inner.probe.held_out.pairs)} | {*inner.groups}
    assert held
    assert not held & seen
    assert not {pair.group for pair in inner.probe.held_out.pairs} & {*inner.groups}


@pytest.fixture(scope="module")
def selected(tmp_path_factory, folder):
    pytest.importorskip("optuna", reason="needs the extra 'adapt'")
    place = tmp_path_factory.mktemp("study")
    given = {"minutes": 0.05, "trainer": replace(QUICK, max_steps=3), "trials": 3, "folder": place}
    return given, select_settings(str(folder), SHOP, **given)


def test_a_search_tries_rates_temperatures_and_tunings(selected):
    _, found = selected
    best = found.choice.trials[found.choice.best].settings
    assert best.keys() == {"trainer.learning_rate", "tuning.method", "contrast.temperature"}
    assert found.trainer == replace(
        QUICK, max_steps=3, learning_rate=found.choice.parts["trainer"].learning_rate
    )
    assert found.settings == {"temperature": best["contrast.temperature"]}
    assert found.choice.gain >= 0.0
    told = found.told()
    assert told["trial 1"]["contrast.temperature"] == 0.05
    assert json.loads(json.dumps(told)) == told


def test_a_search_that_is_asked_again_goes_on_and_another_is_refused(selected, folder):
    given, found = selected
    assert (given["folder"] / STUDY_FILE).is_file()
    again = select_settings(str(folder), SHOP, **given)
    assert again.choice == found.choice
    with pytest.raises(ArtifactError, match="minutes"):
        select_settings(str(folder), SHOP, **{**given, "minutes": 1.0})


def test_what_was_tried_stands_in_the_card(tmp_path, folder, selected):
    _, found = selected
    adapt_encoder(
        str(folder),
        SHOP,
        tmp_path,
        trainer=found.trainer,
        tuning=found.tuning,
        study=found.told(),
        **found.settings,
    )
    card = read_card(tmp_path)
    assert card.settings["choosing"]["trial 1"]["state"] == "finished"
    assert card.settings["objective"]["temperature"] == found.settings["temperature"]
    assert "trial" in " ".join(card.notes)


def test_a_way_of_tuning_that_was_given_stays(folder):
    pytest.importorskip("optuna", reason="needs the extra 'adapt'")
    given: dict[str, Any] = {"minutes": 0.01, "trainer": replace(QUICK, max_steps=1), "trials": 2}
    found = select_settings(str(folder), SHOP, tuning=Tuning(method="bottleneck"), objective="mlm", **given)
    assert found.tuning == Tuning(method="bottleneck")
    assert found.choice.trials[0].settings.keys() == {"trainer.learning_rate"}
    assert found.settings == {}
    with pytest.raises(ConfigError, match="learning rate"):
        select_settings(str(folder), SHOP, minutes=1, trainer=Trainer(learning_rate=0.1))
