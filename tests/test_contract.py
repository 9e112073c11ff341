"""Every registered component keeps every check of its role."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests import tiny_models
from tests.adapt.prompting.fake_endpoint import fake_endpoint
from tests.adapt.prompting.tiny_causal import causal_folder
from warmstart.core import registry
from warmstart.testing import (
    classifier_checks,
    encoder_checks,
    head_checks,
    language_model_checks,
    policy_checks,
    rater_checks,
    retriever_checks,
    scorer_checks,
)

CHECKS: dict[str, Callable[..., list[tuple[str, Callable[[], None]]]]] = {
    "classifier": classifier_checks,
    "classifier.prior": partial(classifier_checks, reads=False),
    "encoder": encoder_checks,
    "head": head_checks,
    "language_model": language_model_checks,
    "policy": policy_checks,
    "rater": partial(rater_checks, personal=False),
    "rater.factor": rater_checks,
    "rater.melu": rater_checks,
    "retriever": retriever_checks,
    "scorer": scorer_checks,
    "scorer.context": partial(scorer_checks, personal=False),
    "scorer.popularity": partial(scorer_checks, personal=False),
}
"""The checks of a role; a component with its own entry is checked by that one."""

FITTED_BY_SKLEARN = ("encoder-logistic", "tfidf-logistic", "unlabelled-svd-logistic")


def needing(library: str) -> Callable[[Path], dict[str, Any]]:
    """No settings, and no check where the library is not installed."""

    def settings(_: Path) -> dict[str, Any]:
        pytest.importorskip(library, reason="needs the extra 'evaluate'")
        return {}

    return settings


def small_melu(_: Path) -> dict[str, Any]:
    """A network that learns the toy shop in a moment."""
    pytest.importorskip("torch", reason="needs the extra 'lm'")
    return {"dim": 8, "width": 8, "epochs": 50, "batch_size": 24, "learning_rate": 0.03}


def small_sasrec(_: Path) -> dict[str, Any]:
    """A network that learns the toy shop in a moment."""
    pytest.importorskip("torch", reason="needs the extra 'lm'")
    return {"dim": 16, "epochs": 5, "learning_rate": 0.02}


def stepping(learning_rate: float, epochs: int = 1) -> Callable[[Path], dict[str, Any]]:
    """A network with this step size, which learns the toy shop in an epoch. No check without torch."""

    def settings(_: Path) -> dict[str, Any]:
        pytest.importorskip("torch", reason="needs the extra 'lm'")
        return {"learning_rate": learning_rate, "epochs": epochs}

    return settings


def small_head(_: Path) -> dict[str, Any]:
    """A head that learns the toy tasks in a moment."""
    pytest.importorskip("torch", reason="needs the extra 'lm'")
    return {"epochs": 12, "batch_size": 32, "width": 16, "learning_rate": 0.03}


def small_meta(_: Path) -> dict[str, Any]:
    """A scorer around such a head."""
    pytest.importorskip("torch", reason="needs the extra 'lm'")
    return {"epochs": 15, "learning_rate": 0.01}


def barely_trained(_: Path) -> dict[str, Any]:
    """Second derivatives blow the noise of the last digits up, so that long training tells orders apart."""
    pytest.importorskip("torch", reason="needs the extra 'lm'")
    return {"epochs": 4, "learning_rate": 0.002}


def tuned(folder: Path) -> dict[str, Any]:
    """A network that is tuned in a moment."""
    pytest.importorskip("peft", reason="needs the extra 'adapt'")
    return {"model": str(tiny_models.transformer_folder(folder / "bert")), "epochs": 2}


EPISODIC_HEADS = ("anil", "maml", "matching", "neural-process", "prototype", "reptile", "ridge")
META_SCORERS = ("anil", "maml", "matching", "meta-ridge", "neural-process", "prototype", "reptile")

FACTORIES: dict[str, Callable[[Path], dict[str, Any]]] = {
    **{f"classifier.{name}": needing("sklearn") for name in FITTED_BY_SKLEARN},
    "classifier.fine-tuned": tuned,
    "classifier.gated": lambda _: {"language_model": "nearest", "cheap": "prototype"},
    "classifier.prompted": lambda _: {"language_model": "nearest"},
    "language_model.local": lambda folder: {"model": str(causal_folder(folder))},
    "encoder.adapted": lambda folder: {
        "adapter": str(
            tiny_models.adapter_folder(folder / "adapter", tiny_models.transformer_folder(folder / "base"))
        )
    },
    "classifier.setfit": tuned,
    "encoder.onnx": lambda folder: {"model": str(tiny_models.onnx_folder(folder))},
    "encoder.static": lambda folder: {"model": str(tiny_models.static_folder(folder / "static"))},
    "encoder.transformer": lambda folder: {"model": str(tiny_models.transformer_folder(folder / "bert"))},
    **{f"head.{name}": small_head for name in EPISODIC_HEADS},
    **{f"scorer.{name}": small_meta for name in META_SCORERS},
    "scorer.maml": barely_trained,
    "rater.fine-tuned": tuned,
    "rater.melu": small_melu,
    "scorer.ials": needing("implicit"),
    "scorer.ials-map": needing("implicit"),
    "scorer.clcrec": stepping(0.02, epochs=3),
    "scorer.dropoutnet": stepping(0.002),
    "scorer.heater": stepping(0.003),
    "scorer.sasrec": small_sasrec,
    "scorer.semco": stepping(0.002),
}
"""Settings for the components that cannot do without: they get a folder to make a model in,
or are skipped where their library is missing."""


def checks_of(component: str) -> Callable[..., list[tuple[str, Callable[[], None]]]]:
    return CHECKS.get(component) or CHECKS[component.partition(".")[0]]


def cases() -> Iterator[Any]:
    for component in registry.names():
        kind, _, name = component.partition(".")
        for check, _ in checks_of(component)(partial(registry.get, kind, name)):
            yield pytest.param(component, check, id=f"{component}-{check}")


@pytest.fixture(scope="module")
def factory(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Callable[[], Any]]:
    made: dict[str, Callable[[], Any]] = {}

    def make(component: str) -> Callable[[], Any]:
        if component not in made:
            kind, _, name = component.partition(".")
            needed = FACTORIES.get(component)
            settings = needed(tmp_path_factory.mktemp("model")) if needed else {}
            made[component] = partial(registry.get(kind, name), **settings)
        return made[component]

    return make


@pytest.fixture(scope="module", autouse=True)
def _a_model_server() -> Iterator[None]:
    """What `language_model.endpoint` asks."""
    with fake_endpoint() as fake, pytest.MonkeyPatch.context() as patch:
        patch.setenv("WARMSTART_LLM_URL", fake.url)
        patch.setenv("WARMSTART_LLM_MODEL", "nearest")
        patch.setenv("no_proxy", "*")
        yield


@pytest.fixture(scope="module")
def checks(factory: Callable[[str], Callable[[], Any]]) -> Callable[[str], dict[str, Callable[[], None]]]:
    made: dict[str, dict[str, Callable[[], None]]] = {}

    def collect(component: str) -> dict[str, Callable[[], None]]:
        if component not in made:
            made[component] = dict(checks_of(component)(factory(component)))
        return made[component]

    return collect


@pytest.mark.parametrize(("component", "check"), list(cases()))
def test_every_component_keeps_the_contract(
    component: str, check: str, checks: Callable[[str], dict[str, Callable[[], None]]]
):
    checks(component)[check]()
