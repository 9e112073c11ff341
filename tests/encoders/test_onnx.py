import json
import shutil

import numpy as np
import pytest

from tests.encoders.look_up_model import TABLE
from warmstart.core.errors import ConfigError, InputError
from warmstart.core.linear import FloatArray, unit_rows
from warmstart.encoders.onnx import OnnxEncoder, pool

RED, GREEN, SHOE, TEA = 2, 3, 4, 5


@pytest.fixture
def own_onnx(tiny_onnx, tmp_path):
    """A copy of the tiny model that a test may change."""
    return shutil.copytree(tiny_onnx, tmp_path / "own")


def pooled(*tokens: int) -> FloatArray:
    return unit_rows(TABLE[list(tokens)].mean(axis=0))


def test_a_text_is_the_mean_of_its_tokens(tiny_onnx):
    vectors = OnnxEncoder(model=str(tiny_onnx)).encode(["red shoe", "green"])
    np.testing.assert_allclose(vectors, np.array([pooled(RED, SHOE), pooled(GREEN)]), atol=1e-6)
    assert vectors.dtype == np.float32


def test_padding_beside_a_longer_text_changes_nothing(tiny_onnx):
    encoder = OnnxEncoder(model=str(tiny_onnx), batch_size=8)
    texts = ["tea", "red red red green shoe", "green tea", "", "red"]
    together = encoder.encode(texts)
    np.testing.assert_allclose(together, np.vstack([encoder.encode([text]) for text in texts]), atol=1e-6)


def test_batches_of_any_size_give_the_same_rows_in_the_same_order(tiny_onnx):
    texts = ["red " * n + "tea" for n in (5, 1, 9, 2, 7, 3)]
    expected = OnnxEncoder(model=str(tiny_onnx), batch_size=1).encode(texts)
    for size in (2, 4, 100):
        found = OnnxEncoder(model=str(tiny_onnx), batch_size=size).encode(texts)
        np.testing.assert_allclose(found, expected, atol=1e-6)


def test_chinese_and_mixed_text_is_read(tiny_onnx):
    encoder = OnnxEncoder(model=str(tiny_onnx))
    expected = np.array([pooled(TEA), pooled(RED, SHOE)])
    np.testing.assert_allclose(encoder.encode(["茶", "red鞋"]), expected, atol=1e-6)


def test_empty_texts_give_zeros(tiny_onnx):
    encoder = OnnxEncoder(model=str(tiny_onnx))
    assert not encoder.encode(["", " \n"]).any()
    assert encoder.encode([]).shape == (0, 2)


def test_what_lies_beyond_max_length_is_not_read(tiny_onnx):
    encoder = OnnxEncoder(model=str(tiny_onnx), max_length=2)
    np.testing.assert_allclose(encoder.encode(["red shoe tea tea tea"])[0], pooled(RED, SHOE), atol=1e-6)


def test_a_text_of_a_million_words_is_cut_and_read(tiny_onnx):
    encoder = OnnxEncoder(model=str(tiny_onnx), max_length=4)
    np.testing.assert_allclose(encoder.encode(["red " * 1_000_000])[0], pooled(RED), atol=1e-6)


def test_half_a_character_does_not_stop_it(tiny_onnx):
    assert OnnxEncoder(model=str(tiny_onnx)).encode(["red \ud800"]).any()


def test_prefixes_go_before_the_texts_of_their_side(tiny_onnx):
    encoder = OnnxEncoder(model=str(tiny_onnx), query_prefix="green ", item_prefix="red ")
    np.testing.assert_allclose(encoder.encode(["tea"], "query")[0], pooled(GREEN, TEA), atol=1e-6)
    np.testing.assert_allclose(encoder.encode(["tea"], "item")[0], pooled(RED, TEA), atol=1e-6)


def test_the_models_own_prompts_are_used_unless_others_are_given(own_onnx):
    prompts = {"prompts": {"query": "green ", "passage": "red "}}
    (own_onnx / "config_sentence_transformers.json").write_text(json.dumps(prompts))
    encoder = OnnxEncoder(model=str(own_onnx))
    np.testing.assert_allclose(encoder.encode(["tea"], "query")[0], pooled(GREEN, TEA), atol=1e-6)
    np.testing.assert_allclose(encoder.encode(["tea"])[0], pooled(RED, TEA), atol=1e-6)
    plain = OnnxEncoder(model=str(own_onnx), query_prefix="")
    np.testing.assert_allclose(plain.encode(["tea"], "query")[0], pooled(TEA), atol=1e-6)


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({"pooling_mode": "cls"}, TABLE[RED]),
        ({"pooling_mode": "max"}, [4, 4]),
        ({"pooling_mode": "mean_sqrt_len_tokens"}, [2, 2]),
        ({"pooling_mode_cls_token": True, "pooling_mode_mean_tokens": False}, TABLE[RED]),
        ({"pooling_mode_cls_token": False, "pooling_mode_max_tokens": True}, [4, 4]),
        ({}, [2, 2]),
    ],
)
def test_pooling_follows_the_models_settings(own_onnx, config, expected):
    (own_onnx / "1_Pooling").mkdir()
    (own_onnx / "1_Pooling" / "config.json").write_text(json.dumps(config))
    found = OnnxEncoder(model=str(own_onnx)).encode(["red green"])[0]
    np.testing.assert_allclose(found, unit_rows(expected), atol=1e-6)


def test_pooling_can_be_set(tiny_onnx):
    found = OnnxEncoder(model=str(tiny_onnx), pooling="cls").encode(["green red"])[0]
    np.testing.assert_allclose(found, unit_rows(TABLE[GREEN]), atol=1e-6)


def test_pooling_that_is_not_known_names_the_other_encoder(own_onnx):
    (own_onnx / "1_Pooling").mkdir()
    (own_onnx / "1_Pooling" / "config.json").write_text('{"pooling_mode": "lasttoken"}')
    with pytest.raises(InputError, match=r"lasttoken.*TransformerEncoder"):
        OnnxEncoder(model=str(own_onnx)).encode(["red"])


def test_a_model_with_a_further_stage_names_the_other_encoder(own_onnx):
    stages = [{"type": "sentence_transformers.models.Transformer"}, {"type": "x.models.Dense"}]
    (own_onnx / "modules.json").write_text(json.dumps(stages))
    with pytest.raises(InputError, match=r"Dense.*TransformerEncoder"):
        OnnxEncoder(model=str(own_onnx)).encode(["red"])


def test_the_onnx_folder_is_searched_before_the_model_folder(own_onnx):
    (own_onnx / "onnx").mkdir()
    (own_onnx / "onnx" / "model.onnx").write_bytes(b"not a model")
    assert OnnxEncoder(model=str(own_onnx), file="model.onnx").encode(["red"]).any()
    assert OnnxEncoder(model=str(own_onnx))._onnx_file.parent.name == "onnx"


def test_a_folder_without_an_onnx_file_says_how_to_make_one(tmp_path):
    with pytest.raises(InputError, match="export_onnx"):
        assert OnnxEncoder(model=str(tmp_path)).fingerprint


def test_a_folder_without_a_tokenizer_says_so(own_onnx):
    (own_onnx / "tokenizer.json").unlink()
    with pytest.raises(InputError, match=r"tokenizer\.json"):
        OnnxEncoder(model=str(own_onnx)).encode(["red"])


def test_without_a_model_the_setting_is_named():
    with pytest.raises(ConfigError, match="'model'"):
        assert OnnxEncoder().fingerprint


def test_a_batch_size_of_zero_is_refused():
    with pytest.raises(ConfigError, match="batch_size"):
        OnnxEncoder(model="m", batch_size=0)


def test_the_dimension_is_found_where_the_graph_does_not_say_it(own_onnx):
    import onnx

    model = onnx.load(own_onnx / "model.onnx")
    model.graph.output[0].type.tensor_type.shape.dim[2].dim_param = "unknown"
    onnx.save(model, own_onnx / "model.onnx")
    assert OnnxEncoder(model=str(own_onnx)).dim == TABLE.shape[1]


def test_mean_pooling_of_no_token_gives_zeros():
    tokens = np.ones((1, 3, 2), dtype=np.float32)
    assert not pool(tokens, np.zeros((1, 3), dtype=np.int64), "mean").any()


def test_a_model_that_takes_more_than_text_names_the_other_encoder(own_onnx):
    import onnx

    model = onnx.load(own_onnx / "model.onnx")
    model.graph.input.append(onnx.helper.make_tensor_value_info("pixels", onnx.TensorProto.INT64, ["n"]))
    onnx.save(model, own_onnx / "model.onnx")
    with pytest.raises(InputError, match=r"pixels.*TransformerEncoder"):
        OnnxEncoder(model=str(own_onnx)).encode(["red"])


@pytest.mark.parametrize("name", ["model.onnx", "tokenizer.json"])
def test_a_damaged_file_is_named(own_onnx, name):
    (own_onnx / name).write_bytes(b"damaged")
    with pytest.raises(InputError, match=name):
        OnnxEncoder(model=str(own_onnx)).encode(["red"])
