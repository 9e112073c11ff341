"""Which of a shop's texts somebody should label next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from warmstart.adapt.labels.active import ActiveLearner, Strategy
from warmstart.core.errors import InputError
from warmstart.roles.classifier import Classifier
from warmstart.roles.encoder import Encoder

FEW: Final = 8
"""Up to so many examples of a label, groups tell more than a classifier's doubts."""


@dataclass(frozen=True, kw_only=True)
class NextLabels:
    """Texts to label, the most telling first, by which strategy they were chosen, and why in a sentence."""

    texts: tuple[str, ...]
    strategy: Strategy
    why: str


def next_to_label(
    unlabelled: Sequence[str],
    n: int = 20,
    *,
    encoder: Encoder,
    texts: Sequence[str] = (),
    labels: Sequence[str] = (),
    classifier: Classifier | None = None,
    strategy: Strategy | None = None,
    seed: int = 0,
) -> NextLabels:
    """The `n` of the `unlabelled` texts whose labels would teach most.

    `texts` with their `labels` are what is known already, `encoder` (fitted) gives vectors. Without a
    `strategy` it is `typical` up to eight examples a label and `margin` afterwards, if a `classifier` is
    given, which is fitted on what is known. Texts that stand twice are named once. Errors: `InputError`
    where nothing is left to label.
    """
    known = set(texts)
    left = [text for text in dict.fromkeys(unlabelled) if text.strip() and text not in known]
    if not left:
        raise InputError(
            expected="texts without a label",
            found=f"{len(unlabelled)} texts, all empty or labelled",
            todo="Add texts to the shop's 'unlabelled' table.",
        )
    each = len(texts) / max(len(set(labels)), 1)
    ready = classifier is not None and len(set(labels)) > 1
    chosen: Strategy = strategy or ("margin" if ready and each > FEW else "typical")
    everything = [*texts, *left]
    told = None
    if chosen in {"margin", "entropy", "badge"} and classifier is not None:
        told = classifier.fit(texts, labels, encoder=encoder).predict_proba(everything)
    places = ActiveLearner(strategy=chosen, seed=seed).choose(
        encoder.encode(everything),
        n,
        labelled=np.arange(len(texts), dtype=np.int64),
        probabilities=told,
    )
    return NextLabels(
        texts=tuple(everything[place] for place in places),
        strategy=chosen,
        why=_why(chosen, len(texts), each),
    )


def _why(strategy: Strategy, known: int, each: float) -> str:
    """In a sentence.

    >>> _why("typical", 0, 0.0)
    'nothing is labelled yet: the most typical text of each group of texts'
    """
    if strategy == "typical":
        stage = "nothing is labelled yet" if not known else f"about {each:.0f} examples a label so far"
        return f"{stage}: the most typical text of each group of texts"
    return f"about {each:.0f} examples a label so far: chosen by '{strategy}'"
