"""Few-shot text: how well labels are told after 1, 2, 4 ... examples of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final

import numpy as np

from warmstart.core import columns as c
from warmstart.core import registry
from warmstart.core.component import Component
from warmstart.core.errors import ConfigError
from warmstart.core.linear import FloatArray
from warmstart.core.progress import track
from warmstart.data.dataset import Dataset
from warmstart.evaluate.blocks import Block, Chosen
from warmstart.evaluate.bootstrap import Pieces
from warmstart.evaluate.calibration import calibration_error, reliability_curve
from warmstart.evaluate.evaluation import Listed, Reliability, Story
from warmstart.evaluate.labelling import accuracy_parts, auroc_parts, macro_f1_parts, placements
from warmstart.evaluate.methods import Method
from warmstart.evaluate.protocols.base import (
    Answers,
    AnyMethod,
    Details,
    Protocol,
    Times,
    check_numbers,
    timed,
)
from warmstart.evaluate.protocols.text_exam import TextExam, make_exam, make_inner
from warmstart.roles.classifier import Classifier
from warmstart.roles.encoder import Encoder

ALL: Final = "all"
OUTSIDE: Final = "out-of-scope"
ACCURACY: Final = "accuracy"
AUROC: Final = "AUROC"
TIMED: Final = 50
"""Questions that are asked one by one, for the time it takes."""
TOLD: Final = 3
"""Labels kept per question."""
VARIANTS: Final[Mapping[str, tuple[str, dict[str, Any]]]] = {
    f"{name}+names": (name, {"label_names": True})
    for name in ("agreement", "prototype", "encoder-logistic", "neighbours")
}
"""Names for other settings of a registered classifier."""
METHODS: Final = (
    "prior",
    "tfidf-logistic",
    "unlabelled-svd-logistic",
    "agreement",
    "agreement+names",
    "prototype",
    "prototype+names",
    "encoder-logistic",
    "encoder-logistic+names",
    "neighbours+names",
    "neighbours+names+texts",
)
TEXTS: Final = "+texts"
"""At the end of a name: the other training texts are read too, without their labels."""


@dataclass(kw_only=True)
class ClassifierMethod(Method):
    """A classifier under a name, with the encoder that it is given."""

    classifier: Classifier
    encoder: Encoder | str = "auto"
    reads_all: bool = False
    """Whether it reads the training texts that are no examples, as unlabelled ones."""

    @property
    def component(self) -> Component:
        """The classifier."""
        return self.classifier

    def with_component(self, component: Component) -> ClassifierMethod:
        """The same method around another setting of its classifier."""
        return replace(self, classifier=_classifier(component))

    def fit(self, exam: TextExam, shots: int) -> None:
        """Learn from the examples of so many shots and from the unlabelled texts."""
        chosen = exam.examples[shots]
        texts = [exam.texts[i] for i in chosen]
        labels = [exam.classes[i] for i in exam.labels[chosen]]
        others = np.delete(np.arange(len(exam.texts)), chosen).tolist() if self.reads_all else []
        unlabelled = [*exam.unlabelled, *(exam.texts[i] for i in others)]
        encoder = self._fitted_encoder([*texts, *unlabelled])
        self.classifier.fit(texts, labels, unlabelled=unlabelled, encoder=encoder)

    def ask_one(self, text: str) -> None:
        """Answer one text as a shop would: what was just typed stands in no cache."""
        if self.classifier.needs_encoder and isinstance(self.encoder, Encoder):
            self.encoder.encode([text], "query")
        self.classifier.predict_proba([text])

    def _fitted_encoder(self, texts: Sequence[str]) -> Encoder | None:
        """The encoder that the classifier reads with; one that learns sees training texts alone."""
        from warmstart.encoders.auto import choose_encoder

        if not self.classifier.needs_encoder:
            return None
        if isinstance(self.encoder, str):
            self.encoder = choose_encoder(self.encoder)[0]
        return self.encoder.fit(texts)


def _classifier(component: object) -> Classifier:
    if not isinstance(component, Classifier):
        raise ConfigError(
            expected="a classifier",
            found=repr(component),
            todo=f"Choose among: {', '.join([*registry.names('classifier'), *VARIANTS])}.",
        )
    return component


@dataclass(frozen=True, kw_only=True)
class FewShotText(Protocol[TextExam]):
    """The same examples and questions for every classifier, at each number of examples per label.

    Intervals resample texts. Labels are not resampled: a shop's list of intents is given, not drawn.
    """

    name: str = "few-shot-text"
    methods: tuple[str, ...] = METHODS
    kinds: tuple[str, ...] = ("classifier",)
    primary: tuple[str, ...] = (ACCURACY, AUROC)
    focus: str = "encoder-logistic+names"
    seeds: tuple[int, ...] = (0, 1, 2, 3, 4)

    def prepare(self, dataset: Dataset, seed: int, sample: int | None) -> TextExam:
        """Draw examples; `sample` keeps that many questions, the same for every seed."""
        return make_exam(dataset.labels, dataset.unlabelled[c.TEXT].to_list(), seed, sample)

    def inner(self, questions: TextExam, seed: int, sample: int) -> TextExam:
        """Questions about training texts that are no examples, at four shots."""
        return make_inner(questions, seed, sample)

    def build(self, method: AnyMethod, encoder: Encoder | str = "auto", seed: int = 0) -> Method:
        """A classifier by its name or `VARIANTS`, a `Classifier`, or a method, which is copied."""
        if isinstance(method, Method):
            return super().build(method, encoder, seed)
        if isinstance(method, str):
            plain = method.removesuffix(TEXTS)
            found, settings = VARIANTS.get(plain, (plain, {}))
            known = found in registry.names("classifier")
            part: object = registry.get("classifier", found).from_settings(settings) if known else method
            return ClassifierMethod(
                name=method, classifier=_classifier(part), encoder=encoder, reads_all=plain != method
            )
        classifier = _classifier(method.unfitted())
        return ClassifierMethod(name=type(method).__name__, classifier=classifier, encoder=encoder)

    def answer(self, questions: TextExam, method: Method, label: str) -> tuple[Answers, Times]:
        """Fit for each number of shots, most first, and ask everything; the first fit is what is timed."""
        if not isinstance(method, ClassifierMethod):
            raise ConfigError(
                expected="a method that labels texts", found=method.name, todo="Name a classifier."
            )
        times, answers = Times(), Answers()
        for shots in track(sorted(questions.examples, reverse=True), label):
            seconds: list[float] = []
            timed(seconds, partial(method.fit, questions, shots))
            if not times.fit_s:
                times.fit_s = seconds[0] / 1e3
                for text in questions.questions[:TIMED]:
                    timed(times.query_ms, partial(method.ask_one, text))
            answers |= check_numbers(_told(questions, method.classifier, shots), method.name)
        return answers, times

    def measure(
        self, questions: Mapping[int, TextExam], given: Mapping[str, Mapping[int, Answers]]
    ) -> Sequence[Block]:
        """One block per seed and number of shots, and one more where texts belong to no label."""
        return [
            block
            for seed, exam in questions.items()
            for shots in exam.examples
            for block in _blocks(exam, shots, {name: by_seed[seed] for name, by_seed in given.items()})
        ]

    def details(
        self,
        questions: Mapping[int, TextExam],
        given: Mapping[str, Mapping[int, Answers]],
        chosen: Sequence[Chosen],
    ) -> Details:
        """Reliability curves over all seeds, and single texts."""
        return Details(
            reliability=tuple(
                point for name, by_seed in given.items() for point in _curves(name, questions, by_seed)
            ),
            stories=tuple(_story(case, questions, given) for case in chosen if case.candidates == ALL),
        )


def _told(exam: TextExam, classifier: Classifier, shots: int) -> Answers:
    """What is kept of the answers: the best labels, how sure the first is, and how strange each text."""
    probabilities = classifier.predict_proba(exam.questions)
    best = np.argsort(-probabilities, axis=1, kind="stable")[:, :TOLD]
    told: Answers = {
        f"{shots} labels": _positions(classifier, exam)[best],
        f"{shots} confidence": probabilities.max(axis=1),
    }
    if len(exam.outside):
        told[f"{shots} inside"] = classifier.outlierness(exam.questions)
        told[f"{shots} outside"] = classifier.outlierness(exam.outside)
    return told


def _positions(classifier: Classifier, exam: TextExam) -> Any:
    """The place in the exam's classes of each class of the classifier, which has met no other."""
    return np.array([exam.classes.index(label) for label in classifier.classes_], dtype=np.int64)


def _blocks(exam: TextExam, shots: int, given: Mapping[str, Answers]) -> list[Block]:
    parts, totals = {}, {}
    for name, told in given.items():
        labels = told[f"{shots} labels"][:, 0]
        right = accuracy_parts(exam.answers, labels)
        parts[name, ACCURACY] = right
        parts[name, "macro-F1"] = macro_f1_parts(exam.answers, labels)
        totals[name, "ECE"] = calibration_error(told[f"{shots} confidence"], right)
    size = len(exam.questions)
    blocks = [
        Block(
            seed=exam.seed,
            shots=shots,
            candidates=ALL,
            cases=size,
            pieces=_texts(size),
            parts=parts,
            totals=totals,
        )
    ]
    if len(exam.outside):
        size += len(exam.outside)
        pairs = {
            (name, AUROC): (told[f"{shots} inside"], told[f"{shots} outside"])
            for name, told in given.items()
        }
        blocks.append(
            Block(
                seed=exam.seed,
                shots=shots,
                candidates=OUTSIDE,
                cases=size,
                pieces=_texts(size),
                parts={column: auroc_parts(*pair) for column, pair in pairs.items()},
                own={column: placements(*pair) for column, pair in pairs.items()},
            )
        )
    return blocks


def _texts(size: int) -> Pieces:
    """Each text is a case, and is resampled; every seed asks the same ones."""
    return Pieces(user=np.arange(size), item=np.full(size, -1), share=np.ones(size))


def _curves(
    name: str, questions: Mapping[int, TextExam], by_seed: Mapping[int, Answers]
) -> list[Reliability]:
    shots = dict.fromkeys(n for exam in questions.values() for n in exam.examples)
    found: list[Reliability] = []
    for n in shots:
        seeds = [seed for seed, exam in questions.items() if n in exam.examples]
        said: FloatArray = np.concatenate([by_seed[seed][f"{n} confidence"] for seed in seeds])
        right = np.concatenate(
            [questions[seed].answers == by_seed[seed][f"{n} labels"][:, 0] for seed in seeds]
        )
        found += [
            Reliability(method=name, shots=n, confidence=p.confidence, accuracy=p.accuracy, cases=p.cases)
            for p in reliability_curve(said, right)
        ]
    return found


def _story(
    case: Chosen, questions: Mapping[int, TextExam], given: Mapping[str, Mapping[int, Answers]]
) -> Story:
    exam = questions[case.seed]
    wanted = int(exam.answers[case.case])
    lists = {
        name: tuple(
            Listed(title=exam.classes[i], gain=float(i == wanted))
            for i in given[name][case.seed][f"{case.shots} labels"][case.case].tolist()
        )
        for name in case.methods
    }
    return Story(
        kind=case.kind,
        seed=case.seed,
        shots=case.shots,
        candidates=case.candidates,
        metric=case.metric,
        name=exam.questions[case.case],
        asked=(exam.questions[case.case],),
        wanted=(exam.classes[wanted],),
        values=case.values,
        lists=lists,
    )


FEW_SHOT_TEXT: Final = FewShotText()
"""1, 2, 4, 8, 16 and 64 examples per label, drawn by seed; all texts of the test split are asked."""
