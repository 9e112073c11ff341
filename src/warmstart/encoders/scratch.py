"""A network made from nothing but a shop's own text: any language, no download."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from warmstart.core.component import Component
from warmstart.core.errors import ConfigError, InputError
from warmstart.core.extras import load_extra, load_torch
from warmstart.encoders.backbone import Backbone, Kind

PAD, UNKNOWN, FIRST, LAST, MASK = "[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"
SPECIAL = (PAD, UNKNOWN, FIRST, LAST, MASK)


@dataclass(kw_only=True)
class ScratchNetwork(Component):
    """Makes a small transformer with random weights and a tokenizer trained on the shop's text.

    The tokenizer is byte-pair encoding with `vocabulary` pieces at most; Chinese characters, which carry no
    spaces, are words of their own, so that any text can be written. `layers`, `dim`, `heads` and
    `max_length` make the network: BERT's form for "encoder" and "masked", GPT-2's for "causal".

    *When to use*: no pretrained model for the shop's language can be had; afterwards train it on the
    shop's text (`warmstart.adapt`). *When not*: a pretrained model in that language exists, which a shop's
    few texts cannot equal. *Needs* the extra `lm`.
    """

    vocabulary: int = 8000
    layers: int = 4
    dim: int = 256
    heads: int = 4
    max_length: int = 128
    seed: int = 0

    def __post_init__(self) -> None:
        if self.dim % self.heads or min(self.layers, self.heads, self.max_length) < 1:
            raise ConfigError(
                expected="'dim' of ScratchNetwork a multiple of 'heads', all at least 1",
                found=f"dim {self.dim}, heads {self.heads}, layers {self.layers}",
                todo="Leave them out for the defaults.",
            )

    def build(self, texts: Sequence[str], kind: Kind = "masked") -> Backbone:
        """A new network whose tokenizer has read these texts. Errors: `InputError` without any words."""
        torch = load_torch("ScratchNetwork")
        transformers = load_extra("transformers", what="ScratchNetwork", extra="lm")
        tokenizer = self._tokenizer(transformers, texts)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.seed)
            model = self._model(transformers, kind, tokenizer)
        pooling = "mean"
        return Backbone(model.eval(), tokenizer, kind, pooling, self.max_length)

    def _tokenizer(self, transformers: Any, texts: Sequence[str]) -> Any:
        tokenizers = load_extra("tokenizers", what="ScratchNetwork", extra="lm")
        if not any(text.strip() for text in texts):
            raise InputError(
                expected="texts with words in them",
                found=f"{len(texts)} empty texts",
                todo="Give the items titles or descriptions.",
            )
        raw = tokenizers.Tokenizer(tokenizers.models.BPE(unk_token=UNKNOWN))
        raw.normalizer = tokenizers.normalizers.BertNormalizer()
        pre, split = tokenizers.pre_tokenizers, tokenizers.pre_tokenizers.Metaspace()
        raw.pre_tokenizer = pre.Sequence([split, pre.Punctuation()])
        raw.decoder = tokenizers.decoders.Metaspace()
        # Pieces that mark where a word goes on ("##") make the library's trainer break ties by chance.
        trainer = tokenizers.trainers.BpeTrainer(
            vocab_size=self.vocabulary, special_tokens=list(SPECIAL), show_progress=False
        )
        raw.train_from_iterator((text for text in texts if text.strip()), trainer)
        ends = [(FIRST, raw.token_to_id(FIRST)), (LAST, raw.token_to_id(LAST))]
        raw.post_processor = tokenizers.processors.TemplateProcessing(
            single=f"{FIRST} $A {LAST}", pair=f"{FIRST} $A {LAST} $B:1 {LAST}:1", special_tokens=ends
        )
        return transformers.PreTrainedTokenizerFast(
            tokenizer_object=raw,
            pad_token=PAD,
            unk_token=UNKNOWN,
            cls_token=FIRST,
            sep_token=LAST,
            mask_token=MASK,
            bos_token=FIRST,
            eos_token=LAST,
            model_max_length=self.max_length,
            model_input_names=["input_ids", "attention_mask"],
        )

    def _model(self, transformers: Any, kind: Kind, tokenizer: Any) -> Any:
        ids = {"pad_token_id": tokenizer.pad_token_id, "bos_token_id": tokenizer.bos_token_id}
        ids |= {"eos_token_id": tokenizer.eos_token_id, "vocab_size": len(tokenizer)}
        if kind == "causal":
            config = transformers.GPT2Config(
                n_embd=self.dim, n_layer=self.layers, n_head=self.heads, n_positions=self.max_length, **ids
            )
            return transformers.GPT2LMHeadModel(config)
        config = transformers.BertConfig(
            hidden_size=self.dim,
            num_hidden_layers=self.layers,
            num_attention_heads=self.heads,
            intermediate_size=4 * self.dim,
            max_position_embeddings=self.max_length,
            **ids,
        )
        masked = kind == "masked"
        return (transformers.BertForMaskedLM if masked else transformers.BertModel)(config)
