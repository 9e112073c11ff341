"""Causal language modelling on a shop's text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from warmstart.adapt.objectives.base import TextJob
from warmstart.core.errors import ConfigError
from warmstart.core.extras import load_torch
from warmstart.encoders.backbone import Backbone
from warmstart.encoders.tuning import Tuning


class CausalJob(TextJob):
    """Causal language modelling: guess every word of a text from those before it.

    *Optimises*: the cross-entropy of the next piece.
    *Inputs*: texts; a backbone of kind "causal" (GPT-2, Qwen, LLaMA and the like, or one from scratch).
    *When to use*: for a model that is to write or to score text afterwards (query likelihood,
    generative retrieval), and for the vectors of decoders.
    *When not*: for an encoder to search with; a masked or contrastive round costs as much and gives more.
    *Source*: Radford et al. 2019 (GPT-2); Howard and Ruder 2018 (arXiv 1801.06146) for going on with it.
    """

    def __init__(self, backbone: Backbone, tuning: Tuning, texts: Sequence[str], **more: Any) -> None:
        if backbone.kind != "causal" or not reads_forwards(backbone):
            raise ConfigError(
                expected="a model that reads from left to right, loaded with kind='causal'",
                found=f"{type(backbone.model).__name__}, kind '{backbone.kind}'",
                todo="Choose the objective mlm or contrastive for this model.",
            )
        words = backbone.model.get_output_embeddings()
        super().__init__(backbone.as_encoder(), tuning, texts, {"words": words}, **more)

    def prepare(self, texts: Sequence[str], rng: np.random.Generator) -> Any:
        """The tokens, and which of them are to be guessed: all but the first and the padding."""
        tokens = self.backbone.tokens(texts)
        return tokens, tokens["attention_mask"][:, 1:].bool()

    def outputs(self, batch: Any) -> Any:
        """Scores of the next piece at every place, shape (places, vocabulary)."""
        tokens, wanted = batch
        return self.heads["words"](self.backbone.token_vectors(tokens)[:, :-1][wanted])

    def loss(self, outputs: Any, batch: Any) -> Any:
        """Cross-entropy of the pieces that came next."""
        functional = load_torch("CausalJob").nn.functional
        tokens, wanted = batch
        if not len(outputs):  # texts of one piece
            return self.penalised(outputs.sum())
        return self.penalised(functional.cross_entropy(outputs, tokens["input_ids"][:, 1:][wanted]))


def reads_forwards(backbone: Backbone) -> bool:
    """Whether what comes later in a text changes nothing before it."""
    torch = load_torch("CausalJob")
    encoder = backbone.as_encoder()  # its head would leave hooks behind that no other process can be sent
    ids = torch.arange(4, 8, device=backbone.device)[None, :] % len(backbone.tokenizer)
    other = ids.clone()
    other[0, -1] = (other[0, -1] + 1) % len(backbone.tokenizer)
    with torch.no_grad():
        found = [
            encoder.token_vectors({"input_ids": each, "attention_mask": torch.ones_like(each)})
            for each in (ids, other)
        ]
    return bool(torch.allclose(found[0][0, 0], found[1][0, 0], atol=1e-5))
