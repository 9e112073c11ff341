"""Denoising on a shop's text (TSDAE)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from warmstart.adapt.objectives.base import TextJob
from warmstart.adapt.objectives.tokens import chosen_words, tokens_and_words
from warmstart.core.extras import load_torch
from warmstart.encoders.backbone import Backbone
from warmstart.encoders.tuning import Tuning


class DenoisingJob(TextJob):
    """TSDAE: delete most words of a text, and write the whole text from the vector of what is left.

    *Optimises*: the cross-entropy of the text under a small decoder of one layer that sees the vector and
    the words before; its word table is the encoder's own. `deletion` is the share of words deleted.
    *Inputs*: texts; a backbone of any kind of encoder.
    *When to use*: single texts without pairs (reviews, questions), from a plain language model.
    *When not*: where pairs are at hand (contrastive is better and cheaper), or with few texts: the decoder
    is new and has to learn first.
    *Source*: Wang, Reimers and Gurevych 2021 (arXiv 2104.06979); its decoder is a copy of the encoder.
    """

    def __init__(
        self,
        backbone: Backbone,
        tuning: Tuning,
        texts: Sequence[str],
        *,
        deletion: float = 0.6,
        heads: int = 4,
        **more: Any,
    ) -> None:
        torch = load_torch("DenoisingJob")
        encoder, self.deletion = backbone.as_encoder(), deletion
        width = encoder.model.get_input_embeddings().weight.shape[1]
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(more.get("seed", 0))
            parts = {
                "memory": torch.nn.Linear(encoder.dim, width),
                "places": torch.nn.Embedding(encoder.max_length, width),
                "decoder": torch.nn.TransformerDecoderLayer(
                    width, heads if width % heads == 0 else 1, 2 * width, dropout=0.0, batch_first=True
                ),
            }
        super().__init__(encoder, tuning, texts, parts, **more)

    def prepare(self, texts: Sequence[str], rng: np.random.Generator) -> Any:
        """The tokens of the whole texts, and those of what is left of them."""
        tokens, words = tokens_and_words(self.backbone, texts)
        deleted = chosen_words(words, self.deletion, rng)
        torch = load_torch("DenoisingJob")
        kept = torch.from_numpy(~deleted).to(self.backbone.device) & tokens["attention_mask"].bool()
        return tokens, _squeezed(torch, tokens, kept)

    def outputs(self, batch: Any) -> Any:
        """Scores of each next piece of the whole texts, shape (places, vocabulary)."""
        torch = load_torch("DenoisingJob")
        whole, left = batch
        table = self.embeddings()
        ids = whole["input_ids"][:, :-1]
        places = torch.arange(ids.shape[1], device=ids.device)
        memory = self.heads["memory"](self.backbone.vectors(left))[:, None]
        seen = torch.nn.functional.embedding(ids, table.weight) + self.heads["places"](places)
        later = torch.ones(len(places), len(places), dtype=torch.bool, device=ids.device).triu(1)
        found = self.heads["decoder"](seen, memory, tgt_mask=later)
        return found[whole["attention_mask"][:, 1:].bool()] @ table.weight.T

    def loss(self, outputs: Any, batch: Any) -> Any:
        """Cross-entropy of the pieces that were written."""
        whole, _ = batch
        wanted = whole["input_ids"][:, 1:][whole["attention_mask"][:, 1:].bool()]
        return self.penalised(load_torch("DenoisingJob").nn.functional.cross_entropy(outputs, wanted))


def _squeezed(torch: Any, tokens: dict[str, Any], kept: Any) -> dict[str, Any]:
    """The kept tokens moved together to the left; the rest is padding."""
    order = torch.argsort((~kept).to(torch.int8), dim=1, stable=True)
    longest = int(kept.sum(dim=1).max())
    found = {name: value.gather(1, order)[:, :longest] for name, value in tokens.items()}
    return found | {"attention_mask": kept.gather(1, order)[:, :longest].to(torch.int64)}
