"""Find components by kind and name.

Built-in parts and third-party ones come through the same door: the entry-point group
`warmstart.components`, with names such as `encoder.catalogue`. Nothing is imported until asked for.
"""

from __future__ import annotations

from functools import cache
from importlib.metadata import EntryPoint, entry_points

from warmstart.core.component import Component
from warmstart.core.errors import ConfigError

GROUP = "warmstart.components"


@cache
def _entries() -> dict[str, EntryPoint]:
    return {entry.name: entry for entry in entry_points(group=GROUP)}


def names(kind: str | None = None) -> list[str]:
    """Names of all registered components (`encoder.catalogue`), or the short ones of one kind."""
    if kind is None:
        return sorted(_entries())
    prefix = f"{kind}."
    return sorted(name.removeprefix(prefix) for name in _entries() if name.startswith(prefix))


def get(kind: str, name: str) -> type[Component]:
    """The component class registered as `kind.name`.

    Errors: `ConfigError` lists the names that exist; `MissingExtraError` when its extra is missing.
    """
    entry = _entries().get(f"{kind}.{name}")
    if entry is None:
        raise ConfigError(
            expected=f"the name of a registered {kind}",
            found=repr(name),
            todo=f"Choose one of: {', '.join(names(kind)) or 'none is installed'}.",
        )
    loaded = entry.load()
    if not (isinstance(loaded, type) and issubclass(loaded, Component)):
        raise ConfigError(
            expected=f"a Component subclass behind entry point '{entry.name}'",
            found=repr(loaded),
            todo=f"Mend the package that registers {entry.value}.",
        )
    return loaded


def name_of(component: Component) -> str:
    """The short name under which a component's class is registered.

    Errors: `ConfigError` for a class that is not registered, which therefore cannot be found again.
    """
    value = f"{type(component).__module__}:{type(component).__qualname__}"
    for name, entry in _entries().items():
        if entry.value == value:
            return name.partition(".")[2]
    raise ConfigError(
        expected="a component registered under the entry-point group 'warmstart.components'",
        found=value,
        todo="Register it in the package that holds it, then install that package.",
    )
