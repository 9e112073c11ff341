"""What encoders that stand on a pretrained model share: its name, prefixes, cache and identity."""

from __future__ import annotations

import hashlib
import json
import os
from abc import abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from functools import partial
from pathlib import Path
from typing import ClassVar

import numpy as np

from warmstart.core import registry
from warmstart.core.component import State
from warmstart.core.errors import ArtifactError, ConfigError, InputError
from warmstart.core.linear import FloatArray
from warmstart.core.progress import track
from warmstart.encoders import model_folder
from warmstart.encoders.cache import VectorCache
from warmstart.roles.encoder import Encoder, Side

MODEL_VARIABLE = "WARMSTART_MODEL"
_CHARACTERS_PER_TOKEN = 32
_CHUNK = 1024


def named_model() -> tuple[str, str]:
    """The kind of encoder and the model that WARMSTART_MODEL names; empty where it does not say."""
    named = os.environ.get(MODEL_VARIABLE, "")
    kind, _, model = named.partition(":")
    return (kind, model) if kind in registry.names("encoder") else ("", named)


@dataclass(kw_only=True)
class PretrainedEncoder(Encoder):
    """Base of the encoders that read a pretrained model from a folder or from the Hub.

    `model` is a folder or a Hub name, `revision` a branch, tag or commit of the latter. `max_length` is
    in tokens; longer texts lose their end. `query_prefix` and `item_prefix` are put before the texts of
    each side, as E5 and BGE models want; None takes what the model's own settings say. With `cache`
    the vectors of items are kept on disk and never computed twice; what shoppers type is not kept.

    A saved encoder holds the model's name and fingerprint, not the model.

    A new encoder writes `_embed`, `_files`, `_wanted` and `dim`, and names in `_settings` the fields
    that change its vectors.
    """

    average_heading: ClassVar[bool] = True

    model: str = ""
    revision: str | None = None
    max_length: int = 128
    batch_size: int = 32
    query_prefix: str | None = None
    item_prefix: str | None = None
    cache: bool = False

    _settings: ClassVar[tuple[str, ...]] = ("max_length",)

    def __post_init__(self) -> None:
        for name in ("max_length", "batch_size"):
            if getattr(self, name) < 1:
                raise ConfigError(
                    expected=f"'{name}' of {type(self).__name__} at least 1",
                    found=str(getattr(self, name)),
                    todo="Leave it out for the default.",
                )

    @property
    def folder(self) -> Path:
        """Where the model's files are; finds or downloads them at first use."""
        if "_folder" not in vars(self):
            self._folder = model_folder.find_model(
                self.model, self.revision, self._wanted(), self._complete
            )
        return self._folder

    @property
    def fingerprint(self) -> str:
        """A short name for what decides the vectors: the model's files and the settings, not its path."""
        settings = {name: getattr(self, name) for name in self._settings}
        facts = [type(self).__name__, settings, model_folder.hash_files(self.folder, self._files())]
        return hashlib.blake2b(json.dumps(facts, sort_keys=True).encode(), digest_size=16).hexdigest()

    def get_state(self) -> State:
        """The fingerprint of the model, so that another one is noticed on loading."""
        return {"fingerprint": self.fingerprint} if self.model else {}

    def set_state(self, state: State) -> None:
        """Check that the model is still there and still the same.

        When its folder has moved, the one named by the environment variable WARMSTART_MODEL is taken,
        provided that it holds the same model. Errors: `ArtifactError`.
        """
        saved = state.get("fingerprint")
        if saved is None:
            return
        found = self._fingerprint_or_why()
        _, moved = named_model()
        if found != saved and moved and moved != self.model:
            self._forget_model()
            self.model = moved
            found = self._fingerprint_or_why()
        if found != saved:
            raise ArtifactError(
                expected=f"the pretrained model '{self.model}' with fingerprint {saved}",
                found=found,
                todo=f"Put the same model there, name its new folder in {MODEL_VARIABLE}, or fit again.",
            )

    def _fingerprint_or_why(self) -> str:
        try:
            return self.fingerprint
        except InputError as error:
            return error.found

    def _encode(self, texts: Sequence[str], side: Side) -> FloatArray:
        prefix = self._prefix(side)
        embed = partial(self._embed_new, self.fingerprint) if self.cache and side == "item" else self._embed
        vectors = np.empty((len(texts), self.dim), dtype=np.float32)
        starts: Iterable[int] = range(0, len(texts), _CHUNK)
        if len(texts) > _CHUNK:
            starts = track(starts, "encoding texts", total=-(-len(texts) // _CHUNK))
        for start in starts:
            chunk = [prefix + self._clean(text) for text in texts[start : start + _CHUNK]]
            vectors[start : start + len(chunk)] = embed(chunk)
        return vectors

    def _embed_new(self, fingerprint: str, texts: Sequence[str]) -> FloatArray:
        """Vectors from the cache; the missing ones are computed and put there."""
        cache = VectorCache.shared()
        known = cache.get(fingerprint, texts, self.dim)
        missing = list(dict.fromkeys(text for text in texts if text not in known))
        if missing:
            fresh = dict(zip(missing, self._embed(missing), strict=True))
            cache.put(fingerprint, fresh)
            known |= fresh
        return np.array([known[text] for text in texts], dtype=np.float32)

    def _prefix(self, side: Side) -> str:
        own = self.query_prefix if side == "query" else self.item_prefix
        return model_folder.prompt(self.folder, side) if own is None else own

    def _clean(self, text: str) -> str:
        """Cut what lies far beyond `max_length` tokens, and replace half characters (lone surrogates)."""
        text = text[: self.max_length * _CHARACTERS_PER_TOKEN]
        return text if text.isascii() else text.encode("utf-8", "replace").decode()

    def _forget_model(self) -> None:
        """Drop whatever was read from the model; it is read again at the next use."""
        settings = {field.name for field in fields(self)}
        for name in set(vars(self)) - settings:
            del vars(self)[name]

    @abstractmethod
    def _wanted(self) -> tuple[str, ...]:
        """The files to fetch from the Hub, as patterns."""

    def _complete(self, folder: Path) -> bool:
        """Whether the folder holds all that is needed, so that nothing must be downloaded."""
        return folder.is_dir()

    @abstractmethod
    def _files(self) -> Iterable[Path]:
        """The files of the model's folder that decide its vectors."""

    @abstractmethod
    def _embed(self, texts: Sequence[str]) -> FloatArray:
        """One row per text, shape (len(texts), dim), of any length."""
