"""Every form says what the network says, as far as it promises; and the whole compression."""

import shutil

import numpy as np
import pytest

from tests.adapt.compress.conftest import TEXTS
from warmstart.adapt.compress.blocks import BLOCK, packed, quantise_blocks
from warmstart.adapt.compress.compression import Compression, read_report
from warmstart.adapt.compress.heads import silence_heads
from warmstart.adapt.compress.matryoshka import Shortening, nested_loss, shorten_onnx
from warmstart.adapt.compress.quantise import quantise_onnx
from warmstart.core.errors import ConfigError, InputError
from warmstart.core.linear import unit_rows
from warmstart.encoders.export import export_onnx
from warmstart.encoders.onnx import OnnxEncoder

FLOORS = {"float32": 0.9999, "int8-weights": 0.999, "int8": 0.97, "int8-static": 0.9, "int4": 0.9}


@pytest.fixture(scope="module")
def exported(whole, tmp_path_factory):
    return export_onnx(str(whole.save(tmp_path_factory.mktemp("plain"))), tmp_path_factory.mktemp("onnx"))


@pytest.fixture
def folder(exported, tmp_path):
    return shutil.copytree(exported, tmp_path / "own")


def encoded(folder) -> np.ndarray:
    return OnnxEncoder(model=str(folder), threads=1).encode(TEXTS)


@pytest.mark.parametrize("precision", FLOORS)
def test_each_precision_says_what_torch_says(whole, folder, precision):
    quantise_onnx(folder, precision, TEXTS)
    cosines = (encoded(folder) * unit_rows(whole.encode(TEXTS))).sum(axis=1)
    assert cosines.min() > FLOORS[precision]


def test_fewer_bits_take_less_room(exported, tmp_path):
    sizes = {}
    for precision in ("float32", "int8-weights", "int4"):
        folder = shutil.copytree(exported, tmp_path / precision)
        quantise_onnx(folder, precision)
        sizes[precision] = (folder / "model.onnx").stat().st_size
    assert sizes["int4"] < sizes["int8-weights"] < 0.5 * sizes["float32"]


def test_what_cannot_be_quantised_says_why(folder):
    with pytest.raises(InputError, match="texts"):
        quantise_onnx(folder, "int8-static", ["", " "])
    with pytest.raises(ConfigError, match="int8-weights"):
        quantise_onnx(folder, "int3")  # type: ignore[arg-type]


@pytest.mark.parametrize("bits", [4, 8])
def test_blocks_are_off_by_half_a_step_at_most(bits):
    rows = np.random.default_rng(0).normal(size=(5, 70)).astype(np.float32)
    numbers, scales, zeros = quantise_blocks(rows, bits)
    back = ((numbers.astype(np.float32) - zeros[..., None]) * scales[..., None]).reshape(5, -1)[:, :70]
    steps = np.repeat(scales, BLOCK, axis=1)[:, :70]
    assert (np.abs(back - rows) <= 1.01 * steps).all()
    assert np.abs(back - rows).mean() < 0.3 * steps.mean()
    assert packed(numbers, bits).nbytes == numbers.nbytes * bits // 8


def test_silent_heads_are_left_out_of_the_file(whole, tmp_path):
    quiet = silence_heads(whole, 0.5, TEXTS[:8])
    small = export_onnx(str(quiet.save(tmp_path / "quiet")), tmp_path / "small")
    large = export_onnx(str(whole.save(tmp_path / "whole")), tmp_path / "large")
    np.testing.assert_allclose(encoded(small), unit_rows(quiet.encode(TEXTS)), atol=1e-4)
    assert (small / "model.onnx").stat().st_size < 0.95 * (large / "model.onnx").stat().st_size


def test_a_rotation_changes_no_cosine_and_short_vectors_keep_the_most():
    rng = np.random.default_rng(0)
    vectors = unit_rows(rng.normal(size=(200, 12)) * np.linspace(1, 0.1, 12)[rng.permutation(12)])
    shortening = Shortening.fit(vectors)
    turned = shortening.shorten(vectors, 12)
    np.testing.assert_allclose(turned @ turned.T, vectors @ vectors.T, atol=1e-5)
    kept = [shortening.kept(vectors, dim) for dim in range(1, 13)]
    assert kept == sorted(kept)
    assert kept[-1] == pytest.approx(1, abs=1e-5)
    plain = [float((vectors[:, :dim] ** 2).sum(axis=1).mean()) for dim in range(1, 13)]
    assert all(own >= other - 1e-6 for own, other in zip(kept, plain, strict=True))
    with pytest.raises(InputError, match="say nothing"):
        Shortening.fit(np.zeros((3, 4), dtype=np.float32))


def test_the_short_model_gives_the_short_vectors(whole, folder):
    vectors = whole.encode(TEXTS)
    shortening = Shortening.fit(vectors)
    shorten_onnx(folder, shortening, 16)
    assert OnnxEncoder(model=str(folder)).dim == 16
    np.testing.assert_allclose(encoded(folder), shortening.shorten(vectors, 16), atol=1e-4)


def test_lengths_and_poolings_that_cannot_be_shortened_are_errors(folder):
    shortening = Shortening(np.eye(64, dtype=np.float32))
    with pytest.raises(ConfigError, match="1 to 64"):
        shorten_onnx(folder, shortening, 65)
    (folder / "1_Pooling" / "config.json").write_text('{"pooling_mode": "max"}')
    with pytest.raises(ConfigError, match="max"):
        shorten_onnx(folder, shortening, 16)


def test_a_nested_loss_is_the_mean_over_the_beginnings():
    vectors = np.arange(8.0).reshape(2, 4)
    assert nested_loss(np.sum, vectors, (1, 4)) == (4.0 + 28.0) / 2


def test_a_whole_compression_is_small_and_serves(whole, tmp_path):
    source = whole.save(tmp_path / "source")
    small = Compression(layers=2, heads=0.25, vocabulary=True, dim=32, epochs=1)
    found = small.run(str(source), tmp_path / "small", TEXTS)
    assert found == read_report(tmp_path / "small")
    assert found.megabytes < 0.6 * found.megabytes_before
    assert found.parameters < found.parameters_before
    assert found.dim == OnnxEncoder(model=str(tmp_path / "small")).dim == 32
    assert found.neighbours is not None
    assert 0.2 < found.neighbours <= 1
    assert found.seconds is not None


def test_a_plain_compression_needs_no_texts(whole, tmp_path):
    found = Compression(precision="float32").run(str(whole.save(tmp_path / "source")), tmp_path / "small")
    assert found.neighbours is None
    assert found.seconds is None
    np.testing.assert_allclose(encoded(tmp_path / "small"), unit_rows(whole.encode(TEXTS)), atol=1e-4)


@pytest.mark.parametrize("step", [{"layers": 2}, {"heads": 0.5}, {"vocabulary": True}, {"dim": 8}])
def test_a_step_without_texts_says_that_it_needs_them(whole, tmp_path, step):
    with pytest.raises(InputError, match=next(iter(step))):
        Compression(**step).run("nowhere", tmp_path / "small", [" "])
    with pytest.raises(ConfigError, match="layers"):
        Compression(layers=0)
