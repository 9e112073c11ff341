"""How likely a decoder finds a text after another: queries that items could have, items after a history."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from warmstart.adapt.job import BackboneJob
from warmstart.core.errors import ConfigError
from warmstart.core.extras import load_torch
from warmstart.core.linear import FloatArray
from warmstart.encoders.backbone import Backbone
from warmstart.encoders.tuning import Tuning

_SAID_NOTHING = -100
"""What torch's cross-entropy leaves out."""


class Told(NamedTuple):
    """A text that was given, and the one that follows: a query and its item, or an item and its query."""

    given: str
    then: str


@dataclass(frozen=True)
class Likelihood:
    """The log-likelihood of texts after others, by a causal model.

    With "item after query" this is generative retrieval over the item's own text; with "query after item"
    it is the query likelihood of Ponte and Croft (1998) by a neural model (Nogueira dos Santos et al.
    2020, arXiv 2010.03073), which needs no correction for how common an item's text is.
    Errors: `ConfigError` for a backbone that is no causal model.
    """

    backbone: Backbone

    def __post_init__(self) -> None:
        if self.backbone.kind != "causal":
            raise ConfigError(
                expected="a causal model, which says how likely the next word is",
                found=f"a backbone of kind '{self.backbone.kind}'",
                todo="Load it with Backbone.load(source, kind='causal').",
            )

    def tokens(self, pairs: Sequence[Told]) -> dict[str, Any]:
        """Both texts in one line, padded on the right; `labels` hold the second one and its end alone."""
        torch = load_torch("Likelihood")
        rows = [self._row(pair) for pair in pairs]
        longest, pad = max(len(ids) for ids, _ in rows), self.backbone.tokenizer.pad_token_id
        ids = np.full((len(rows), longest), pad, dtype=np.int64)
        labels = np.full((len(rows), longest), _SAID_NOTHING, dtype=np.int64)
        mask = np.zeros((len(rows), longest), dtype=np.int64)
        for row, (known, start) in enumerate(rows):
            ids[row, : len(known)], mask[row, : len(known)] = known, 1
            labels[row, start : len(known)] = known[start:]
        found = {"input_ids": ids, "attention_mask": mask, "labels": labels}
        return {name: torch.from_numpy(value).to(self.backbone.device) for name, value in found.items()}

    def _row(self, pair: Told) -> tuple[list[int], int]:
        """The ids of a line, and where the second text begins."""
        then = [*self.said(pair.then), self.backbone.tokenizer.eos_token_id]
        front = self.front(pair.given, len(then))
        return [*front, *then], len(front)

    def said(self, text: str) -> list[int]:
        """The tokens of a second text, without its end."""
        return self._plain("\n" + text)[: self.backbone.max_length // 2]

    def front(self, text: str, room: int) -> list[int]:
        """The tokens of a first text, which loses its beginning where `room` for the second needs it."""
        tokenizer = self.backbone.tokenizer
        first = [] if tokenizer.bos_token_id is None else [tokenizer.bos_token_id]
        given, kept = self._plain(text), self.backbone.max_length - room - max(len(first), 1)
        return [*first, *given[max(len(given) - kept, 0) :]] or [tokenizer.eos_token_id]

    def _plain(self, text: str) -> list[int]:
        cleaned = text.encode("utf-8", "replace").decode()
        found: list[int] = self.backbone.tokenizer(cleaned, add_special_tokens=False)["input_ids"]
        return found

    def losses(self, tokens: dict[str, Any]) -> Any:
        """The negative log-likelihood of each second text, shape (texts,), with gradients."""
        torch = load_torch("Likelihood")
        known = {name: tokens[name] for name in ("input_ids", "attention_mask")}
        length = tokens["input_ids"].shape[1]
        logits = self.backbone.model(**known).logits[:, -length:]  # learned prompts stand before the text
        said, wanted = logits[:, :-1].transpose(1, 2), tokens["labels"][:, 1:]
        loss = torch.nn.functional.cross_entropy(said, wanted, reduction="none", ignore_index=_SAID_NOTHING)
        return loss.sum(dim=1)

    def score(self, pairs: Sequence[Told], *, by_token: bool = False, batch_size: int = 32) -> FloatArray:
        """Log-likelihoods, shape (pairs,); `by_token`: the mean over tokens, so that length counts less."""
        torch = load_torch("Likelihood")
        found, training = [np.zeros(0, dtype=np.float32)], self.backbone.model.training
        self.backbone.model.eval()
        with torch.no_grad():
            for start in range(0, len(pairs), batch_size):
                tokens = self.tokens(pairs[start : start + batch_size])
                losses = self.losses(tokens).float()
                lengths = (tokens["labels"] != _SAID_NOTHING).sum(dim=1)
                found.append((-losses / (lengths if by_token else 1)).cpu().numpy())
        self.backbone.model.train(training)
        return np.concatenate(found)


class LikelihoodJob(BackboneJob):
    """Tunes a causal model on texts that follow others, by their negative log-likelihood.

    Each pair counts alike, a long text no more than a short one: the mean over its tokens is taken first.
    Held-out pairs are judged by minus the same number.
    """

    def __init__(
        self,
        backbone: Backbone,
        tuning: Tuning,
        pairs: Sequence[Told],
        *,
        held_out: Sequence[Told] = (),
        likelihood: Likelihood | None = None,
        total_steps: int = 100,
        seed: int = 0,
    ) -> None:
        self.likelihood = likelihood or Likelihood(backbone)
        super().__init__(backbone, tuning, total_steps=total_steps, seed=seed)
        self.pairs, self.held_out = list(pairs), list(held_out)

    @property
    def size(self) -> int:
        """How many pairs."""
        return len(self.pairs)

    def batch(self, chosen: Sequence[int], rng: np.random.Generator) -> dict[str, Any]:
        """Pairs as tokens."""
        return self.likelihood.tokens([self.pairs[place] for place in chosen])

    def outputs(self, batch: dict[str, Any]) -> Any:
        """The negative log-likelihood of each token's mean, shape (texts,)."""
        lengths = (batch["labels"] != _SAID_NOTHING).sum(dim=1)
        return self.likelihood.losses(batch) / lengths

    def loss(self, outputs: Any, batch: dict[str, Any]) -> Any:
        """The mean over pairs."""
        return self.penalised(outputs.mean())

    def divergence(self, one: Any, other: Any) -> Any:
        """Mean squared difference of the log-likelihoods."""
        return ((one - other) ** 2).mean()

    def quality(self) -> float | None:
        """The mean log-likelihood by token of held-out pairs."""
        if not self.held_out:
            return None
        return float(self.likelihood.score(self.held_out, by_token=True).mean())


def histories(events: Sequence[Sequence[str]], length: int = 5) -> list[Told]:
    r"""What users turned to next, after what they turned to before: titles in order, joined by lines.

    >>> histories([["tent", "stove", "lamp"]])
    [Told(given='tent', then='stove'), Told(given='tent\nstove', then='lamp')]
    """
    return [
        Told("\n".join(titles[max(end - length, 0) : end]), titles[end])
        for titles in events
        for end in range(1, len(titles))
    ]
