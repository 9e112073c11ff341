"""An adapter beside its base, and another in its place."""

import numpy as np
import pytest

from tests.tiny_models import adapter_folder, transformer_folder
from warmstart.core.errors import ArtifactError
from warmstart.encoders.adapted import AdaptedEncoder
from warmstart.encoders.auto import choose_encoder

torch = pytest.importorskip("torch", reason="needs the extra 'lm'")
pytest.importorskip("peft", reason="needs the extra 'adapt'")

TEXTS = ["red shoes", "garden hose", "耳机"]


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return transformer_folder(tmp_path_factory.mktemp("base"))


@pytest.mark.parametrize("methods", [("bottleneck", "bottleneck"), ("lora", "prefix"), ("prompt", "lora")])
def test_adapters_are_exchanged_while_the_base_stays(tmp_path, base, methods, monkeypatch):
    one, two = (
        adapter_folder(tmp_path / str(place), base, method, seed=place)
        for place, method in enumerate(methods)
    )
    expected = [AdaptedEncoder(adapter=str(folder)).encode(TEXTS) for folder in (one, two)]
    assert not np.allclose(expected[0], expected[1], atol=1e-3)
    encoder = AdaptedEncoder(adapter=str(one))
    assert np.array_equal(encoder.encode(TEXTS), expected[0])
    before = encoder.fingerprint
    monkeypatch.setattr("warmstart.encoders.adapted.Backbone.load", None)  # the base is not read again
    assert np.array_equal(encoder.swap(str(two)).encode(TEXTS), expected[1])
    assert encoder.fingerprint != before
    assert np.array_equal(encoder.swap(str(one)).encode(TEXTS), expected[0])


def test_the_folder_is_known_as_an_adapter_and_the_base_may_move(tmp_path, base):
    folder = adapter_folder(tmp_path / "adapter", base, "bottleneck")
    encoder, _ = choose_encoder(str(folder), cache=False)
    assert isinstance(encoder, AdaptedEncoder)
    state = encoder.get_state()
    moved = AdaptedEncoder(adapter=str(folder), model=str(transformer_folder(tmp_path / "moved")))
    moved.set_state(state)
    other = AdaptedEncoder(adapter=str(adapter_folder(tmp_path / "other", base, "bottleneck", seed=3)))
    with pytest.raises(ArtifactError, match="fingerprint"):
        other.set_state(state)


def test_a_folder_without_an_adapter_or_of_another_base_is_refused(tmp_path, base):
    with pytest.raises(ArtifactError, match="base"):
        AdaptedEncoder(adapter=str(tmp_path)).encode(TEXTS)
    one = adapter_folder(tmp_path / "one", base, "bottleneck")
    two = adapter_folder(tmp_path / "two", transformer_folder(tmp_path / "elsewhere"), "bottleneck")
    with pytest.raises(ArtifactError, match="adapter of"):
        AdaptedEncoder(adapter=str(one)).swap(str(two))
