import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from warmstart.core.component import State
from warmstart.core.errors import ArtifactError, ConfigError, InputError
from warmstart.core.linear import FloatArray
from warmstart.encoders import model_folder
from warmstart.encoders.cache import VectorCache
from warmstart.encoders.pretrained import PretrainedEncoder


@dataclass(kw_only=True)
class CountingEncoder(PretrainedEncoder):
    """Gives each text a random vector, and remembers what it had to encode."""

    cache: bool = True
    seen: list[str] = field(default_factory=list)

    @property
    def dim(self) -> int:
        return 8

    def _wanted(self) -> tuple[str, ...]:
        return ("weights",)

    def _files(self) -> Iterable[Path]:
        return [self.folder / "weights"]

    def _embed(self, texts: Sequence[str]) -> FloatArray:
        self.seen += texts
        rows = [np.random.default_rng(list(text.encode())).standard_normal(8) for text in texts]
        return np.array(rows, dtype=np.float32)


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "model"
    made.mkdir()
    (made / "weights").write_bytes(b"the weights")
    return made


TITLES = [f"title {n}" for n in range(2_000)]


def test_after_ten_new_items_only_ten_are_encoded(folder):
    first = CountingEncoder(model=str(folder))
    before = first.encode(TITLES)
    assert first.seen == TITLES
    second = CountingEncoder(model=str(folder))
    news = [f"new title {n}" for n in range(10)]
    after = second.encode([*news, *TITLES])
    assert second.seen == news
    assert np.array_equal(after[10:], before)


def test_a_text_that_stands_twice_is_encoded_once(folder):
    encoder = CountingEncoder(model=str(folder))
    vectors = encoder.encode(["a", "b", "a"])
    assert encoder.seen == ["a", "b"]
    assert np.array_equal(vectors[0], vectors[2])


def test_cached_and_fresh_vectors_are_equal_to_the_last_bit(folder):
    fresh = CountingEncoder(model=str(folder), cache=False).encode(TITLES[:50])
    for _ in range(2):
        assert np.array_equal(CountingEncoder(model=str(folder)).encode(TITLES[:50]), fresh)


def test_what_shoppers_type_is_not_kept(folder):
    encoder = CountingEncoder(model=str(folder))
    encoder.encode(["secret"], "query")
    assert len(VectorCache.shared()) == 0


def test_without_cache_nothing_is_kept(folder):
    CountingEncoder(model=str(folder), cache=False).encode(["a"])
    assert len(VectorCache.shared()) == 0


@pytest.mark.parametrize("change", [{"max_length": 7}, {"item_prefix": "item: "}])
def test_another_setting_misses_the_cache(folder, change):
    CountingEncoder(model=str(folder)).encode(["a"])
    other = CountingEncoder(model=str(folder), **change)
    other.encode(["a"])
    assert len(other.seen) == 1


def test_batch_size_and_place_do_not_change_the_fingerprint(folder, tmp_path):
    moved = tmp_path / "elsewhere"
    fingerprint = CountingEncoder(model=str(folder)).fingerprint
    folder.rename(moved)
    assert CountingEncoder(model=str(moved), batch_size=1).fingerprint == fingerprint


def test_changed_weights_change_the_fingerprint_though_size_and_name_stay(folder):
    encoder = CountingEncoder(model=str(folder))
    before = encoder.fingerprint
    (folder / "weights").write_bytes(b"other bytes")
    os.utime(folder / "weights", ns=(1, 1))
    assert encoder.fingerprint != before


def saved(folder: Path) -> tuple[dict[str, Any], State]:
    encoder = CountingEncoder(model=str(folder))
    return encoder.settings(), encoder.get_state()


def restore(settings: dict[str, Any], state: State) -> CountingEncoder:
    encoder = CountingEncoder.from_settings(settings)
    encoder.set_state(state)
    return encoder


def test_a_saved_encoder_holds_no_weights_and_comes_back(folder):
    settings, state = saved(folder)
    assert list(state) == ["fingerprint"]
    assert restore(settings, state).encode(["a"]).any()


def test_loading_without_the_folder_says_what_is_missing(folder, tmp_path):
    settings, state = saved(folder)
    folder.rename(tmp_path / "elsewhere")
    with pytest.raises(ArtifactError, match=r"no such folder.*WARMSTART_MODEL"):
        restore(settings, state)


def test_loading_with_another_model_in_the_folder_is_an_error(folder):
    settings, state = saved(folder)
    (folder / "weights").write_bytes(b"others")
    with pytest.raises(ArtifactError, match="fingerprint"):
        restore(settings, state)


def test_a_model_that_has_moved_is_found_by_the_variable(folder, tmp_path, monkeypatch):
    settings, state = saved(folder)
    moved = tmp_path / "elsewhere"
    folder.rename(moved)
    monkeypatch.setenv("WARMSTART_MODEL", f"onnx:{moved}")
    encoder = restore(settings, state)
    assert encoder.model == str(moved)
    assert encoder.encode(["a"]).any()


def test_the_variable_does_not_put_another_model_in_its_place(folder, tmp_path, monkeypatch):
    settings, state = saved(folder)
    folder.rename(tmp_path / "gone")
    other = tmp_path / "other"
    other.mkdir()
    (other / "weights").write_bytes(b"others")
    monkeypatch.setenv("WARMSTART_MODEL", str(other))
    with pytest.raises(ArtifactError):
        restore(settings, state)


def test_a_path_that_is_a_file_is_refused(folder):
    with pytest.raises(InputError, match="a file"):
        CountingEncoder(model=str(folder / "weights")).encode(["a"])


def test_a_model_name_is_needed():
    with pytest.raises(ConfigError, match="'model'"):
        CountingEncoder().encode(["a"])


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """A local Hugging Face cache that holds `shop/model`."""
    pytest.importorskip("huggingface_hub", reason="needs the extra 'onnx'")
    commit = "0" * 40
    stored = tmp_path / "models--shop--model"
    (stored / "refs").mkdir(parents=True)
    (stored / "refs" / "main").write_text(commit)
    snapshot = stored / "snapshots" / commit
    snapshot.mkdir(parents=True)
    (snapshot / "weights").write_bytes(b"the weights")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    return snapshot


def test_a_hub_name_in_the_local_cache_needs_no_network(hub):
    encoder = CountingEncoder(model="shop/model")
    assert encoder.folder == hub
    assert encoder.encode(["a"]).any()


def test_a_hub_name_that_cannot_be_had_names_the_folder_route(hub):
    with pytest.raises(InputError, match=r"shop/other.*Copy the model's folder"):
        CountingEncoder(model="shop/other").encode(["a"])


def test_a_name_that_is_no_hub_name_is_an_input_error(hub):
    with pytest.raises(InputError, match="a/b/c"):
        CountingEncoder(model="a/b/c").encode(["a"])


def test_a_snapshot_that_lacks_files_is_completed_from_the_hub(hub, monkeypatch):
    calls = []

    def snapshot_download(name, *, revision, allow_patterns, local_files_only):
        calls.append((name, revision, allow_patterns, local_files_only))
        if not local_files_only:
            (hub / "more").write_text("")
        return str(hub)

    monkeypatch.setattr("huggingface_hub.snapshot_download", snapshot_download)
    folder = model_folder.find_model(
        "shop/model", "v2", ["more"], lambda folder: (folder / "more").exists()
    )
    assert folder == hub
    assert calls == [("shop/model", "v2", ["more"], True), ("shop/model", "v2", ["more"], False)]


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ('{"max_position_embeddings": 512, "model_type": "bert"}', 512),
        ('{"max_position_embeddings": 514, "model_type": "xlm-roberta"}', 512),
        ('{"max_position_embeddings": 514, "model_type": "mpnet"}', 512),
        ('{"n_positions": 1024, "model_type": "gpt2"}', 1024),
        ("{}", None),
    ],
)
def test_the_longest_input_is_read_from_the_config(tmp_path, config, expected):
    (tmp_path / "config.json").write_text(config)
    assert model_folder.longest_input(tmp_path) == expected


def test_a_damaged_settings_file_is_an_input_error(tmp_path):
    (tmp_path / "config.json").write_text("{not json")
    with pytest.raises(InputError, match="damaged"):
        model_folder.longest_input(tmp_path)
