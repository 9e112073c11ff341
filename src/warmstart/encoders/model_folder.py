"""Find a pretrained model's folder, read the facts beside its weights, and tell two models apart.

A model is named by a folder, or by a Hub name such as `intfloat/multilingual-e5-small`. The layout is the
one sentence-transformers writes; a plain Hugging Face folder is one with most of the files missing.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from warmstart.core.errors import ConfigError, InputError, MissingExtraError

POOLING_CONFIG = "1_Pooling/config.json"
PROMPT_CONFIG = "config_sentence_transformers.json"
FACTS = ("*.json", "*.txt", "*.model", "*_Pooling/*", "*_Normalize/*")
"""Everything small that a model folder may hold, as patterns for the Hub."""

_LEGACY_POOLING = {
    "pooling_mode_cls_token": "cls",
    "pooling_mode_max_tokens": "max",
    "pooling_mode_mean_tokens": "mean",
    "pooling_mode_mean_sqrt_len_tokens": "mean",  # the same direction once the length is one
    "pooling_mode_weightedmean_tokens": "weightedmean",
    "pooling_mode_lasttoken": "lasttoken",
}
_SAME_POOLING = {"mean_sqrt_len_tokens": "mean"}
_PROMPTS = {"query": ("query",), "item": ("document", "passage", "corpus")}


def find_model(
    model: str, revision: str | None, patterns: Sequence[str], complete: Callable[[Path], bool]
) -> Path:
    """The folder of `model`: the path itself, or its snapshot in the local Hugging Face cache.

    A Hub name is downloaded only when the cache does not hold all that `complete` asks for; what the
    cache holds is used as it is, so that the same name means the same model from one day to the next.

    Errors: `ConfigError` without a name; `InputError` when there is neither folder nor download.
    """
    if not model:
        raise ConfigError(
            expected="the model's folder or Hub name in 'model'",
            found="an empty name",
            todo="Set it, for instance OnnxEncoder(model='/models/minilm').",
        )
    folder = Path(model).expanduser()
    if folder.is_dir():
        return folder
    if folder.exists() or folder.is_absolute() or model.startswith((".", "~")):
        raise InputError(
            expected=f"a model folder at {model}",
            found="a file" if folder.exists() else "no such folder",
            todo="Check the path, or give a Hub name such as 'intfloat/multilingual-e5-small'.",
        )
    return _snapshot(model, revision, patterns, complete)


def _snapshot(
    model: str, revision: str | None, patterns: Sequence[str], complete: Callable[[Path], bool]
) -> Path:
    try:
        from huggingface_hub import snapshot_download
        from huggingface_hub.errors import HfHubHTTPError
    except ImportError as error:
        raise MissingExtraError(f"models by Hub name ('{model}')", "onnx") from error

    # The bases of the Hub's error are those of its HTTP library, which differs between versions.
    failures = (OSError, ValueError, *(base for base in HfHubHTTPError.__bases__ if base is not object))
    reason = ""
    for local_only in (True, False):
        try:
            folder = Path(
                snapshot_download(
                    model, revision=revision, allow_patterns=list(patterns), local_files_only=local_only
                )
            )
        except failures as error:
            reason = str(error).partition("\n")[0]
            continue
        if complete(folder) or not local_only:
            return folder
    raise InputError(
        expected=f"the folder '{model}', or a Hub model of that name in the local cache or on the Hub",
        found=f"none of them ({reason})",
        todo="Copy the model's folder to this machine and pass its path; that needs no network.",
    )


def read_json_file(path: Path) -> Any:
    """The JSON value in a file of the model's folder, or an empty object where there is no such file.

    Errors: `InputError` when the file is not JSON.
    """
    if not path.is_file():
        return {}
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise InputError(
            expected=f"JSON in {path}", found=f"a damaged file ({error})", todo="Copy the model again."
        ) from error


def pooling_mode(folder: Path) -> str:
    """How token vectors become one vector: "mean", "cls", "max", or a rarer name; "mean" when unsaid."""
    config = read_json_file(folder / POOLING_CONFIG)
    modes = config.get("pooling_mode")
    if modes is None:
        modes = [mode for key, mode in _LEGACY_POOLING.items() if config.get(key)] or "mean"
    if isinstance(modes, list):
        modes = "+".join(modes)
    return _SAME_POOLING.get(modes, str(modes))


def extra_modules(folder: Path) -> list[str]:
    """Modules of a sentence-transformers folder other than transformer, pooling and normalisation."""
    modules = read_json_file(folder / "modules.json") or []
    kinds = [str(module["type"]).rpartition(".")[2] for module in modules]
    return [kind for kind in kinds if kind not in {"Transformer", "Pooling", "Normalize"}]


def prompt(folder: Path, side: str) -> str:
    """What the model's authors put before a text of this side; usually nothing."""
    prompts = read_json_file(folder / PROMPT_CONFIG).get("prompts") or {}
    return next((str(prompts[name]) for name in _PROMPTS[side] if prompts.get(name)), "")


def longest_input(folder: Path) -> int | None:
    """How many tokens the model has positions for, or None when its config does not say."""
    config = read_json_file(folder / "config.json")
    positions = config.get("max_position_embeddings", config.get("n_positions"))  # GPT-2 and its kin
    if not isinstance(positions, int) or positions <= 0:
        return None
    # RoBERTa and its kin number positions from pad_token_id + 1.
    kin = ("roberta", "camembert", "mpnet")
    return positions - 2 if str(config.get("model_type", "")).endswith(kin) else positions


def hash_files(folder: Path, files: Iterable[Path]) -> str:
    """A short name for the content of these files: equal on every machine that holds the same bytes."""
    digest = hashlib.blake2b(digest_size=16)
    for path in sorted(files):
        digest.update(path.relative_to(folder).as_posix().encode())
        digest.update(_hash_file(path, path.stat().st_mtime_ns))
    return digest.hexdigest()


@cache
def _hash_file(path: Path, _changed: int) -> bytes:
    """Hash of one file; the time of its last change is there so that a changed file is read again."""
    digest = hashlib.blake2b(digest_size=16)
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return digest.digest()
