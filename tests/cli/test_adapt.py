"""Fitting a language model to a shop from the command line."""

import shutil
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from tests.adapt.shops import small_network
from warmstart.adapt.card import read_card
from warmstart.adapt.pretrain import Adapted
from warmstart.cli.adapted_view import adapted_view
from warmstart.data.reader import read_shop
from warmstart.encoders.auto import choose_encoder
from warmstart.encoders.scratch import ScratchNetwork
from warmstart.encoders.tuning import Tuning
from warmstart.evaluate.encoder_change import EncoderChange
from warmstart.search.weights import Change
from warmstart.training.run import TrainingRun

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


def test_judged_queries_are_asked_before_and_after(run_json, shop, model, tmp_path, monkeypatch):
    monkeypatch.setattr(Adapted, "is_as_it_came", False)  # whatever a second of training brings
    out, judged = tmp_path / "encoder", shutil.copytree(shop, tmp_path / "judged")
    items = read_shop(shop)[0].items.head(12)
    rows = [
        f"{title.split()[-1]} {item_id},{item_id},2" for item_id, title in items["item_id", "title"].rows()
    ]
    (judged / "judgments.csv").write_text("\n".join(["query,item_id,grade", *rows]), encoding="utf-8")
    asked = ("adapt", judged, "--out", out, "--model", model, "--tuning", "full", "--minutes", "0.01")
    made = run_json(*asked)
    found = made["search"]
    assert found["queries"] == 12
    assert found["verdict"] in {"better", "worse", "not certainly better"}
    card = read_card(out)
    searched = {metric.name: metric for metric in card.metrics if metric.name.startswith("search")}
    assert searched["search: nDCG@10 e"].value == found["changes"]["e"]["after"]
    assert found["verdict"] in card.notes[-1]
    assert "search" not in run_json(*asked, "--no-search")
    assert "search" not in run_json(*asked, "--judged")


def test_what_is_no_better_in_search_is_to_be_left(shop):
    run = TrainingRun(
        steps=1,
        epochs=1.0,
        best_step=1,
        best_quality=0.5,
        stopped="finished",
        losses=(1.0,),
        qualities=((0, 0.4), (1, 0.5)),
        seconds=1.0,
        peak_rss_mb=1.0,
        cuda_mb=None,
        trained_parameters=1,
        all_parameters=1,
    )
    made = Adapted(
        folder=Path("new"),
        objective="mlm",
        tuning=Tuning(),
        learned_from={"texts": 1},
        before={},
        after={},
        run=run,
    )

    def shown(low: float, high: float) -> str:
        moved = Change(before=0.5, after=0.6, low=low, high=high)
        change = EncoderChange(queries=12, items=90, changes={"e": moved, "c": moved})
        kept = Console(width=200, file=StringIO())
        kept.print(adapted_view(made, shop, "old", exported=None, change=change))
        return kept.file.getvalue()  # type: ignore[attr-defined]

    assert "--encoder new" in shown(0.01, 0.2)
    assert "0.500 → 0.600, gain +0.010 to +0.200" in shown(0.01, 0.2)
    for low, high in ((-0.1, 0.2), (-0.2, -0.1)):
        assert "keep the old one" in shown(low, high)
        assert "--encoder old" in shown(low, high)


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
    onnx = run(
        "adapt", shop, "--out", tmp_path / "a", "--model", model, "--tuning", "prefix", "--onnx", code=2
    )
    assert "merges" in onnx.stderr
    (tmp_path / "notes.txt").write_text("mine")
    assert "something else" in run("adapt", shop, "--out", tmp_path, "--scratch", code=2).stderr
