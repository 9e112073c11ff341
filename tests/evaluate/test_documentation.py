"""The reference page names every protocol and metric, and shows the JSON as it is."""

import json
import re
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from tests.evaluate.toys import InOrder, SameTaste, two_tastes
from warmstart.evaluate.evaluation import (
    Comparison,
    Cost,
    Evaluation,
    Exposure,
    Listed,
    Reliability,
    Replicates,
    Row,
    Story,
    Tuning,
)
from warmstart.evaluate.protocols import PROTOCOLS
from warmstart.evaluate.run import evaluate

PAGE = (Path(__file__).parents[2] / "docs/reference/evaluation.md").read_text(encoding="utf-8")

KINDS: dict[str, Any] = {
    "rows": Row,
    "cost": Cost,
    "comparisons": Comparison,
    "tunings": Tuning,
    "replicates": Replicates,
    "exposures": Exposure,
    "reliability": Reliability,
    "stories": Story,
}
RANKING = [name for name, protocol in PROTOCOLS.items() if {"scorer", "retriever"} & set(protocol.kinds)]


def test_every_protocol_is_named():
    assert all(f"`{name}`" in PAGE for name in PROTOCOLS)


@pytest.mark.parametrize("name", RANKING)
def test_every_protocol_its_metrics_and_its_candidates_are_explained(name: str):
    method = InOrder() if name == "search" else SameTaste()
    evaluation = evaluate(
        two_tastes(), name, seeds=(0,), methods=[method], encoder="catalogue", resamples=50
    )
    for word in {name, *evaluation.metrics, *(row.candidates for row in evaluation.rows)}:
        assert f"`{word}`" in PAGE


def test_the_json_in_the_page_has_the_fields_of_the_values():
    found = re.search(r"```json\n(.*?)```", PAGE, re.DOTALL)
    assert found is not None
    shown = json.loads(found.group(1))
    for name, kind in KINDS.items():
        assert list(shown[name][0]) == [field.name for field in fields(kind)]
    assert list(shown["stories"][0]["lists"]["engine"][0]) == [field.name for field in fields(Listed)]
    assert Evaluation.from_dict(shown).to_dict() == shown
