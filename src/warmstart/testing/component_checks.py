"""The laws that every component keeps, whatever its role."""

from __future__ import annotations

import dataclasses
import inspect
import json
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt

from warmstart.core.artifact import read_state, write_state
from warmstart.core.component import Component
from warmstart.core.errors import ConfigError, InputError, NotFittedError
from warmstart.testing.trials import AnyComponent, Trial


def same(one: npt.ArrayLike, other: npt.ArrayLike, *, exactly: bool = False) -> None:
    """Fail unless both say the same: NaN in the same places, and numbers equal but for rounding."""
    tolerance = 0.0 if exactly else 1e-4
    found, expected = np.asarray(one, dtype=np.float64), np.asarray(other, dtype=np.float64)
    np.testing.assert_allclose(found, expected, rtol=tolerance, atol=tolerance, equal_nan=True)


def refused(*calls: Callable[[], object]) -> None:
    """Fail unless each call is refused as wrong input, or as use before `fit`."""
    for number, call in enumerate(calls):
        try:
            call()
        except (InputError, NotFittedError):
            continue
        raise AssertionError(f"call {number} must be an error")


def same_seed_same_answer(trial: Trial[AnyComponent]) -> None:
    """Two components with equal settings, fitted on equal data, answer alike to the last bit."""
    same(trial.answer(trial.fit(trial.factory())), trial.answer(trial.fitted), exactly=True)


def asking_changes_nothing(trial: Trial[AnyComponent]) -> None:
    """The second answer to the same question is the first one."""
    component = trial.fit(trial.factory())
    first = trial.answer(component)
    same(trial.answer(component), first, exactly=True)


def renaming_and_shuffling_change_nothing(trial: Trial[AnyComponent]) -> None:
    """Ids are only names, and the order of the catalogue and of the users means nothing."""
    same(trial.answer_renamed(), trial.answer(trial.fitted))


def a_new_fit_forgets_the_old_one(trial: Trial[AnyComponent]) -> None:
    """Fitting again is as good as fitting a new one."""
    again = trial.fit(trial.fit_elsewhere(trial.factory()))
    same(trial.answer(again), trial.answer(trial.fitted))


def state_carries_all_that_was_learned(trial: Trial[AnyComponent]) -> None:
    """`set_state(get_state())` on a new component with the same settings gives the same answers."""
    other = type(trial.fitted).from_settings(trial.fitted.settings())
    other.set_state(trial.fitted.get_state())
    trial.loaded(other)
    same(trial.answer(other), trial.answer(trial.fitted), exactly=True)


def loaded_equals_saved(trial: Trial[AnyComponent]) -> None:
    """The same through a folder on disk: JSON and safetensors hold all of the state."""
    with tempfile.TemporaryDirectory() as name:
        write_state(Path(name), trial.fitted.get_state())
        settings = json.loads(json.dumps(trial.fitted.settings()))
        other = type(trial.fitted).from_settings(settings)
        other.set_state(read_state(Path(name)))
        trial.loaded(other)
        same(trial.answer(other), trial.answer(trial.fitted))


def settings_round_trip(component: Component) -> None:
    """`from_settings(settings())` gives an equal component, also when the settings went through JSON."""
    settings = component.settings()
    kind = type(component)
    if (
        kind.from_settings(settings) != component
        or kind.from_settings(json.loads(json.dumps(settings))) != component
    ):
        raise AssertionError(f"settings() of {kind.__name__} do not lead back to it: {settings}")


def unknown_settings_are_refused(component: Component) -> None:
    """A misspelt hyperparameter is a `ConfigError` that names the known ones."""
    try:
        type(component).from_settings(component.settings() | {"no_such_setting": 1})
    except ConfigError as error:
        missing = [name for name in _fields(component) if name not in error.todo]
        if missing:
            raise AssertionError(f"the error does not name the known fields {missing}: {error}") from error
        return
    raise AssertionError(f"{type(component).__name__} takes settings that it does not know")


def the_schema_names_every_setting(component: Component) -> None:
    """The JSON schema has exactly the dataclass fields, and forbids others."""
    schema = type(component).json_schema()
    fields = _fields(component)
    if (
        sorted(schema.get("properties", {})) != sorted(fields)
        or schema.get("additionalProperties") is not False
    ):
        raise AssertionError(
            f"the JSON schema of {type(component).__name__} does not describe {fields}: {schema}"
        )


def every_setting_has_a_default(component: Component) -> None:
    """A component can be made without any setting."""
    none = dataclasses.MISSING
    without = [
        f.name for f in dataclasses.fields(component) if f.default is none and f.default_factory is none
    ]
    if without:
        raise AssertionError(f"{type(component).__name__} needs {without}")


def the_docstring_says_what_it_gives(component: Component) -> None:
    """The class has a docstring of its own: a first line that is a sentence, and more below it."""
    text = vars(type(component)).get("__doc__") or ""
    first, _, rest = inspect.cleandoc(text).partition("\n")
    if not first.endswith(".") or not rest.strip():
        raise AssertionError(
            f"the docstring of {type(component).__name__} should say what it gives in its first line, "
            f"a sentence, and when to use it below; found {first!r}"
        )


def _fields(component: Component) -> list[str]:
    return [field.name for field in dataclasses.fields(component)]
