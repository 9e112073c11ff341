"""Choose an encoder by name, or the best one that is at hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from warmstart.core import registry
from warmstart.core.errors import ConfigError
from warmstart.encoders.adapted import holds_adapter
from warmstart.encoders.onnx import find_onnx
from warmstart.encoders.pretrained import MODEL_VARIABLE, PretrainedEncoder, named_model
from warmstart.encoders.static_folder import holds_table
from warmstart.roles.encoder import Encoder

AUTO = "auto"
FALLBACK = "catalogue"


def choose_encoder(name: str = AUTO, *, cache: bool = True, **settings: Any) -> tuple[Encoder, str]:
    """An encoder that is ready to be fitted, and a plain sentence that says why it was chosen.

    `name` is one of:

    - the name of a registered encoder: "catalogue", "onnx", "static", "transformer", or a third party's;
    - such a name with a model: "onnx:/models/minilm", "transformer:intfloat/multilingual-e5-small",
      "static:minishlab/potion-base-8M";
    - "static:" with one of these, as in "static:onnx:/models/minilm": a static table that `fit` distils
      from that encoder;
    - a model's folder: the kind of encoder is seen from its files;
    - "auto": the model named by the environment variable WARMSTART_MODEL, else "catalogue".

    Nothing is ever downloaded unless a Hub name was given, here or in WARMSTART_MODEL. `cache` keeps
    the items' vectors of pretrained encoders on disk. `settings` go to the encoder.

    Errors: `ConfigError` for an unknown name or setting.

    >>> encoder, why = choose_encoder("catalogue", size=64)
    >>> why
    "the encoder 'catalogue' was asked for"
    """
    if name == AUTO:
        return _choose_automatically(cache, settings)
    kind, _, model = name.partition(":")
    if kind in registry.names("encoder"):
        why = f"the encoder '{kind}' was asked for" + (f", with the model '{model}'" if model else "")
        return _build(kind, model, cache, settings), why
    if name and Path(name).expanduser().is_dir():
        kind = _kind_of(name)
        return _build(kind, name, cache, settings), f"the folder '{name}' holds a model for '{kind}'"
    raise ConfigError(
        expected="'auto', an encoder's name, NAME:MODEL, or a model's folder",
        found=repr(name),
        todo=f"Encoders: {', '.join(registry.names('encoder'))}; Hub names go as 'onnx:NAME'.",
    )


def _choose_automatically(cache: bool, settings: dict[str, Any]) -> tuple[Encoder, str]:
    kind, model = named_model()
    if not (kind or model):
        why = "no pretrained model was named; the catalogue encoder learns from the shop's own text"
        return _build(FALLBACK, "", cache, settings), why
    why = f"{MODEL_VARIABLE} names the model '{model or kind}'"
    return _build(kind or _kind_of(model), model, cache, settings), why


def _build(kind: str, model: str, cache: bool, settings: dict[str, Any]) -> Encoder:
    encoder_class = registry.get("encoder", kind)
    if not issubclass(encoder_class, Encoder):
        raise ConfigError(
            expected=f"an encoder behind 'encoder.{kind}'",
            found=encoder_class.__name__,
            todo="Mend the package that registers it.",
        )
    own = dict(settings)
    if model:
        own[_field_for(kind, model)] = model
    if issubclass(encoder_class, PretrainedEncoder):
        own.setdefault("cache", cache)
    return encoder_class.from_settings(own)


def _field_for(kind: str, model: str) -> str:
    """Where the model's name goes: a static table may be given an encoder to learn from instead."""
    if kind == "adapted":
        return "adapter"
    of_encoder = model.partition(":")[0] in registry.names("encoder")
    return "teacher" if kind == "static" and of_encoder else "model"


def _kind_of(model: str) -> str:
    """The encoder for a folder, by its files; a Hub name is taken to hold an ONNX file."""
    folder = Path(model).expanduser()
    if not folder.is_dir() or find_onnx(folder) is not None:
        return "onnx"
    if holds_adapter(folder):
        return "adapted"
    return "static" if holds_table(folder) else "transformer"
