"""A language model by name."""

from __future__ import annotations

from typing import Any

from warmstart.core import registry
from warmstart.core.errors import ConfigError
from warmstart.roles.language_model import LanguageModel

KIND = "language_model"


def choose_language_model(name: str, **settings: Any) -> LanguageModel:
    """The registered language model of this name, or of NAME:MODEL, with these settings.

    "local:FOLDER_OR_HUB_NAME" runs on this machine, "endpoint" or "endpoint:MODEL" asks the server that
    the environment names, "nearest" is the control that is no model. Errors: `ConfigError`.

    >>> choose_language_model("nearest")
    NearestExampleModel()
    """
    kind, _, model = name.partition(":")
    if kind not in registry.names(KIND):
        raise ConfigError(
            expected="a language model's name, or NAME:MODEL",
            found=repr(name),
            todo=f"Choose among: {', '.join(registry.names(KIND))}; a model's folder goes as local:FOLDER.",
        )
    made = registry.get(KIND, kind).from_settings(settings | ({"model": model} if model else {}))
    if not isinstance(made, LanguageModel):
        raise ConfigError(
            expected=f"a language model behind '{KIND}.{kind}'",
            found=type(made).__name__,
            todo="Mend the package that registers it.",
        )
    return made
