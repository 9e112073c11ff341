"""Let a shop's own queries say what meaning weighs beside words in its search."""

from __future__ import annotations

from dataclasses import replace

from warmstart.engine.engine import Engine
from warmstart.search.weights import LearnedWeight, learn_dense_weight, shop_evidence


def learn_search(engine: Engine) -> LearnedWeight:
    """Learn the dense weight from the engine's shop and use it, or leave the default where it is no better.

    It is kept with the model by `Engine.save`. See `search.weights.learn_dense_weight` for how it is
    chosen, when to ask for it and what it costs.
    """
    grades, kind = shop_evidence(engine.dataset)
    retriever = engine._stages.retriever
    found = learn_dense_weight(retriever, grades, kind=kind)
    if not found.reason:
        retriever.dense_weight = found.weight
        chosen = replace(engine.settings.retriever, dense_weight=found.weight)
        engine.settings = replace(engine.settings, retriever=chosen)
    return found
