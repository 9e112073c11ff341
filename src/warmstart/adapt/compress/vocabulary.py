"""Fewer pieces of words: those that the shop's own text uses, and single characters for the rest."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any, Final

from warmstart.adapt.compress.layers import copied
from warmstart.core.errors import ConfigError
from warmstart.core.extras import load_extra, load_torch
from warmstart.encoders.backbone import Backbone

_ROLES: Final = ("pad", "unk", "cls", "sep", "mask", "bos", "eos")
_IDS: Final = ("pad_token_id", "bos_token_id", "eos_token_id", "cls_token_id", "sep_token_id")
_MARKS: Final = ("##", "▁", "Ġ")
"""What says that a piece goes on, or begins a word."""

Facts = dict[str, Any]


def keep_vocabulary(backbone: Backbone, texts: Iterable[str]) -> Backbone:
    """A copy of an encoder whose tokenizer and embeddings hold what these texts use.

    The texts themselves are cut and read exactly as before. Every piece of one character stays, so
    another word is still read, in smaller pieces. A multilingual model of 250,000 pieces loses most of
    its size, an English one about half. *When not*: customers write in other words than the shop's
    catalogue; give their queries as texts, too.

    Errors: `ConfigError` for tokenizers of another build than word pieces, byte pairs and unigrams.
    """
    kept = copied(backbone)
    facts = json.loads(kept.tokenizer.backend_tokenizer.to_str())
    old = kept.tokenizer.get_vocab()
    wanted = _used(kept.tokenizer, texts) | _always(old, facts)
    if facts["model"]["type"] == "BPE":
        wanted |= _derivations(facts["model"], wanted)
    rows = len(kept.model.get_input_embeddings().weight)
    # Some tokenizers know special pieces that their network was never given a row for.
    order = sorted((name for name in wanted if old.get(name, rows) < rows), key=old.__getitem__)
    places = {name: place for place, name in enumerate(order)}
    _cut_model(facts["model"], places, old)
    _renumber(facts, places)
    _cut_embeddings(kept.model, [old[name] for name in order])
    kept.tokenizer = _tokenizer(kept.tokenizer, facts, places)
    for name in _IDS:
        number = getattr(backbone.model.config, name, None)
        if isinstance(number, int):
            setattr(kept.model.config, name, [old[piece] for piece in order].index(number))
    return kept


def _used(tokenizer: Any, texts: Iterable[str]) -> set[str]:
    """The pieces that the texts are cut into, to the end of each."""
    backend = tokenizer.backend_tokenizer
    backend.no_truncation()
    backend.no_padding()
    ids = {number for text in texts for number in backend.encode(text).ids}
    return {backend.id_to_token(number) for number in ids}


def _always(vocabulary: Mapping[str, int], facts: Facts) -> set[str]:
    """Special pieces, and pieces of one character."""
    special = {token["content"] for token in facts["added_tokens"]}
    unknown = facts["model"].get("unk_token")
    single = {name for name in vocabulary if len(_bare(name)) <= 1 or name.startswith("<0x")}
    return special | single | ({unknown} if unknown else set())


def _bare(piece: str) -> str:
    for mark in _MARKS:
        if piece.startswith(mark) and len(piece) > len(mark):
            return piece.removeprefix(mark)
    return piece


def _derivations(model: Facts, wanted: Iterable[str]) -> set[str]:
    """What byte-pair encoding makes on its way to these pieces."""
    if model.get("continuing_subword_prefix") or model.get("end_of_word_suffix"):
        raise ConfigError(
            expected="byte pairs without marks inside a word",
            found="a tokenizer with such marks",
            todo="Leave the vocabulary as it is.",
        )
    ranks = {pair: rank for rank, pair in enumerate(_pairs(model))}
    return {part for piece in wanted for part in _merged(list(piece), ranks)}


def _pairs(model: Facts) -> list[tuple[str, str]]:
    """The merges; older files write a pair as one string."""
    split = (pair.split(" ", 1) if isinstance(pair, str) else pair for pair in model["merges"])
    return [(first, second) for first, second in split]


def _merged(parts: list[str], ranks: Mapping[tuple[str, str], int]) -> set[str]:
    """All parts that stand there while the merges of lowest rank are made one after the other.

    >>> sorted(_merged(list("abc"), {("b", "c"): 0, ("a", "bc"): 1}))
    ['a', 'abc', 'b', 'bc', 'c']
    """
    seen = set(parts)
    while len(parts) > 1:
        pairs = list(pairwise(parts))
        best = min(range(len(pairs)), key=lambda place: ranks.get(pairs[place], len(ranks)))
        if pairs[best] not in ranks:
            break
        parts = [*parts[:best], "".join(pairs[best]), *parts[best + 2 :]]
        seen.add(parts[best])
    return seen


def _cut_model(model: Facts, places: Mapping[str, int], old: Mapping[str, int]) -> None:
    """Keep what has a place, in the tokenizer's own form."""
    kind = model["type"]
    if kind == "Unigram":
        scores = dict(map(tuple, model["vocab"]))
        unknown = next((name for name, number in old.items() if number == model["unk_id"]), None)
        model["vocab"] = [[name, scores[name]] for name in places if name in scores]
        model["unk_id"] = None if unknown is None else places[unknown]
    elif kind in {"WordPiece", "BPE", "WordLevel"}:
        model["vocab"] = {name: place for name, place in places.items() if name in model["vocab"]}
        if kind == "BPE":
            made = [pair for pair in _pairs(model) if "".join(pair) in places]
            model["merges"] = [list(pair) for pair in made if pair[0] in places and pair[1] in places]
    else:
        raise ConfigError(
            expected="a tokenizer of word pieces, byte pairs or unigrams",
            found=kind,
            todo="Leave the vocabulary as it is.",
        )


def _renumber(facts: Facts, places: Mapping[str, int]) -> None:
    """The numbers of special pieces, wherever the tokenizer remembers them."""
    facts["added_tokens"] = [token for token in facts["added_tokens"] if token["content"] in places]
    for token in facts["added_tokens"]:
        token["id"] = places[token["content"]]
    for processor in _processors(facts.get("post_processor")):
        for name in ("sep", "cls"):
            if name in processor:
                processor[name][1] = places[processor[name][0]]
        for token in processor.get("special_tokens", {}).values():
            token["ids"] = [places[name] for name in token["tokens"]]
    if facts.get("padding"):
        facts["padding"]["pad_id"] = places[facts["padding"]["pad_token"]]


def _processors(processor: Facts | None) -> list[Facts]:
    if not processor:
        return []
    return processor["processors"] if processor["type"] == "Sequence" else [processor]


def _cut_embeddings(model: Any, rows: Sequence[int]) -> None:
    torch = load_torch("keep_vocabulary")
    whole = model.get_input_embeddings()
    padding = None if whole.padding_idx is None else list(rows).index(whole.padding_idx)
    small = torch.nn.Embedding(len(rows), whole.weight.shape[1], padding_idx=padding)
    with torch.no_grad():
        small.weight.copy_(whole.weight[list(rows)])
    model.set_input_embeddings(small.to(whole.weight.device))
    model.config.vocab_size = len(rows)


def _tokenizer(old: Any, facts: Facts, places: Mapping[str, int]) -> Any:
    transformers = load_extra("transformers", what="keep_vocabulary", extra="lm")
    tokenizers = load_extra("tokenizers", what="keep_vocabulary", extra="lm")
    special = {f"{role}_token": getattr(old, f"{role}_token") for role in _ROLES}
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=tokenizers.Tokenizer.from_str(json.dumps(facts)),
        model_max_length=old.model_max_length,
        model_input_names=old.model_input_names,
        padding_side=old.padding_side,
        **{name: token for name, token in special.items() if token in places},
    )
