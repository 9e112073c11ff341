"""Heads trained on episodes: the same answer with tensors and with arrays, and learning that pays."""

from collections.abc import Callable

import numpy as np
import pytest

from warmstart.heads.episodic import EpisodicHead, Told
from warmstart.heads.gradient import AnilHead, MamlHead, ReptileHead
from warmstart.heads.metric import MatchingHead, PrototypeHead, RidgeHead
from warmstart.heads.neural_process import NeuralProcessHead
from warmstart.roles.few_shot_head import Evidence, Task

torch = pytest.importorskip("torch", reason="needs the extra 'lm'")

DIM = 6
KINDS: list[type[EpisodicHead]] = [
    AnilHead,
    MamlHead,
    MatchingHead,
    NeuralProcessHead,
    PrototypeHead,
    ReptileHead,
    RidgeHead,
]
every_kind = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)


def subject(rng: np.random.Generator, shots: int = 5) -> Task:
    """Likes what points along a direction of its own, which lies in a plane that all subjects share."""
    angle = rng.uniform(0, 2 * np.pi)
    direction = np.zeros(DIM)
    direction[:2] = np.cos(angle), np.sin(angle)
    vectors = rng.standard_normal((shots + 20, DIM))
    liked = (vectors @ direction > 0).astype(np.float64)
    return Task(
        support=Evidence.of(vectors[:shots], liked[:shots]),
        query=Evidence.of(vectors[shots:], liked[shots:]),
    )


def subjects(n: int, seed: int) -> list[Task]:
    rng = np.random.default_rng(seed)
    return [subject(rng, 1 + int(rng.integers(8))) for _ in range(n)]


def short(kind: type[EpisodicHead]) -> EpisodicHead:
    return kind(epochs=2, width=8)


@every_kind
def test_batches_of_tensors_and_single_arrays_give_the_same_answer(kind: type[EpisodicHead]):
    head = short(kind).fit(subjects(40, seed=0))
    tasks = [subject(np.random.default_rng(seed), 3 + seed) for seed in range(3)]
    longest = max(len(task.support) for task in tasks)

    def padded(parts: list[np.ndarray]) -> object:
        room = [np.pad(p, [(0, longest - len(p))] + [(0, 0)] * (p.ndim - 1)) for p in parts]
        return torch.from_numpy(np.stack(room))

    told = Told(
        padded([task.support.vectors for task in tasks]),
        padded([task.support.targets for task in tasks]),
        padded([task.support.weights for task in tasks]),
    )
    w = {name: torch.from_numpy(value) for name, value in head.weights_.items()}
    query = torch.from_numpy(np.stack([task.query.vectors for task in tasks]))
    together = head._forward(torch, w, told, query).numpy()
    for found, task in zip(together, tasks, strict=True):
        np.testing.assert_allclose(
            found, head.predict(task.support, task.query.vectors)[0], rtol=1e-9, atol=1e-9
        )


@every_kind
def test_what_was_learned_answers_better_than_the_mean(kind: type[EpisodicHead]):
    head = kind(epochs=10, width=16, batch_size=8, learning_rate=0.03).fit(subjects(120, seed=0))
    told, guessed = [], []
    for task in subjects(60, seed=1):
        mean, _ = head.predict(task.support, task.query.vectors)
        told.append(np.mean((mean - task.query.targets) ** 2))
        guessed.append(np.mean((0.5 - task.query.targets) ** 2))
    assert np.mean(told) < 0.97 * np.mean(guessed)


def test_the_slopes_of_the_inner_steps_are_those_of_autograd():
    from warmstart.heads.gradient import _network, _slopes

    rng = np.random.default_rng(0)
    w = {name: torch.from_numpy(value) for name, value in MamlHead(width=4)._start(rng, DIM).items()}
    w = {name: (w[name] + 0.1).requires_grad_() for name in w}
    task = subject(rng)
    vectors, y = torch.from_numpy(task.support.vectors), torch.from_numpy(task.support.targets)
    share = torch.linspace(0.1, 0.5, len(y), dtype=torch.float64)
    loss = 0.5 * (share * (_network(torch, w, vectors)[1] - y) ** 2).sum()
    slopes = _slopes(torch, w, vectors, y, share)
    for name, slope in slopes.items():
        (expected,) = torch.autograd.grad(loss, w[name], retain_graph=True)
        torch.testing.assert_close(slope, expected)


def test_ridge_is_the_closed_form_on_its_embedding():
    head = short(RidgeHead).fit(subjects(40, seed=0))
    task, w = subject(np.random.default_rng(3)), head.weights_
    known, asked = (part.vectors @ w["embedding"] for part in (task.support, task.query))
    prior = [part.vectors @ w["prior"][:, 0] + w["offset"] for part in (task.support, task.query)]
    gram = known.T @ known + np.exp(w["log_strength"]) * np.eye(8)
    weights = np.linalg.inv(gram) @ known.T @ (w["gain"] * task.support.targets - w["trust"] * prior[0])
    found, _ = head.predict(task.support, task.query.vectors)
    np.testing.assert_allclose(found, prior[1] + asked @ weights, rtol=1e-8)


def test_without_evidence_a_metric_head_answers_with_its_prior():
    for kind in (MatchingHead, PrototypeHead, RidgeHead):
        head = short(kind).fit(subjects(40, seed=0))
        vectors = subject(np.random.default_rng(3)).query.vectors
        found, _ = head.belief().predict(vectors)
        np.testing.assert_allclose(found, vectors @ head.weights_["prior"][:, 0] + head.weights_["offset"])


def test_anil_leaves_the_hidden_layer_alone_and_maml_does_not():
    task = subject(np.random.default_rng(0))
    told = Told.of(task.support)
    for kind, moved in ((AnilHead, False), (MamlHead, True)):
        head = kind(epochs=2, width=8).fit(subjects(40, seed=0))
        adapted = head._adapt(np, head.weights_, told)
        assert np.allclose(adapted["hidden"], head.weights_["hidden"]) is not moved
        assert not np.allclose(adapted["last"], head.weights_["last"])


def test_the_ranking_loss_puts_later_likings_first():
    head = RidgeHead(loss="ranking", epochs=15, width=8).fit(subjects(200, seed=0))
    right: list[float] = []
    for task in subjects(60, seed=1):
        mean, _ = head.predict(task.support, task.query.vectors)
        liked = task.query.targets > 0.5
        if liked.any():
            right.append(float(np.mean(mean[liked][:, None] > mean[~liked][None, :])))
    assert np.mean(right) > 0.6


def test_a_weight_in_the_ranking_loss_stands_for_so_many_others():
    from warmstart.heads.episodic import _loss

    answers = torch.tensor([[1.0, 0.0, 0.0, 0.0]])
    targets = torch.tensor([[1.0, 0.0, 0.0, 0.0]])
    three = _loss(torch, "ranking", answers, Told(None, targets, torch.ones(1, 4)))
    one = _loss(torch, "ranking", answers[:, :2], Told(None, targets[:, :2], torch.tensor([[1.0, 3.0]])))
    torch.testing.assert_close(three, one)
    assert float(three) == pytest.approx(float(np.log(1 + 3 / np.e)))


def test_without_a_gain_on_held_back_tasks_the_training_ends(monkeypatch: pytest.MonkeyPatch):
    epochs: list[int] = []

    def counted(self: EpisodicHead, *_: object) -> float:
        epochs.append(1)
        return 1.0

    monkeypatch.setattr(EpisodicHead, "_held_loss", counted)
    PrototypeHead(epochs=30, patience=3, width=4).fit(subjects(80, seed=0))
    assert len(epochs) == 4


def test_random_numbers_of_the_caller_are_left_alone():
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    short(MamlHead).fit(subjects(20, seed=0))
    torch.testing.assert_close(torch.rand(3), expected)


def test_a_missing_torch_names_the_extra(monkeypatch: pytest.MonkeyPatch):
    import sys

    from warmstart.core.errors import MissingExtraError

    monkeypatch.setitem(sys.modules, "torch", None)
    fit: Callable[[], object] = lambda: short(MamlHead).fit(subjects(2, seed=0))  # noqa: E731
    with pytest.raises(MissingExtraError, match="lm"):
        fit()
