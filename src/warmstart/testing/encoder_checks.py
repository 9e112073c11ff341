"""The laws of encoders."""

from __future__ import annotations

import numpy as np

from warmstart.core.errors import InputError, NotFittedError
from warmstart.core.linear import FloatArray
from warmstart.testing.component_checks import same
from warmstart.testing.trials import EncoderTrial

_MIXED = [
    "tent 帐篷 wi-fi",
    "ＴＥＮＴ",
    "Ünïcödé ☂ 5 kg",
    "帐" * 600,
    "tent " * 2_000,
    "\ud800 half a character",
]


def likeness_follows_the_checkerboard(trial: EncoderTrial) -> None:
    """Nine items, and nine words, of ten are on average nearer to items of their own group."""
    cosines, groups = trial.answer(trial.fitted), trial.toy.groups
    items, words = cosines[: len(groups)].copy(), cosines[len(groups) :]
    np.fill_diagonal(items, np.nan)
    for rows in (items, words):
        share = _share_right(rows, groups)
        if share < 0.9:
            raise AssertionError(f"only {share:.0%} are nearer to their own group")


def _share_right(cosines: FloatArray, groups: FloatArray) -> float:
    own = np.nanmean(np.where(groups[:, None] == groups, cosines, np.nan), axis=1)
    other = np.nanmean(np.where(groups[:, None] != groups, cosines, np.nan), axis=1)
    return float(np.mean(own > other))


def one_by_one_equals_batch(trial: EncoderTrial) -> None:
    """The vector of a text does not depend on the texts beside it, short or long."""
    texts = [*trial.toy.texts, *_MIXED]
    for side in ("item", "query"):
        batch = trial.fitted.encode(texts, side)
        single = np.vstack([trial.fitted.encode([text], side) for text in texts])
        same(single, batch)


def vectors_have_length_one_or_zero(trial: EncoderTrial) -> None:
    """Float32 rows of `dim` numbers and length one; empty texts give zeros; no text gives no row."""
    texts = [*trial.toy.texts, *_MIXED, "", " \n"]
    vectors = trial.fitted.encode(texts)
    if vectors.dtype != np.float32 or vectors.shape != (len(texts), trial.fitted.dim):
        raise AssertionError(f"{vectors.dtype} of shape {vectors.shape}")
    lengths = np.linalg.norm(vectors, axis=1)
    if not np.all((np.abs(lengths - 1) < 1e-3) | (lengths == 0)):
        raise AssertionError(f"lengths {lengths}")
    if lengths[-2:].any():
        raise AssertionError("empty texts must give zeros")
    if trial.fitted.encode([]).shape != (0, trial.fitted.dim):
        raise AssertionError("no texts must give no rows")


def headings_are_averaged_in_when_promised(trial: EncoderTrial) -> None:
    """`encode_items` is `encode`, with the heading averaged in where `average_heading` says so."""
    encoder, texts = trial.fitted, trial.toy.texts
    expected = encoder.encode(texts)
    if encoder.average_heading:
        expected = expected + encoder.encode([text.partition("\n")[0] for text in texts])
    norms = np.linalg.norm(expected, axis=1, keepdims=True)
    same(encoder.encode_items(texts), expected / np.where(norms > 0, norms, 1))


def the_vectors_belong_to_the_asker(trial: EncoderTrial) -> None:
    """Vectors are either read-only, or writing into them changes no later answer."""
    encoder, texts = trial.fit(trial.factory()), trial.toy.texts
    for ask in (encoder.encode, encoder.encode_items):
        vectors = ask(texts)
        kept = vectors.copy()
        if vectors.flags.writeable:
            vectors[:] = 7
        same(ask(texts), kept, exactly=True)


def a_bare_string_is_refused(trial: EncoderTrial) -> None:
    """A string instead of a list is an `InputError`, not one vector per letter."""
    for call in (trial.fitted.encode, trial.factory().fit):
        try:
            call("tent")
        except InputError:
            continue
        raise AssertionError("a bare string must be an InputError")


def an_encoder_that_must_be_fitted_says_so(trial: EncoderTrial) -> None:
    """Before `fit`: `NotFittedError` from an encoder with `needs_fit`, vectors from one without."""
    encoder = trial.factory()
    try:
        encoder.encode(["tent"])
    except NotFittedError:
        if not encoder.needs_fit:
            raise
        return
    if encoder.needs_fit:
        raise AssertionError("encode before fit must be a NotFittedError")
