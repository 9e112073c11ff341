"""Compress a model for a shop in one go, and say what was gained and lost."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from warmstart.adapt.compress.distil import default_trainer, distil_into
from warmstart.adapt.compress.heads import silence_heads
from warmstart.adapt.compress.layers import keep_layers
from warmstart.adapt.compress.matryoshka import Shortening, shorten_onnx
from warmstart.adapt.compress.quantise import Precision, quantise_onnx
from warmstart.adapt.compress.vocabulary import keep_vocabulary
from warmstart.core.component import Component
from warmstart.core.errors import ConfigError, InputError
from warmstart.core.linear import FloatArray, unit_rows
from warmstart.encoders.backbone import Backbone
from warmstart.encoders.export import export_onnx
from warmstart.encoders.model_folder import read_json_file
from warmstart.encoders.onnx import OnnxEncoder
from warmstart.training.trainer import Trainer

REPORT_FILE: Final = "compression.json"
_LOOKED_AT, _NEAREST = 100, 10
_HEAD_TEXTS: Final = 32


@dataclass(frozen=True)
class Compressed:
    """What a compression did: megabytes and parameters before and after, and how alike the vectors are.

    `neighbours` is the share of the ten nearest texts of each text that stay among the ten nearest, on
    up to 100 of the shop's texts; None without texts.
    """

    megabytes_before: float
    megabytes: float
    parameters_before: int
    parameters: int
    pieces: int
    dim: int
    neighbours: float | None
    seconds: float | None

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return asdict(self)


@dataclass(kw_only=True)
class Compression(Component):
    """Makes a small encoder of a large one, as a folder that `OnnxEncoder` reads.

    The steps, in this order; each is left out by default: keep `layers` layers and teach them for
    `epochs` what the whole model says of the shop's texts; silence the share `heads` of the attention
    heads; keep the pieces of words that the texts use (`vocabulary`); cut the vectors to `dim` numbers
    along their principal axes; store the weights with fewer bits (`precision`).

    *When to use*: a model is too large or too slow to serve. *When not*: it is quick enough; or word
    order does not matter, where `StaticEncoder(teacher=...)` is a hundred times faster still.
    *Needs* the extra `lm`. *Cost*: with `layers`, about three times the reading of the texts for each
    epoch; the other steps take seconds.
    """

    layers: int | None = None
    heads: float = 0.0
    vocabulary: bool = False
    dim: int | None = None
    precision: Precision = "int8"
    epochs: float = 3.0
    max_texts: int = 5000
    max_seconds: float | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("layers", "dim", "max_texts"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise ConfigError(
                    expected=f"'{name}' of Compression at least 1", found=str(value), todo="Leave it out."
                )

    def run(self, source: str, folder: Path, texts: Sequence[str] = ()) -> Compressed:
        """Compress the model in a folder or of a Hub name; the result goes to `folder`.

        `texts` are the shop's own, queries among them if there are any. Errors: `InputError` when a step
        needs texts and there are none; those of `Backbone.load` and `export_onnx`.
        """
        filled = [text for text in texts if text.strip()]
        self._check(filled)
        whole = Backbone.load(source).as_encoder()
        small, seconds = self.shrink(whole, filled)
        with tempfile.TemporaryDirectory() as scratch:
            before = _megabytes(whole.save(Path(scratch) / "before"))
            export_onnx(str(small.save(Path(scratch) / "after")), folder)
        if self.dim is not None:
            shorten_onnx(folder, Shortening.fit(small.encode(self._sample(filled))), self.dim)
        quantise_onnx(folder, self.precision, filled)
        (folder / "parity.json").unlink()  # was said of the model before the last two steps
        served = OnnxEncoder(model=str(folder))
        looked = _sampled(filled, _LOOKED_AT, self.seed + 1)
        found = Compressed(
            megabytes_before=round(before, 2),
            megabytes=round(_megabytes(folder), 2),
            parameters_before=_parameters(whole),
            parameters=_parameters(small),
            pieces=len(small.tokenizer),
            dim=served.dim,
            neighbours=_neighbours(whole.encode(looked), served.encode(looked)) if looked else None,
            seconds=seconds,
        )
        facts = {"settings": self.settings(), "source": source, "found": found.as_dict()}
        (folder / REPORT_FILE).write_text(json.dumps(facts, indent=1), encoding="utf-8")
        return found

    def shrink(self, whole: Backbone, texts: Sequence[str]) -> tuple[Backbone, float | None]:
        """The network after the steps that change it, and the seconds of its training."""
        small, seconds = whole, None
        if self.layers is not None:
            small = keep_layers(whole, self.layers)
            sample = self._sample(texts)
            seconds = distil_into(small, sample, whole.encode(sample), self._trainer()).seconds
        if self.heads:
            small = silence_heads(small, self.heads, _sampled(texts, _HEAD_TEXTS, self.seed))
        if self.vocabulary:
            small = keep_vocabulary(small, texts)
        return small, seconds

    def _trainer(self) -> Trainer:
        plain = default_trainer().settings()
        own = {"epochs": self.epochs, "max_seconds": self.max_seconds, "seed": self.seed}
        return Trainer.from_settings(plain | own)

    def _sample(self, texts: Sequence[str]) -> list[str]:
        return _sampled(texts, self.max_texts, self.seed)

    def _check(self, texts: Sequence[str]) -> None:
        steps = {
            "layers": self.layers is not None,
            "heads": self.heads > 0,
            "vocabulary": self.vocabulary,
            "dim": self.dim is not None,
            "precision 'int8-static'": self.precision == "int8-static",
        }
        asked = [name for name, wanted in steps.items() if wanted]
        if asked and not texts:
            raise InputError(
                expected=f"texts of the shop, which {', '.join(asked)} learn from",
                found="none",
                todo="Name the shop, or leave these steps out.",
            )


def read_report(folder: Path) -> Compressed:
    """What `Compression.run` found when it wrote this folder."""
    return Compressed(**read_json_file(folder / REPORT_FILE)["found"])


def _sampled(texts: Sequence[str], n: int, seed: int) -> list[str]:
    if len(texts) <= n:
        return list(texts)
    return [texts[i] for i in np.sort(np.random.default_rng(seed).choice(len(texts), n, replace=False))]


def _neighbours(one: FloatArray, other: FloatArray) -> float:
    """The share of the nearest texts that both agree on."""
    near = [_nearest(vectors) for vectors in (one, other)]
    return round(float(np.mean([len(set(a) & set(b)) / len(a) for a, b in zip(*near, strict=True)])), 4)


def _nearest(vectors: FloatArray) -> list[list[int]]:
    unit = unit_rows(vectors)
    cosines = unit @ unit.T
    np.fill_diagonal(cosines, -2.0)
    nearest = np.argsort(-cosines, axis=1, kind="stable")[:, : min(_NEAREST, max(len(unit) - 1, 1))]
    return [row.tolist() for row in nearest]


def _parameters(backbone: Backbone) -> int:
    return sum(weights.numel() for weights in backbone.model.parameters())


def _megabytes(folder: Path) -> float:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6
