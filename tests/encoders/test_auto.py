import pytest

from warmstart.core.errors import ConfigError
from warmstart.encoders.auto import choose_encoder
from warmstart.encoders.catalogue import CatalogueEncoder
from warmstart.encoders.onnx import OnnxEncoder
from warmstart.encoders.static import StaticEncoder
from warmstart.encoders.transformer import TransformerEncoder


@pytest.fixture
def folders(tmp_path):
    """Folders with the files by which the kinds of models are told apart."""
    names = {
        "onnx": {"onnx/model.onnx": ""},
        "static": {"model.safetensors": "", "config.json": '{"model_type": "model2vec"}'},
        "transformer": {"model.safetensors": "", "config.json": '{"model_type": "bert"}'},
    }
    for kind, files in names.items():
        for name, content in files.items():
            path = tmp_path / kind / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content)
    return tmp_path


KINDS = {"onnx": OnnxEncoder, "static": StaticEncoder, "transformer": TransformerEncoder}


def test_auto_takes_the_catalogue_encoder_where_no_model_was_named():
    encoder, why = choose_encoder()
    assert isinstance(encoder, CatalogueEncoder)
    assert why == "no pretrained model was named; the catalogue encoder learns from the shop's own text"


@pytest.mark.parametrize("kind", KINDS)
def test_auto_takes_the_model_that_the_variable_names(folders, monkeypatch, kind):
    for name in (f"{folders / kind}", f"{kind}:{folders / kind}"):
        monkeypatch.setenv("WARMSTART_MODEL", name)
        encoder, why = choose_encoder("auto")
        assert type(encoder) is KINDS[kind]
        assert encoder.model == str(folders / kind)
        assert why == f"WARMSTART_MODEL names the model '{folders / kind}'"


def test_a_hub_name_in_the_variable_is_taken_for_an_onnx_model(monkeypatch):
    monkeypatch.setenv("WARMSTART_MODEL", "intfloat/multilingual-e5-small")
    encoder, _ = choose_encoder()
    assert isinstance(encoder, OnnxEncoder)
    assert encoder.model == "intfloat/multilingual-e5-small"


def test_the_variable_does_not_matter_when_a_name_is_given(monkeypatch):
    monkeypatch.setenv("WARMSTART_MODEL", "some/model")
    assert isinstance(choose_encoder("catalogue")[0], CatalogueEncoder)


@pytest.mark.parametrize("kind", KINDS)
def test_a_folder_tells_which_encoder_reads_it(folders, kind):
    encoder, why = choose_encoder(str(folders / kind))
    assert type(encoder) is KINDS[kind]
    assert kind in why


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_may_be_named_with_its_model(kind):
    encoder, why = choose_encoder(f"{kind}:some/model")
    assert type(encoder) is KINDS[kind]
    assert encoder.model == "some/model"
    assert kind in why
    assert "some/model" in why


def test_a_static_table_may_be_given_a_teacher():
    encoder, why = choose_encoder("static:onnx:some/model")
    assert isinstance(encoder, StaticEncoder)
    assert (encoder.model, encoder.teacher) == ("", "onnx:some/model")
    assert "onnx:some/model" in why


def test_settings_go_to_the_encoder():
    assert choose_encoder("onnx:some/model", max_length=64)[0].settings()["max_length"] == 64


def test_pretrained_encoders_cache_unless_told_otherwise():
    assert choose_encoder("onnx:some/model")[0].settings()["cache"]
    assert not choose_encoder("onnx:some/model", cache=False)[0].settings()["cache"]


@pytest.mark.parametrize("name", ["no-such-encoder", "some/model", "nosuch:model", ""])
def test_an_unknown_name_lists_the_known_ones(name):
    with pytest.raises(ConfigError, match="catalogue, onnx, static, transformer"):
        choose_encoder(name)


def test_an_unknown_setting_is_a_config_error():
    with pytest.raises(ConfigError, match="max_lenght"):
        choose_encoder("onnx:some/model", max_lenght=3)


def test_a_model_for_an_encoder_that_takes_none_is_a_config_error():
    with pytest.raises(ConfigError, match="'model'"):
        choose_encoder("catalogue:some/model")
