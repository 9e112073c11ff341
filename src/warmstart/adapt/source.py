"""What an adaptation begins with: a folder, a Hub name, or a network to be made anew."""

from __future__ import annotations

from typing import Any

from warmstart.adapt.recipe import KINDS, Material, Objective
from warmstart.core.errors import ConfigError
from warmstart.encoders.backbone import Backbone
from warmstart.encoders.scratch import ScratchNetwork
from warmstart.encoders.tuning import PROMPTS, Tuning

Source = str | ScratchNetwork


def check_tuning(source: Source, tuning: Tuning) -> None:
    """Errors: `ConfigError` for a network from scratch of which only a part would be trained."""
    if isinstance(source, ScratchNetwork) and tuning.method != "full":
        raise ConfigError(
            expected="tuning 'full' for a network from scratch, which has nothing to keep",
            found=f"'{tuning.method}'",
            todo="Leave the tuning out.",
        )


def open_source(source: Source, material: Material, objective: Objective, device: str) -> Backbone:
    """The network, read as the objective wants it; from scratch its tokenizer learns the texts."""
    kind = KINDS.get(objective, "encoder")
    if isinstance(source, ScratchNetwork):
        return source.build(material.texts, kind)
    return Backbone.load(source, kind=kind, device=device)


def longest_text(backbone: Backbone, tuning: Tuning) -> int:
    """The longest text, in tokens: learned prompts take some of the places that the network has."""
    places = getattr(backbone.model.config, "max_position_embeddings", None)
    if tuning.method in PROMPTS and places:
        return min(backbone.max_length, int(places) - tuning.prompt_tokens)
    return backbone.max_length


def source_settings(source: Source) -> Any:
    """The name, or the settings of what is made anew."""
    return source.settings() if isinstance(source, ScratchNetwork) else source
