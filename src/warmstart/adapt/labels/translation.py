"""The same thing said otherwise: there and back through another language, by local models."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from warmstart.core.component import Component
from warmstart.core.errors import ConfigError, InputError
from warmstart.core.extras import load_extra, load_torch
from warmstart.encoders import model_folder
from warmstart.encoders.backbone import best_device, quiet
from warmstart.encoders.transformer import without_progress_bars

_WEIGHTS: Final = "*.safetensors"
_TOKENIZER: Final = ("*.spm", "vocab.*")


@dataclass(kw_only=True)
class BackTranslator(Component):
    """Translates texts `there` and `back`, for `Augmenter.augment(..., translate=...)`.

    Both are sequence-to-sequence models by folder or Hub name, such as `Helsinki-NLP/opus-mt-en-de` and
    `Helsinki-NLP/opus-mt-de-en` (whose tokenizers need the package sentencepiece). Models of many tasks
    or languages want a word before the text: `there_prefix` and `back_prefix`, as in
    "translate English to German: ". With more `beams` than one the likeliest translation is searched for;
    with a `temperature` above 0 it is drawn instead, from `seed`, which says more things otherwise.

    *When to use*: a few dozen labelled sentences in a language with good translators. *When not*: product
    titles, which translators spoil; Chinese and English mixed; where a minute for some hundred texts is
    too much. *Source*: Sennrich, Haddow and Birch 2016 (arXiv 1511.06709); Xie et al. 2020
    (arXiv 1904.12848). *Needs* the extra `lm`. Errors: `InputError` for a model without safetensors.
    """

    there: str
    back: str
    there_prefix: str = ""
    back_prefix: str = ""
    max_length: int = 96
    beams: int = 1
    temperature: float = 0.0
    batch_size: int = 16
    device: str = "auto"
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("max_length", "beams", "batch_size"):
            if getattr(self, name) < 1:
                raise _unfit(name, "at least 1", getattr(self, name))
        if self.temperature < 0:
            raise _unfit("temperature", "at least 0", self.temperature)

    def __call__(self, texts: Sequence[str]) -> list[str]:
        """One text for each, in their order; an empty one stays empty."""
        abroad = self._translated(self._models[0], texts, self.there_prefix)
        return self._translated(self._models[1], abroad, self.back_prefix)

    @cached_property
    def _models(self) -> tuple[tuple[Any, Any], tuple[Any, Any]]:
        return self._read(self.there), self._read(self.back)

    def _read(self, name: str) -> tuple[Any, Any]:
        """The tokenizer and the network of a model."""
        torch = load_torch("BackTranslator")
        transformers = load_extra("transformers", what="BackTranslator", extra="lm")
        wanted = (*model_folder.FACTS, *_TOKENIZER, _WEIGHTS)
        folder = model_folder.find_model(name, None, wanted, _has_weights)
        if not _has_weights(folder):
            raise InputError(
                expected=f"weights in safetensors form in {folder}",
                found="none",
                todo="Convert the model's weights with safetensors, or choose another model.",
            )
        with without_progress_bars(), quiet(transformers):
            tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
            model = transformers.AutoModelForSeq2SeqLM.from_pretrained(folder, use_safetensors=True)
        return tokenizer, model.eval().to(best_device(torch, self.device))

    def _translated(self, reader: tuple[Any, Any], texts: Sequence[str], prefix: str) -> list[str]:
        torch, found = load_torch("BackTranslator"), [""] * len(texts)
        filled = sorted(
            (at for at, text in enumerate(texts) if text.strip()), key=lambda at: len(texts[at])
        )
        with torch.random.fork_rng(devices=[]), torch.no_grad():
            torch.manual_seed(self.seed)
            for start in range(0, len(filled), self.batch_size):
                places = filled[start : start + self.batch_size]
                said = self._generated(reader, [prefix + texts[at] for at in places])
                for at, text in zip(places, said, strict=True):
                    found[at] = text.strip()
        return found

    def _generated(self, reader: tuple[Any, Any], texts: Sequence[str]) -> list[str]:
        tokenizer, model = reader
        cleaned = [text.encode("utf-8", "replace").decode() for text in texts]
        tokens = tokenizer(
            cleaned, padding=True, truncation=True, max_length=self.max_length, return_tensors="pt"
        )
        known = {name: tokens[name].to(model.device) for name in ("input_ids", "attention_mask")}
        drawn = {"do_sample": True, "temperature": self.temperature} if self.temperature else {}
        ids = model.generate(**known, max_new_tokens=self.max_length, num_beams=self.beams, **drawn)
        said: list[str] = tokenizer.batch_decode(ids, skip_special_tokens=True)
        return said


def _has_weights(folder: Path) -> bool:
    return any(folder.glob(_WEIGHTS))


def _unfit(name: str, wanted: str, found: object) -> ConfigError:
    return ConfigError(
        expected=f"'{name}' of BackTranslator {wanted}",
        found=str(found),
        todo="Leave it out for the default.",
    )
