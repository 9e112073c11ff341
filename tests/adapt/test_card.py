"""The card of a training."""

import json
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warmstart.adapt.card import CardMetric, card_of, fingerprint, read_card, write_card
from warmstart.adapt.card_page import POINTS, WORDS, render_card, stretches
from warmstart.core.errors import ArtifactError, ConfigError
from warmstart.training.run import TrainingRun
from warmstart.training.trainer import Trainer

RUN = TrainingRun(
    steps=300,
    epochs=2.5,
    best_step=200,
    best_quality=0.75,
    stopped="patience",
    losses=tuple(2.0 / (1 + step) for step in range(300)),
    qualities=((0, 0.5), (100, 0.7), (200, 0.75), (300, 0.74)),
    seconds=12.25,
    peak_rss_mb=812.5,
    cuda_mb=None,
    trained_parameters=73_728,
    all_parameters=22_713_216,
)
METRICS = (
    CardMetric(name="nDCG@10", value=0.41, low=0.39, high=0.43, before=0.37, gain_low=0.02, gain_high=0.06),
    CardMetric(name="MRR", value=0.3, before=0.31, gain_low=-0.03, gain_high=-0.001),
    CardMetric(name="queries", value=12.0),
)


def card(run: TrainingRun = RUN, **more: Any):
    settings: dict[str, Any] = {"trainer": Trainer(seed=7), "tuning": {"method": "lora", "rank": 8}}
    data = {"fingerprint": fingerprint(["灯"]), "sizes": {"titles": 12_000}}
    return card_of(run, title="icecat · 北方", data=data, settings=settings, metrics=METRICS, **more)


class Reader(HTMLParser):
    """The tags and the text of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.open: list[str] = []
        self.told = ""
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.open += [] if tag in {"meta", "br"} else [tag]
        assert not any(name in {"src", "href"} or name.startswith("on") for name, _ in attrs)

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.told += data


def test_a_card_has_all_that_is_needed_to_judge_a_training_and_do_it_again(tmp_path):
    written = card(notes=["Promoted."])
    write_card(tmp_path, written)
    assert read_card(tmp_path) == written
    told = json.loads((tmp_path / "card.json").read_text(encoding="utf-8"))
    assert told["seeds"] == {"trainer.seed": 7}
    assert told["settings"]["tuning"] == {"method": "lora", "rank": 8}
    assert told["versions"].keys() >= {"python", "warmstart", "numpy"}
    assert told["run"]["qualities"][0] == [0, 0.5]
    assert told["made"].endswith("+00:00")


def test_the_page_says_it_all_and_asks_nobody(tmp_path):
    write_card(tmp_path, card())
    page = (tmp_path / "card.html").read_text(encoding="utf-8")
    read = Reader(page)
    assert read.open == []
    assert "script" not in read.tags
    assert read.tags.count("svg") == 4  # two curves, for a screen and for a phone
    assert "prefers-color-scheme: dark" in page
    assert "width=device-width" in page
    for word in ("step 200 of 300", "0.7500", "got no better", "12,000", "73,728 of 22,713,216 (0.32%)"):
        assert word in read.told
    for word in ("12.2 s", "812 MB", "[+0.0200, +0.0600]", "lora", "CPU"):
        assert word in read.told
    assert "verdict-word better'>+0.0400" in page
    assert "verdict-word worse'>-0.0100" in page


def test_the_page_in_chinese_has_no_english_label():
    told = Reader(render_card(card(), language="zh")).told
    assert "保留第 200 步的权重" in told
    assert 'lang="zh-CN"' in render_card(card(), language="zh")
    for english, _ in WORDS.values():
        if len(english) > 8 and "{" not in english and "warmstart" not in english:
            assert english not in told
    with pytest.raises(ConfigError, match="fr"):
        render_card(card(), language="fr")


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"best_step": 0, "best_quality": 0.5}, "did not help"),
        ({"best_quality": None, "qualities": ()}, "Nothing was held back"),
        ({"stopped": "budget"}, "time was up"),
        ({"stopped": "finished"}, "ran to its end"),
        ({"processes": 2}, "CPU, 2 processes"),
        ({"cuda_mb": 4096.0, "device": "cuda"}, "4,096 MB"),
        ({"losses": (1.0,), "peak_rss_mb": None}, "–"),
        ({"losses": (1.0, 1.0), "qualities": ((0, 0.0), (2, 0.0)), "best_step": 0}, "less is better"),
    ],
    ids=str,
)
def test_the_page_says_what_happened(change: dict[str, Any], word: str):
    assert word in Reader(render_card(card(replace(RUN, **change)))).told


@given(text=st.text(alphabet=st.sampled_from("<>&\"'`a灯/ "), min_size=1, max_size=12))
def test_whatever_a_shop_calls_things_stays_text(text):
    metric = CardMetric(name=text, value=0.5)
    made = replace(
        card(),
        title=text,
        notes=(text,),
        metrics=(metric,),
        data={text: text},
        settings={text: {text: text}},
        versions={text: text},
    )
    read = Reader(render_card(made))
    assert read.open == []
    assert set(read.tags) <= set(Reader(render_card(card(notes=["a"]))).tags)


@given(losses=st.lists(st.floats(-9, 9), min_size=1, max_size=400))
def test_a_drawn_curve_of_losses_is_short_and_true(losses):
    size = -(-len(losses) // POINTS)
    points = stretches(losses, size)
    assert len(points) <= POINTS
    assert points[-1].x == len(losses)
    assert min(p.low for p in points if p.low is not None) == min(losses)
    assert max(p.high for p in points if p.high is not None) == max(losses)


@given(texts=st.lists(st.text(max_size=3), max_size=4), others=st.lists(st.text(max_size=3), max_size=4))
def test_a_fingerprint_tells_texts_apart(texts, others):
    assert (fingerprint(texts) == fingerprint(others)) == (texts == others)


@pytest.mark.parametrize("wrong", ["{}", "[]", '{"format": 2}', '{"format": 1, "run": {}}'])
def test_a_damaged_card_is_an_error(tmp_path, wrong):
    (tmp_path / "card.json").write_text(wrong, encoding="utf-8")
    with pytest.raises(ArtifactError):
        read_card(tmp_path)


def test_a_recorded_training_leaves_its_folder_and_is_not_done_twice(tmp_path, monkeypatch):
    pytest.importorskip("torch", reason="needs the extra 'lm'")
    from tests.training.jobs import BagJob
    from warmstart.adapt import recorded

    told: list[tuple[Any, ...]] = []

    class Kept:
        """Stands for a tracker."""

        def __getattr__(self, name):
            return lambda *given: told.append((name, *given))

    monkeypatch.setattr(recorded, "make_trackers", lambda names, folder: [Kept()])
    trainer = Trainer(learning_rate=0.05, batch_size=45, epochs=2)
    given: dict[str, Any] = {"title": "toy", "data": {"titles": 90}}
    made = recorded.recorded_training(trainer, BagJob(), tmp_path, **given)
    assert read_card(tmp_path) == made
    assert (told[0][0], told[-2][0], told[-1][0]) == ("begin", "results", "close")
    assert told[0][2]["data"] == {"titles": 90}
    assert told[-2][1]["best_quality"] == made.run.best_quality
    job = BagJob()
    again = recorded.recorded_training(trainer, job, tmp_path, **given)
    assert job.drawn == []
    assert again.run.losses == made.run.losses


def test_trackers_are_closed_when_a_training_fails(tmp_path):
    pytest.importorskip("tensorboard", reason="needs the extra 'adapt'")
    from tests.training.processes import CrashingJob, StopHere
    from warmstart.adapt.recorded import recorded_training

    trainer = Trainer(learning_rate=0.05, batch_size=8, epochs=2)
    with pytest.raises(StopHere):
        recorded_training(trainer, CrashingJob(), tmp_path, title="toy", data={})
    assert list((tmp_path / "tensorboard").iterdir())
    assert not (tmp_path / "card.json").exists()
