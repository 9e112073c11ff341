"""All checks of a role, for a component given by a factory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

from warmstart.core.component import Component
from warmstart.roles.classifier import Classifier
from warmstart.roles.encoder import Encoder
from warmstart.roles.few_shot_head import FewShotHead
from warmstart.roles.language_model import LanguageModel
from warmstart.roles.policy import Policy
from warmstart.roles.rater import Rater
from warmstart.roles.scorer import Retriever, Scorer
from warmstart.testing import classifier_checks as classifiers
from warmstart.testing import component_checks as every
from warmstart.testing import encoder_checks as encoders
from warmstart.testing import head_checks as heads
from warmstart.testing import language_model_checks as language_models
from warmstart.testing import policy_checks as policies
from warmstart.testing import rater_checks as raters
from warmstart.testing import scorer_checks as scorers
from warmstart.testing.toys import LANGUAGES, Language, checkerboard
from warmstart.testing.trials import ClassifierTrial, EncoderTrial, HeadTrial, RetrieverTrial, ScorerTrial

Check = Callable[[], None]
NamedCheck = tuple[str, Check]

_OF_SETTINGS = (
    every.settings_round_trip,
    every.unknown_settings_are_refused,
    every.the_schema_names_every_setting,
    every.every_setting_has_a_default,
    every.the_docstring_says_what_it_gives,
)
_OF_ANSWERS = (
    every.same_seed_same_answer,
    every.asking_changes_nothing,
    every.renaming_and_shuffling_change_nothing,
    every.a_new_fit_forgets_the_old_one,
    every.state_carries_all_that_was_learned,
    every.loaded_equals_saved,
)
_OF_SCORES = (
    scorers.some_items_equal_all_items,
    scorers.unknown_items_get_nan,
    scorers.unknown_users_and_evidence_are_legal,
    scorers.the_answer_belongs_to_the_asker,
    scorers.asking_before_fit_is_an_error,
    scorers.an_added_item_is_live,
)
_OF_ENCODERS = (
    encoders.likeness_follows_the_checkerboard,
    encoders.one_by_one_equals_batch,
    encoders.vectors_have_length_one_or_zero,
    encoders.headings_are_averaged_in_when_promised,
    encoders.the_vectors_belong_to_the_asker,
    encoders.a_bare_string_is_refused,
    encoders.an_encoder_that_must_be_fitted_says_so,
)
_OF_CLASSIFIERS = (
    classifiers.probabilities_add_up_to_one,
    classifiers.outlierness_is_a_number_for_each_text,
    classifiers.one_text_equals_many,
    classifiers.the_probabilities_belong_to_the_asker,
    classifiers.a_call_that_makes_no_sense_is_refused,
)
_OF_READERS = (classifiers.unseen_texts_get_the_label_of_their_group,)
_OF_SHARES = (classifiers.without_a_clue_the_answer_is_the_share_of_labels,)
_OF_RATINGS = (
    raters.ratings_stay_on_the_scale,
    raters.one_by_one_equals_together,
    raters.what_is_no_rating_of_a_known_item_counts_for_nothing,
    raters.good_items_are_rated_higher,
    raters.a_shop_without_ratings_has_a_prior,
    raters.rating_before_fit_is_an_error,
)
_OF_HEADS = (
    heads.a_liking_reaches_the_group,
    heads.forgetting_is_never_having_seen,
    heads.the_order_of_evidence_does_not_matter,
    heads.merging_is_the_sum_of_evidence,
    heads.contributions_add_up_to_the_mean,
    heads.the_variance_is_honest,
    heads.one_vector_equals_many,
    heads.examples_that_make_no_sense_are_refused,
)
_OF_LANGUAGE_MODELS = (
    language_models.one_prompt_equals_many,
    language_models.another_model_with_the_same_settings_says_the_same,
    language_models.use_is_counted,
    language_models.likelihoods_are_logs_for_each_answer,
    language_models.a_question_that_makes_no_sense_is_refused,
)
_OF_SHOWN = (
    every.same_seed_same_answer,
    every.asking_changes_nothing,
    every.a_new_fit_forgets_the_old_one,
    every.state_carries_all_that_was_learned,
    every.loaded_equals_saved,
    policies.only_candidates_are_shown_and_each_once,
    policies.items_keep_their_scores,
    policies.propensities_are_probabilities,
    policies.the_shortlist_is_enough,
    policies.added_items_and_new_events_are_taken_in,
    policies.a_call_that_makes_no_sense_is_refused,
)
_OF_RATED_TASTE = (raters.taste_is_followed,)
_OF_TASTE = (scorers.taste_follows_the_checkerboard, scorers.new_items_follow_the_checkerboard)
_OF_CROWDS = (scorers.the_crowd_is_followed,)
_OF_LISTS = (
    scorers.words_find_their_item,
    scorers.lists_are_cut_and_sorted,
    scorers.exclusions_and_filters_hold,
)


def encoder_checks(factory: Callable[[], Encoder]) -> list[NamedCheck]:
    """Every check of an encoder, in English and Chinese.

    `factory` makes a new, unfitted encoder with the same settings each time; it is not called before a
    check is.
    """
    trials = {language: EncoderTrial(factory=factory, toy=checkerboard(language)) for language in LANGUAGES}
    return [*_of_settings(factory), *_crossed((*_OF_ANSWERS, *_OF_ENCODERS), trials)]


def scorer_checks(factory: Callable[[], Scorer], *, personal: bool = True) -> list[NamedCheck]:
    """Every check of a scorer that answers from the query's events, in English and Chinese.

    `personal=False` is for scorers that give everyone the same, such as popularity.
    """
    laws = (*_OF_ANSWERS, *_OF_SCORES, *(_OF_TASTE if personal else _OF_CROWDS))
    trials = {language: ScorerTrial(factory=factory, toy=checkerboard(language)) for language in LANGUAGES}
    return [*_of_settings(factory), *_crossed(laws, trials)]


def retriever_checks(factory: Callable[[], Retriever]) -> list[NamedCheck]:
    """Every check of a retriever that answers from the query's text, in English and Chinese."""
    laws = (*_OF_ANSWERS, *_OF_SCORES, *_OF_LISTS)
    trials = {
        language: RetrieverTrial(factory=factory, toy=checkerboard(language)) for language in LANGUAGES
    }
    return [*_of_settings(factory), *_crossed(laws, trials)]


def classifier_checks(factory: Callable[[], Classifier], *, reads: bool = True) -> list[NamedCheck]:
    """Every check of a classifier, in English and Chinese.

    `reads=False` is for classifiers that say the same of every text, such as the share of each label.
    """
    laws = (*_OF_ANSWERS, *_OF_CLASSIFIERS, *(_OF_READERS if reads else _OF_SHARES))
    trials = {
        language: ClassifierTrial(factory=factory, toy=checkerboard(language)) for language in LANGUAGES
    }
    return [*_of_settings(factory), *_crossed(laws, trials)]


def rater_checks(factory: Callable[[], Rater], *, personal: bool = True) -> list[NamedCheck]:
    """Every check of a rater, in English and Chinese.

    `personal=False` is for raters that know no taste, such as the item mean.
    """
    laws = (*_OF_ANSWERS, *_OF_RATINGS, *(_OF_RATED_TASTE if personal else ()))
    return [*_of_settings(factory), *_crossed(laws, raters.rater_trials(factory))]


def head_checks(factory: Callable[[], FewShotHead]) -> list[NamedCheck]:
    """Every check of a few-shot head, in English and Chinese."""
    trials = {language: HeadTrial(factory=factory, toy=checkerboard(language)) for language in LANGUAGES}
    return [*_of_settings(factory), *_crossed((*_OF_ANSWERS, *_OF_HEADS), trials)]


def language_model_checks(factory: Callable[[], LanguageModel]) -> list[NamedCheck]:
    """Every check of a language model; its prompts are in English and Chinese."""
    laws = [(law.__name__, partial(law, factory)) for law in _OF_LANGUAGE_MODELS]
    return [*_of_settings(factory), *laws]


def policy_checks(factory: Callable[[], Policy]) -> list[NamedCheck]:
    """Every check of a policy, in English and Chinese."""
    return [*_of_settings(factory), *_crossed(_OF_SHOWN, policies.policy_trials(factory))]


def _of_settings(factory: Callable[[], Component]) -> list[NamedCheck]:
    return [(law.__name__, partial(_on_new, law, factory)) for law in _OF_SETTINGS]


def _on_new(law: Callable[[Component], None], factory: Callable[[], Component]) -> None:
    law(factory())


def _crossed(laws: Iterable[Callable[[Any], None]], trials: Mapping[Language, Any]) -> list[NamedCheck]:
    return [
        (f"{law.__name__}[{language}]", partial(law, trial))
        for language, trial in trials.items()
        for law in laws
    ]
