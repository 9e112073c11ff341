"""A pretrained network that can be trained on: read from a folder or the Hub, written as a folder."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, Final, Literal, Self

import numpy as np

from warmstart.core.errors import ConfigError, InputError
from warmstart.core.extras import load_extra, load_torch
from warmstart.core.linear import FloatArray
from warmstart.encoders import model_folder
from warmstart.encoders.transformer import without_progress_bars

Kind = Literal["encoder", "masked", "causal"]

_CLASSES: Final[dict[Kind, str]] = {
    "encoder": "AutoModel",
    "masked": "AutoModelForMaskedLM",
    "causal": "AutoModelForCausalLM",
}
_POOLINGS: Final = ("mean", "cls", "max", "lasttoken")
_WEIGHTS: Final = "*.safetensors"
_KEPT: Final = (model_folder.PROMPT_CONFIG,)
_MODULES: Final = (
    {"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"},
    {"idx": 1, "name": "1", "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"},
)


@dataclass
class Backbone:
    """A network, its tokenizer, and how token vectors become the vector of a text.

    `kind` says what the network was read as: an "encoder" gives vectors, "masked" and "causal" models
    have a word head on top and give vectors, too. `load` reads one, `encoders.scratch` makes a new one.
    *Needs* the extra `lm`.
    """

    model: Any
    tokenizer: Any
    kind: Kind
    pooling: str
    max_length: int
    source: Path | None = None

    @classmethod
    def load(
        cls,
        source: str,
        *,
        kind: Kind = "encoder",
        revision: str | None = None,
        max_length: int = 128,
        device: str = "auto",
        seed: int = 0,
    ) -> Self:
        """Read a sentence-transformers or Hugging Face model from a folder or by its Hub name.

        What a head lacks, as that of a masked model over an encoder's weights, is drawn from `seed`.
        Weights in pickle files are refused, and code that comes with a model is never run.
        Errors: `InputError`, `ConfigError`, `MissingExtraError`.
        """
        torch, transformers = _libraries()
        folder = model_folder.find_model(source, revision, (*model_folder.FACTS, _WEIGHTS), _complete)
        if not _complete(folder):
            raise InputError(
                expected=f"weights in safetensors form in {folder}",
                found="none",
                todo="Convert the model's weights with safetensors, or choose another model.",
            )
        pooling = model_folder.pooling_mode(folder)
        if pooling not in _POOLINGS:
            raise InputError(
                expected=f"pooling {', '.join(_POOLINGS)}",
                found=f"'{pooling}' in {folder}",
                todo="Use TransformerEncoder to read this model; it cannot be trained on here.",
            )
        with torch.random.fork_rng(devices=[]), without_progress_bars(), quiet(transformers):
            torch.manual_seed(seed)
            tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
            model = getattr(transformers, _CLASSES[kind]).from_pretrained(
                folder, use_safetensors=True, dtype=torch.float32
            )
        if tokenizer.pad_token is None:
            tokenizer.pad_token = tokenizer.eos_token
        longest = min(max_length, model_folder.longest_input(folder) or max_length)
        found = cls(model.eval(), tokenizer, kind, pooling, longest, folder)
        found.model.to(best_device(torch, device))
        return found

    @property
    def device(self) -> Any:
        """Where the network is."""
        return next(self.model.parameters()).device

    @property
    def dim(self) -> int:
        """Length of the vectors."""
        return int(self.model.config.hidden_size)

    def prefix(self, side: str) -> str:
        """What the model's authors put before a text of this side; usually nothing."""
        return model_folder.prompt(self.source, side) if self.source else ""

    def tokens(self, texts: Sequence[str]) -> dict[str, Any]:
        """The texts as padded tensors on the network's device; what is too long loses its end."""
        cleaned = [text.encode("utf-8", "replace").decode() for text in texts]
        found = self.tokenizer(
            cleaned, padding=True, truncation=True, max_length=self.max_length, return_tensors="pt"
        )
        return dict(found.to(self.device))

    def token_vectors(self, tokens: dict[str, Any]) -> Any:
        """The last layer's vectors, shape (texts, tokens, dim)."""
        known = tokens
        if getattr(getattr(self.model, "active_peft_config", None), "is_prompt_learning", False):
            known = {name: value for name, value in tokens.items() if name != "token_type_ids"}
        if self.kind == "encoder":
            hidden = self.model(**known).last_hidden_state
        else:
            hidden = self.model(**known, output_hidden_states=True).hidden_states[-1]
        return hidden[:, -tokens["attention_mask"].shape[1] :]  # learned prompts stand before the text

    def vectors(self, tokens: dict[str, Any]) -> Any:
        """One vector for each text, shape (texts, dim), of any length, with gradients."""
        return pooled(self.token_vectors(tokens), tokens["attention_mask"], self.pooling)

    def encode(self, texts: Sequence[str], batch_size: int = 64) -> FloatArray:
        """The vectors as an array, without gradients; texts of alike length share a batch."""
        torch = load_torch("Backbone")
        order = sorted(range(len(texts)), key=lambda place: len(texts[place]))
        found = np.zeros((len(texts), self.dim), dtype=np.float32)
        training = self.model.training
        self.model.eval()
        with torch.no_grad():
            for start in range(0, len(order), batch_size):
                chosen = order[start : start + batch_size]
                vectors = self.vectors(self.tokens([texts[place] for place in chosen]))
                found[chosen] = vectors.float().cpu().numpy()
        self.model.train(training)
        return found

    def as_encoder(self) -> Backbone:
        """The same network without its word head; the weights are shared."""
        if self.kind == "encoder":
            return self
        base = self.model.base_model
        return Backbone(base, self.tokenizer, "encoder", self.pooling, self.max_length, self.source)

    def save(self, folder: Path) -> Path:
        """Write a folder that `Backbone.load`, `TransformerEncoder` and `export_onnx` read; returns it.

        Learned prompts and unmerged adapters are refused: they are kept beside their base
        (`Tuning.save`).
        """
        if hasattr(self.model, "peft_config"):
            raise ConfigError(
                expected="a network whose adapters are merged",
                found=f"one with {type(self.model).__name__} on top",
                todo="Merge them first (Tuning.merge), or write the adapter alone (Tuning.save).",
            )
        folder.mkdir(parents=True, exist_ok=True)
        with without_progress_bars():
            self.model.save_pretrained(folder)
        self.tokenizer.save_pretrained(folder)
        facts = {
            "modules.json": _MODULES,
            "sentence_bert_config.json": {"max_seq_length": self.max_length},
            model_folder.POOLING_CONFIG: {
                "word_embedding_dimension": self.dim,
                "pooling_mode": self.pooling,
            },
        }
        for name, fact in facts.items():
            path = folder / name
            path.parent.mkdir(exist_ok=True)
            path.write_text(json.dumps(fact), encoding="utf-8")
        for name in _KEPT:
            if self.source and (self.source / name).is_file() and self.source != folder:
                shutil.copyfile(self.source / name, folder / name)
        return folder


def pooled(hidden: Any, mask: Any, pooling: str) -> Any:
    """One vector for each text from those of its tokens: (texts, tokens, dim) to (texts, dim)."""
    if pooling == "cls":
        return hidden[:, 0]
    if pooling == "lasttoken":
        last = (mask.cumsum(dim=1) * mask).argmax(dim=1)
        return hidden[last.new_tensor(range(len(last))), last]
    wide = mask.unsqueeze(-1).to(hidden.dtype)
    if pooling == "max":
        return hidden.masked_fill(wide == 0, -1e9).amax(dim=1)
    return (hidden * wide).sum(dim=1) / wide.sum(dim=1).clamp_min(1e-9)


def best_device(torch: ModuleType, wanted: str) -> str:
    """The device asked for; "auto" is CUDA, then Apple's MPS, then the CPU."""
    if wanted != "auto":
        return wanted
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


class quiet:  # noqa: N801  # reads as a statement: with quiet(transformers)
    """Keep transformers from warning of weights that are new on purpose."""

    def __init__(self, transformers: Any) -> None:
        self._logging = transformers.utils.logging

    def __enter__(self) -> None:
        self._level = self._logging.get_verbosity()
        self._logging.set_verbosity_error()

    def __exit__(self, *_: object) -> None:
        self._logging.set_verbosity(self._level)


def _libraries() -> tuple[ModuleType, Any]:
    return load_torch("Backbone"), load_extra("transformers", what="Backbone", extra="lm")


def _complete(folder: Path) -> bool:
    return any(folder.glob(_WEIGHTS))
