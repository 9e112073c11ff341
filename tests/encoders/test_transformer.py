import logging

import numpy as np
import pytest

from tests.adapt.shops import small_network
from warmstart.core.errors import ArtifactError, ConfigError, InputError
from warmstart.encoders.transformer import TransformerEncoder

TEXTS = ["tent camping stove", "", "帐篷", "tent 帐篷 wi-fi", "tent " * 5_000]


def test_a_plain_hugging_face_model_is_pooled_by_the_mean(tiny_bert):
    import torch
    from transformers import AutoModel, AutoTokenizer

    tokenizer, model = AutoTokenizer.from_pretrained(tiny_bert), AutoModel.from_pretrained(tiny_bert)
    with torch.inference_mode():
        tokens = model(**tokenizer("tent stove", return_tensors="pt")).last_hidden_state[0]
    expected = tokens.mean(dim=0).numpy()
    found = TransformerEncoder(model=str(tiny_bert), device="cpu").encode(["tent stove"])[0]
    np.testing.assert_allclose(found, expected / np.linalg.norm(expected), atol=1e-5)


def test_vectors_have_length_one_and_empty_texts_give_zeros(tiny_bert):
    encoder = TransformerEncoder(model=str(tiny_bert))
    vectors = encoder.encode(TEXTS)
    assert vectors.shape == (len(TEXTS), encoder.dim)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), [1, 0, 1, 1, 1], atol=1e-5)


def test_what_lies_beyond_max_length_is_not_read(tiny_bert):
    short = TransformerEncoder(model=str(tiny_bert), max_length=6).encode(["tent " * 5, "tent " * 50])
    np.testing.assert_allclose(short[0], short[1], atol=1e-5)


def test_prefixes_go_before_the_texts_of_their_side(tiny_bert):
    plain = TransformerEncoder(model=str(tiny_bert))
    prefixed = TransformerEncoder(model=str(tiny_bert), query_prefix="stove ", item_prefix="camping ")
    expected = plain.encode(["stove tent", "camping tent"])
    found = np.vstack([prefixed.encode(["tent"], "query"), prefixed.encode(["tent"], "item")])
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_bfloat16_gives_nearly_the_same_vectors(tiny_bert):
    exact = TransformerEncoder(model=str(tiny_bert)).encode(["tent stove"])
    rounded = TransformerEncoder(model=str(tiny_bert), dtype="bfloat16", device="cpu").encode(
        ["tent stove"]
    )
    assert (exact * rounded).sum() > 0.999
    assert rounded.dtype == np.float32


def test_a_device_that_is_not_there_is_a_config_error(tiny_bert):
    with pytest.raises(ConfigError, match="no-such-device"):
        TransformerEncoder(model=str(tiny_bert), device="no-such-device").encode(["tent"])


def test_a_model_without_safetensors_is_refused(tiny_bert, tmp_path):
    (tmp_path / "config.json").write_bytes((tiny_bert / "config.json").read_bytes())
    (tmp_path / "pytorch_model.bin").write_bytes(b"a pickle")
    with pytest.raises(InputError, match="safetensors"):
        TransformerEncoder(model=str(tmp_path)).encode(["tent"])


def test_the_state_is_the_fingerprint_and_another_models_is_refused(tiny_bert):
    encoder = TransformerEncoder(model=str(tiny_bert))
    other = TransformerEncoder.from_settings(encoder.settings())
    other.set_state(encoder.get_state())
    with pytest.raises(ArtifactError):
        other.set_state({"fingerprint": "of another model"})


@pytest.mark.parametrize(("also", "told"), [((), 0), (("embeddings.LayerNorm.weight",), 1)])
def test_a_missing_pooler_is_not_reported_and_any_other_weight_is(tmp_path, also, told):
    pytest.importorskip("torch", reason="needs the extra 'lm'")
    tensors = pytest.importorskip("safetensors.numpy", reason="needs the extra 'lm'")
    small_network("masked").save(tmp_path)
    path = tmp_path / "model.safetensors"
    kept = {
        name: value for name, value in tensors.load_file(path).items() if not name.endswith(tuple(also))
    }
    tensors.save_file({name: kept[name] for name in kept if "cls." not in name}, path, {"format": "pt"})
    heard: list[logging.LogRecord] = []
    handler = logging.Handler()
    handler.emit = heard.append  # type: ignore[method-assign, assignment]
    logger = logging.getLogger("transformers.modeling_utils")
    logger.addHandler(handler)
    try:
        TransformerEncoder(model=str(tmp_path)).encode(["red shoes"])
    finally:
        logger.removeHandler(handler)
    assert len([record for record in heard if "LOAD REPORT" in record.getMessage()]) == told
