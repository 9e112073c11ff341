"""Importing warmstart is light."""

import subprocess
import sys

HEAVY = (
    "torch",
    "transformers",
    "sentence_transformers",
    "onnxruntime",
    "tokenizers",
    "usearch",
    "sklearn",
)


def modules_after(statement: str) -> set[str]:
    """The names of all modules that a new interpreter has loaded after `statement`."""
    code = f"{statement}\nimport sys; print(*sys.modules)"
    return set(
        subprocess.run(
            [sys.executable, "-c", code], check=True, capture_output=True, text=True
        ).stdout.split()
    )


def test_import_loads_nothing_heavy():
    loaded = modules_after("import warmstart")
    assert loaded.isdisjoint({*HEAVY, "polars", "scipy", "pydantic"})


def test_the_engine_and_every_component_load_without_a_language_model():
    statement = "\n".join(
        [
            "import warmstart",
            "from warmstart.core import registry",
            "warmstart.Engine, warmstart.read_shop",
            "for name in registry.names(): registry.get(*name.split('.'))",
        ]
    )
    assert modules_after(statement).isdisjoint(HEAVY)


def test_every_public_name_can_be_imported():
    import warmstart

    assert [name for name in warmstart.__all__ if getattr(warmstart, name, None) is None] == []
