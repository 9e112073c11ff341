"""Fitting a language model to a shop from the command line."""

import pytest

from tests.adapt.shops import small_network
from warmstart.adapt.card import read_card
from warmstart.encoders.auto import choose_encoder
from warmstart.encoders.scratch import ScratchNetwork

pytest.importorskip("torch", reason="needs the extra 'lm'")
pytest.importorskip("transformers", reason="needs the extra 'lm'")


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return small_network("encoder").save(tmp_path_factory.mktemp("model"))


def test_one_command_fits_a_model_and_another_uses_it(run, run_json, shop, model, tmp_path):
    pytest.importorskip("peft", reason="needs the extra 'adapt'")
    out = tmp_path / "encoder"
    made = run_json("adapt", shop, "--out", out, "--model", model, "--minutes", "0.02", "--static")
    assert made["run"]["steps"] > 0
    assert made["before"].keys() == made["after"].keys()
    assert "description" in made["before"]
    assert made["tuning"]["method"] == "lora"
    assert choose_encoder(made["static_folder"])[0].encode(["shoe"]).shape[0] == 1
    fitted = run_json("fit", shop, "--out", tmp_path / "model", "--encoder", made["static_folder"])
    assert fitted["encoder"]["name"] == "static"


def test_settings_are_chosen_trackers_are_asked_and_the_card_says_so(run, run_json, shop, model, tmp_path):
    pytest.importorskip("peft", reason="needs the extra 'adapt'")
    pytest.importorskip("optuna", reason="needs the extra 'adapt'")
    out = tmp_path / "encoder"
    asked = ("--minutes", "0.01", "--choose", "0.02", "--track", "tensorboard")
    made = run_json("adapt", shop, "--out", out, "--model", model, *asked)
    assert made["card"] == str(out / "card.html")
    card = read_card(out)
    tried = card.settings["choosing"]["trial 1"]
    assert tried["tuning.method"] == "lora"
    assert card.settings["objective"]["name"] == "contrastive"
    assert list((out / "tensorboard").iterdir())
    assert "wand" in run("adapt", shop, "--out", out, "--model", model, "--track", "wand", code=2).stderr


def test_from_scratch_it_says_what_was_learned(run, shop, tmp_path, monkeypatch):
    small = ScratchNetwork(vocabulary=300, layers=1, dim=16, heads=2, max_length=32)
    monkeypatch.setattr("warmstart.encoders.scratch.ScratchNetwork", lambda: small)
    out = tmp_path / "encoder"
    shown = run("adapt", shop, "--out", out, "--scratch", "--minutes", "0.02").stdout
    assert "mean reciprocal rank" in shown
    assert "by 'full'" in shown
    assert "--encoder" in shown
    assert "card.html" in shown
    run("adapt", shop, "--out", out, "--scratch", "--minutes", "0.02")  # an adapted folder may be replaced


def test_a_model_that_stays_as_it_came_is_called_that(run, shop, model, tmp_path):
    out = tmp_path / "encoder"
    asked = ("--model", model, "--tuning", "full", "--objective", "simcse")
    shown = run("adapt", shop, "--out", out, *asked, "--minutes", "0.01", "--learning-rate", "1e-12").stdout
    assert "as it came" in " ".join(shown.split())


def test_what_is_missing_or_in_the_way_is_said_before_any_work(run, shop, model, tmp_path):
    assert "--scratch" in run("adapt", shop, "--out", tmp_path / "a", code=2).stderr
    both = run("adapt", shop, "--out", tmp_path / "a", "--scratch", "--model", model, code=2)
    assert "Leave one of them out" in both.stderr
    (tmp_path / "notes.txt").write_text("mine")
    assert "something else" in run("adapt", shop, "--out", tmp_path, "--scratch", code=2).stderr
