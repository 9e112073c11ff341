"""What is installed here, and what that means for warmstart."""

from __future__ import annotations

import os
import platform
import re
import sys
from importlib.metadata import PackageNotFoundError, requires, version
from typing import Any

from warmstart.core.errors import WarmstartError

_REQUIREMENT = re.compile(r"(?P<name>[A-Za-z0-9._-]+)(?P<inner>\[[^\]]*\])?(?P<range>[^;]*)")
_EXTRA = re.compile(r"extra\s*==\s*['\"]([^'\"]+)['\"]")
_INTERNAL = {"browser", "dev", "test"}


def environment() -> dict[str, Any]:
    """Python, machine, versions of what warmstart needs, and which extras are whole."""
    core, extras = _requirements()
    return {
        "warmstart": version("warmstart"),
        "python": platform.python_version(),
        "platform": platform.platform(),
        "cpus": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "encoding": sys.getfilesystemencoding(),
        "packages": {name: _installed(name) for name in core},
        "extras": {
            extra: {"whole": all(map(_installed, names)), "packages": {n: _installed(n) for n in names}}
            for extra, names in extras.items()
        },
        "encoder": _encoder(),
    }


def _encoder() -> dict[str, str]:
    """What `auto` takes here and why; or why it takes nothing."""
    from warmstart.core import registry
    from warmstart.encoders.auto import choose_encoder

    try:
        encoder, why = choose_encoder()
        return {"name": registry.name_of(encoder), "why": why}
    except WarmstartError as error:
        return {"name": "none", "why": str(error)}


def _requirements() -> tuple[list[str], dict[str, list[str]]]:
    """Names of the packages warmstart always needs, and of those each extra adds."""
    core: list[str] = []
    extras: dict[str, list[str]] = {}
    for line in requires("warmstart") or ():
        name, extra = _parse(line)
        if extra is None:
            core.append(name)
        elif extra not in _INTERNAL and name != "warmstart":
            extras.setdefault(extra, []).append(name)
    return core, extras


def _parse(line: str) -> tuple[str, str | None]:
    found = _REQUIREMENT.match(line)
    extra = _EXTRA.search(line)
    return (found["name"] if found else line), (extra[1] if extra else None)


def _installed(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
