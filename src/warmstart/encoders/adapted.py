"""A pretrained model with an adapter beside it, which can be exchanged while the model stays."""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import ClassVar, Final, Self

from warmstart.core.component import State
from warmstart.core.errors import ArtifactError
from warmstart.core.linear import FloatArray
from warmstart.encoders import model_folder
from warmstart.encoders.backbone import Backbone
from warmstart.encoders.pretrained import PretrainedEncoder
from warmstart.encoders.tuning import SETTINGS_FILE, Tuning

BASE_FILE: Final = "base.json"
"""In an adapter's folder: which model it belongs to."""
_WEIGHTS: Final = "*.safetensors"


def holds_adapter(folder: Path) -> bool:
    """Whether this is the folder of an adapter that names its base."""
    return (folder / SETTINGS_FILE).is_file() and (folder / BASE_FILE).is_file()


@dataclass(kw_only=True)
class AdaptedEncoder(PretrainedEncoder):
    """A model with an adapter beside it: prefix, prompts, bottlenecks, or LoRA and its kin unmerged.

    `adapter` is a folder that `adapt_encoder` wrote; it names its base, which `model` may replace by
    another place where the same model lies. `swap` exchanges the adapter and reads no base again: one
    model in memory for many shops, or for a candidate beside the one in force.

    *When to use*: for ways of tuning that do not merge; for many adapters of one large model. *When not*:
    where the tuning merges; a plain folder is faster and can become ONNX or a static table.

    *Needs* the extra `adapt`. *Cost*: that of its base, and a little more.
    """

    adapter: str = ""
    device: str = "auto"

    _settings: ClassVar[tuple[str, ...]] = ("max_length",)

    @property
    def folder(self) -> Path:
        """Where the base's files are."""
        if "_folder" not in vars(self):
            base = self.model or base_of(Path(self.adapter))
            self._folder = model_folder.find_model(base, self.revision, self._wanted(), self._complete)
        return self._folder

    @property
    def fingerprint(self) -> str:
        """A short name for what decides the vectors: the base, the settings and the adapter."""
        place = Path(self.adapter)
        base_of(place)
        own = model_folder.hash_files(place, [*place.glob(_WEIGHTS), place / SETTINGS_FILE])
        return hashlib.blake2b(f"{super().fingerprint} {own}".encode(), digest_size=16).hexdigest()

    def get_state(self) -> State:
        """The fingerprint, so that another base or adapter is noticed on loading."""
        return {"fingerprint": self.fingerprint} if self.adapter else {}

    @property
    def dim(self) -> int:
        """Length of the vectors."""
        return self._backbone.dim

    def swap(self, adapter: str) -> Self:
        """Answer with another adapter of the same base from now on; the base stays in memory.

        Errors: `ArtifactError` where the folder holds no adapter, or one of another base.
        """
        mine, other = (base_of(Path(each)) for each in (self.adapter, adapter))
        if mine != other:
            raise ArtifactError(
                expected=f"an adapter of {mine}",
                found=f"one of {other}",
                todo="Make another encoder for it.",
            )
        backbone = self._with(adapter)
        self.adapter, self._backbone = adapter, backbone
        vars(self).pop("_recent", None)
        return self

    def _embed(self, texts: Sequence[str]) -> FloatArray:
        return self._backbone.encode(texts, self.batch_size)

    def _files(self) -> Iterable[Path]:
        return {path for pattern in self._wanted() for path in self.folder.glob(pattern) if path.is_file()}

    def _wanted(self) -> tuple[str, ...]:
        return (*model_folder.FACTS, _WEIGHTS)

    def _complete(self, folder: Path) -> bool:
        return any(folder.glob(_WEIGHTS))

    @cached_property
    def _base(self) -> Backbone:
        told = model_folder.read_json_file(Path(self.adapter) / BASE_FILE).get("max_length")
        longest = min(self.max_length, told or self.max_length)
        return Backbone.load(str(self.folder), max_length=longest, device=self.device)

    @cached_property
    def _backbone(self) -> Backbone:
        return self._with(self.adapter)

    def _with(self, adapter: str) -> Backbone:
        """The base with an adapter: the modules are copied, the weights are shared."""
        base = self._base
        shared = {id(weights): weights for weights in (*base.model.parameters(), *base.model.buffers())}
        backbone = copy.copy(base)
        backbone.model = copy.deepcopy(base.model, shared)
        Tuning.load(backbone, Path(adapter))
        return backbone


def base_of(adapter: Path) -> str:
    """The model that an adapter belongs to. Errors: `ArtifactError`."""
    base = model_folder.read_json_file(adapter / BASE_FILE).get("model")
    if not base:
        raise ArtifactError(
            expected=f"an adapter in '{adapter}' that names its base",
            found=f"no {BASE_FILE}" if adapter.is_dir() else "no such folder",
            todo="Name the folder that 'warmstart adapt' wrote.",
        )
    return str(base)
