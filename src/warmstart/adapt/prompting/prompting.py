"""The settings of whatever asks a language model for a label."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from warmstart.adapt.prompting.templates import BUDGET
from warmstart.adapt.prompting.wording import Language
from warmstart.core.component import Component
from warmstart.core.tunable import tunable

Mode = Literal["auto", "complete", "score"]


@dataclass(kw_only=True)
class Prompting(Component):
    """Which model is asked, what it is shown, how it answers; `PromptedClassifier` says what each means."""

    language_model: str = "endpoint"
    language_model_settings: dict[str, Any] = field(default_factory=dict)
    shots: int = tunable(8, low=1, high=32, log=True)
    max_labels: int = 20
    budget: int = BUDGET
    language: Language = "auto"
    mode: Mode = "auto"
    calibrate: bool = True
    certainty: float = 0.9
