"""Masked language modelling on a shop's text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from warmstart.adapt.objectives.base import TextJob
from warmstart.adapt.objectives.tokens import chosen_words, tokens_and_words
from warmstart.core.errors import ConfigError
from warmstart.core.extras import load_torch
from warmstart.encoders.backbone import Backbone
from warmstart.encoders.tuning import Tuning

_HEADS: Final = ("cls", "lm_head")
"""Where the families of transformers keep what turns vectors into words."""


class MaskedJob(TextJob):
    """Masked language modelling of whole words: hide some words of a text, and guess them from the rest.

    *Optimises*: the cross-entropy of the hidden words; `share` of a text's words are hidden with all their
    pieces, of which 80 % become the mask, 10 % another piece, 10 % stay.
    *Inputs*: texts; a backbone of kind "masked".
    *When to use*: first, from scratch, or where a shop's words are strange to the model and texts are many.
    *When not*: alone for search by meaning; it teaches words, not which texts belong together, and the
    vectors of a sentence encoder tend to get worse. A contrastive round should follow.
    *Source*: Devlin et al. 2019 (arXiv 1810.04805), whole words as in Cui et al. 2021 (arXiv 1906.08101);
    going on with a shop's text: Gururangan et al. 2020 (arXiv 2004.10964).
    """

    def __init__(
        self, backbone: Backbone, tuning: Tuning, texts: Sequence[str], *, share: float = 0.15, **more: Any
    ) -> None:
        torch = load_torch("MaskedJob")
        if backbone.kind != "masked" or backbone.tokenizer.mask_token_id is None:
            raise ConfigError(
                expected="a backbone of kind 'masked' whose tokenizer has a mask",
                found=f"kind '{backbone.kind}'",
                todo="Load it with kind='masked', or choose another objective.",
            )
        encoder, self.share, self.own = backbone.as_encoder(), share, True
        name = next((name for name in _HEADS if hasattr(backbone.model, name)), "")
        if name:
            self.own, head = False, getattr(backbone.model, name)
        else:
            head = _new_head(torch, encoder, more.get("seed", 0))
        super().__init__(encoder, tuning, texts, {"words": head}, **more)

    def prepare(self, texts: Sequence[str], rng: np.random.Generator) -> Any:
        """Tokens with some words hidden, which tokens they are, and what stood there."""
        torch = load_torch("MaskedJob")
        tokens, words = tokens_and_words(self.backbone, texts)
        chosen = chosen_words(words, self.share, rng)
        ids = tokens["input_ids"].cpu().numpy().copy()
        wanted, fate = ids[chosen], rng.random(int(chosen.sum()))
        others = rng.integers(0, len(self.backbone.tokenizer), len(wanted))
        mask = self.backbone.tokenizer.mask_token_id
        ids[chosen] = np.where(fate < 0.8, mask, np.where(fate < 0.9, others, wanted))
        device = self.backbone.device
        hidden = tokens | {"input_ids": torch.from_numpy(ids).to(device)}
        return hidden, torch.from_numpy(chosen).to(device), torch.from_numpy(wanted).to(device)

    def outputs(self, batch: Any) -> Any:
        """Scores of all words at the hidden places, shape (hidden, vocabulary)."""
        tokens, chosen, _ = batch
        found = self.heads["words"](self.backbone.token_vectors(tokens)[chosen])
        return found @ self.embeddings().weight.T if self.own else found

    def loss(self, outputs: Any, batch: Any) -> Any:
        """Cross-entropy of the hidden words."""
        functional = load_torch("MaskedJob").nn.functional
        if not len(batch[2]):  # texts without any word
            return self.penalised(outputs.sum())
        return self.penalised(functional.cross_entropy(outputs, batch[2]))


def _new_head(torch: Any, encoder: Backbone, seed: int) -> Any:
    """From vectors to the space of the word embeddings, whose transpose then scores the words."""
    width = encoder.model.get_input_embeddings().weight.shape[1]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return torch.nn.Sequential(
            torch.nn.Linear(encoder.dim, width), torch.nn.GELU(), torch.nn.LayerNorm(width)
        )
