"""What can be set on an engine."""

from __future__ import annotations

from dataclasses import dataclass, field

from warmstart.core.component import Component
from warmstart.policy.diversity import DiversityPolicy
from warmstart.policy.exposure import ExposurePolicy
from warmstart.recommend.fused.parts import ALIKE, KNN, PROJECTION, WORDS
from warmstart.recommend.fused.scorer import FusedScorer
from warmstart.search.hybrid import HybridRetriever


def _similar_weights() -> dict[str, float]:
    return {KNN: 0.4, ALIKE: 0.4, WORDS: 0.3, PROJECTION: 0.2}


@dataclass(kw_only=True)
class EngineSettings(Component):
    """Stages of the engine and how they are joined.

    `taste_weight` is the most that a searcher's taste may shift a result, in standard deviations of
    relevance; `taste_half` the amount of evidence at which half of it is granted; `taste_depth` how many
    results it may reorder. `similar_weights` replace the scorer's weights where likeness is asked for.
    `exposure` is the share of recommendations that new and thin items get, `diversity` how unlike each
    other recommendations are to be (0: as they come). `wish_weight` is
    what a sentence weighs beside the history, and `refusal_weight` what likeness to the refused costs, both
    with the best scores of each as the unit (`wish.Wished`).
    """

    retriever: HybridRetriever = field(default_factory=HybridRetriever)
    scorer: FusedScorer = field(default_factory=FusedScorer)
    exposure: ExposurePolicy = field(default_factory=ExposurePolicy)
    diversity: DiversityPolicy = field(default_factory=DiversityPolicy)
    similar_weights: dict[str, float] = field(default_factory=_similar_weights)
    taste_weight: float = 1.0
    taste_half: float = 2.0
    taste_depth: int = 200
    wish_weight: float = 1.5
    refusal_weight: float = 0.1
    reasons_per_item: int = 3
