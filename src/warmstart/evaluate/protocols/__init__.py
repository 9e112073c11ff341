"""The protocols by name. Each fixes what is withheld, what is asked, and what counts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from warmstart.core.errors import ConfigError
from warmstart.evaluate.protocols.base import Protocol
from warmstart.evaluate.protocols.few_shot_text import FEW_SHOT_TEXT
from warmstart.evaluate.protocols.new_both import NEW_BOTH
from warmstart.evaluate.protocols.new_items import NEW_ITEMS
from warmstart.evaluate.protocols.new_users import NEW_USERS
from warmstart.evaluate.protocols.ratings import RATINGS
from warmstart.evaluate.protocols.search import SEARCH
from warmstart.evaluate.protocols.warm import WARM

PROTOCOLS: Final[Mapping[str, Protocol[Any]]] = {
    protocol.name: protocol
    for protocol in (NEW_ITEMS, NEW_USERS, NEW_BOTH, WARM, SEARCH, RATINGS, FEW_SHOT_TEXT)
}


RANDOM_CUT: Final = "random"
TEMPORAL_CUT: Final = "temporal"


def get(name: str, cut: str = RANDOM_CUT) -> Protocol[Any]:
    """The protocol of that name, cut at random or by time. Errors: `ConfigError` lists the names."""
    if name not in PROTOCOLS:
        raise ConfigError(
            expected="the name of a protocol",
            found=repr(name),
            todo=f"Choose among: {', '.join(PROTOCOLS)}.",
        )
    if cut not in {RANDOM_CUT, TEMPORAL_CUT}:
        raise ConfigError(
            expected=f"the cut {RANDOM_CUT} or {TEMPORAL_CUT}", found=repr(cut), todo="Mend --cut."
        )
    return PROTOCOLS[name].by_time() if cut == TEMPORAL_CUT else PROTOCOLS[name]
