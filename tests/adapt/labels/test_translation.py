"""There and back through another language, by models made on the spot."""

from pathlib import Path

import pytest

from tests.adapt.shops import SMALL
from warmstart.adapt.labels.augmentation import Augmenter
from warmstart.adapt.labels.translation import BackTranslator
from warmstart.core.errors import ConfigError, InputError
from warmstart.encoders.scratch import ScratchNetwork

torch = pytest.importorskip("torch", reason="needs the extra 'lm'")
transformers = pytest.importorskip("transformers", reason="needs the extra 'lm'")

TEXTS = ["red hat for cold days", "", "帽子 很 暖和", "a lamp"]


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """Two models of one layer with random weights, BART's kin and T5's."""
    tokenizer = ScratchNetwork(**SMALL).build(TEXTS, "encoder").tokenizer
    ids = {
        "vocab_size": len(tokenizer),
        "pad_token_id": tokenizer.pad_token_id,
        "eos_token_id": tokenizer.eos_token_id,
        "decoder_start_token_id": tokenizer.bos_token_id,
    }
    heads = {"encoder_attention_heads": 2, "decoder_attention_heads": 2, "forced_eos_token_id": None}
    sizes = {"encoder_layers": 1, "decoder_layers": 1, "encoder_ffn_dim": 16, "decoder_ffn_dim": 16}
    bart = transformers.BartConfig(d_model=16, max_position_embeddings=64, **heads, **sizes, **ids)
    t5 = transformers.T5Config(d_model=16, d_kv=8, d_ff=16, num_layers=1, num_heads=2, **ids)
    made = []
    kinds = {"bart": (transformers.BartForConditionalGeneration, bart)}
    kinds["t5"] = (transformers.T5ForConditionalGeneration, t5)
    for name, (kind, config) in kinds.items():
        folder = tmp_path_factory.mktemp(name)
        transformers.set_seed(1)
        kind(config).save_pretrained(folder)
        tokenizer.save_pretrained(folder)
        made.append(str(folder))
    return made[0], made[1]


def translator(folders: tuple[str, str], **more) -> BackTranslator:
    return BackTranslator(there=folders[0], back=folders[1], max_length=12, device="cpu", **more)


def test_every_text_gets_one_in_its_place_and_an_empty_one_none(folders):
    found = translator(folders)(TEXTS)
    assert len(found) == len(TEXTS)
    assert found[1] == ""
    assert found == translator(folders)(TEXTS)


def test_the_order_and_the_size_of_batches_change_nothing(folders):
    found = translator(folders, batch_size=16)(TEXTS)
    assert translator(folders, batch_size=1)(TEXTS[::-1]) == found[::-1]


def test_what_is_drawn_depends_on_the_seed_alone(folders):
    drawn = [translator(folders, temperature=1.5, seed=seed)(TEXTS) for seed in (0, 0, 1)]
    assert drawn[0] == drawn[1]
    assert drawn[0] != drawn[2]


def test_a_prefix_goes_before_the_text(folders):
    own = translator(folders)
    own._generated = lambda reader, texts: list(texts)  # type: ignore[method-assign]
    assert own(["hat"]) == ["hat"]
    own.there_prefix, own.back_prefix = "to German: ", "to English: "
    assert own(["hat", ""]) == ["to English: to German: hat", ""]


def test_it_is_what_an_augmenter_takes(folders):
    own = translator(folders)
    own._generated = lambda reader, texts: [f"{text} again" for text in texts]  # type: ignore[method-assign]
    made = Augmenter(replaced=0, deleted=0).fit(TEXTS).augment(["a lamp"], translate=own)
    assert made == [(0, "a lamp again again")]


def test_what_cannot_be_read_is_said(folders, tmp_path: Path):
    with pytest.raises(ConfigError, match="beams"):
        translator(folders, beams=0)
    with pytest.raises(ConfigError, match="temperature"):
        translator(folders, temperature=-1.0)
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(InputError, match="safetensors"):
        BackTranslator(there=str(tmp_path), back=folders[1])(["hat"])
