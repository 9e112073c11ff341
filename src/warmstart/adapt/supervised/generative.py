"""Retrieval by writing: a decoder says the code of the item that a query or a history asks for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from warmstart.adapt.supervised.item_codes import Code, ItemCodes
from warmstart.adapt.supervised.likelihood import Likelihood, LikelihoodJob, Told
from warmstart.core.errors import ConfigError, InputError
from warmstart.core.extras import load_torch
from warmstart.core.linear import FloatArray
from warmstart.data.item_list import ItemList
from warmstart.encoders.backbone import Backbone
from warmstart.encoders.tuning import Tuning


@dataclass(frozen=True)
class CodeLikelihood(Likelihood):
    """The log-likelihood of items' codes after a text; `then` of a pair is an item id.

    The numbers of a code are said by the last words of the tokenizer, whatever they mean otherwise: no
    new word is needed, so that every way of tuning can learn them.
    """

    codes: dict[str, Code] = field(default_factory=dict)

    def said(self, text: str) -> list[int]:
        """The tokens of an item's code, without its end."""
        if text not in self.codes:
            raise InputError(
                expected="the id of an item that has a code", found=f"'{text}'", todo="Add the item first."
            )
        return [self.word(number) for number in self.codes[text]]

    def next_words(self, text: str, begun: Sequence[Sequence[int]]) -> FloatArray:
        """How likely each word is after the text and these beginnings of a code, all of one length.

        Log-probabilities, shape (beginnings, words).
        """
        torch = load_torch("CodeLikelihood")
        longest = max(len(code) for code in self.codes.values())
        front = self.front(text, longest + 1)
        ids = torch.tensor([[*front, *words] for words in begun], device=self.backbone.device)
        training = self.backbone.model.training
        self.backbone.model.eval()
        with torch.no_grad():
            logits = self.backbone.model(input_ids=ids, attention_mask=torch.ones_like(ids)).logits[:, -1]
        self.backbone.model.train(training)
        found: FloatArray = torch.log_softmax(logits.float(), dim=-1).cpu().numpy()
        return found

    def word(self, number: int) -> int:
        """The token that stands for a number."""
        return len(self.backbone.tokenizer) - 1 - number


class _Beam(NamedTuple):
    """A code as far as it is written, and how likely that is."""

    words: tuple[int, ...]
    score: float


class GenerativeRetriever:
    """Finds items by letting a causal model write their codes, and only codes that there are.

    `codes` are fitted on vectors such as these; every item has its vector. Train what `job` gives with a
    `Trainer`: queries or histories (`likelihood.histories`, with ids instead of titles on the right) and
    the items that followed; to teach the codes themselves add each item's text with its own id, as DSI
    does. An item that comes later is added with its vector and can be found at once, beside those like it.

    *When to use*: to compare, or with very many items and clicks. *When not*: in a small shop; DSI and
    TIGER learned from hundreds of thousands of pairs. Hybrid search needs none. *Cost*: a forward pass
    for each number of a code, with `beams` rows. Errors: `ConfigError` for a backbone that is no causal
    model or has too few words.
    """

    def __init__(
        self, backbone: Backbone, codes: ItemCodes, item_ids: Sequence[str], vectors: FloatArray
    ) -> None:
        self.codes = codes
        self.likelihood = CodeLikelihood(backbone)
        special = set(backbone.tokenizer.all_special_ids)
        words = {self.likelihood.word(number) for number in range(codes.branches)}
        if min(words) < 0 or words & special:
            raise ConfigError(
                expected=f"a tokenizer whose last {codes.branches} words are plain ones",
                found=f"{len(backbone.tokenizer)} words, some of the last with a task",
                todo="Use fewer branches, or another model.",
            )
        self._next: dict[tuple[int, ...], set[int]] = {}
        self._items: dict[tuple[int, ...], str] = {}
        self.add(item_ids, vectors)

    @property
    def backbone(self) -> Backbone:
        """The decoder."""
        return self.likelihood.backbone

    def add(self, item_ids: Sequence[str], vectors: FloatArray) -> None:
        """Give new items their codes; those that have one keep it."""
        known = self.likelihood.codes
        fresh = [place for place, item_id in enumerate(item_ids) if item_id not in known]
        made = self.codes.codes(np.asarray(vectors)[fresh], list(known.values()))
        for place, code in zip(fresh, made, strict=True):
            known[item_ids[place]] = code
            words = tuple(self.likelihood.said(item_ids[place]))
            self._items[words] = item_ids[place]
            for length in range(len(words)):
                self._next.setdefault(words[:length], set()).add(words[length])

    def job(self, tuning: Tuning, pairs: Sequence[Told], **more: Any) -> LikelihoodJob:
        """The training: texts, and the ids of the items that they ask for."""
        return LikelihoodJob(self.backbone, tuning, pairs, likelihood=self.likelihood, **more)

    def retrieve(self, text: str, n: int = 10, *, beams: int = 0) -> ItemList:
        """The items whose codes are likeliest, best first, by log-likelihood.

        `beams` codes are kept at each step, twice as many as `n` without it; with as many as there are
        items nothing is missed.
        """
        beams = beams or 2 * n
        open_beams, found = [_Beam((), 0.0)] if self._items else [], list[_Beam]()
        while open_beams:
            grown = self._grown(text, open_beams)
            best = sorted(grown, key=lambda beam: (-beam.score, beam.words))[:beams]
            found += [beam for beam in best if beam.words in self._items]
            open_beams = [beam for beam in best if beam.words in self._next]
        best = sorted(found, key=lambda beam: (-beam.score, beam.words))[:n]
        ids = tuple(self._items[beam.words] for beam in best)
        scores = np.array([beam.score for beam in best], dtype=np.float32)
        return ItemList(item_ids=ids, scores=scores, sources=("generative",) * len(ids))

    def _grown(self, text: str, beams: Sequence[_Beam]) -> list[_Beam]:
        """Every beam with each word that may follow."""
        likely = self.likelihood.next_words(text, [beam.words for beam in beams])
        return [
            _Beam((*beam.words, word), beam.score + float(row[word]))
            for beam, row in zip(beams, likely, strict=True)
            for word in sorted(self._next[beam.words])
        ]


def naming(texts: Sequence[str], item_ids: Sequence[str]) -> list[Told]:
    """Pairs that teach the codes themselves: each item's text, and its own id."""
    return [Told(text, item_id) for text, item_id in zip(texts, item_ids, strict=True) if text.strip()]
