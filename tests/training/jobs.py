"""A small job: words into classes through an embedding, as classifiers of texts are."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from warmstart.training.job import TrainingJob

torch = pytest.importorskip("torch", reason="needs the extra 'lm'")

Judge = Callable[[Any], float]


class Bag(torch.nn.Module):  # type: ignore[misc, name-defined]  # torch is not read by mypy here
    """Mean of word vectors, dropout, a linear layer."""

    def __init__(self, words: int, classes: int, dim: int = 8) -> None:
        super().__init__()
        self.words = torch.nn.Embedding(words, dim)
        self.dropout = torch.nn.Dropout(0.1)
        self.answer = torch.nn.Linear(dim, classes)

    def get_input_embeddings(self):
        return self.words

    def forward(self, ids):
        return self.answer(self.dropout(self.words(ids)).mean(dim=1))


class BagJob(TrainingJob):
    """Texts of six words, of which two tell the class; the last quarter is held back when asked."""

    def __init__(self, seed=0, held=True, examples=120, judge: Judge | None = None) -> None:
        generator = torch.Generator().manual_seed(seed)
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            super().__init__(Bag(30, 3))
        self.labels = torch.arange(examples) % 3
        self.ids = torch.randint(9, 30, (examples, 6), generator=generator)
        self.ids[:, 0] = self.labels * 3 + torch.randint(0, 3, (examples,), generator=generator)
        self.n_train = examples * 3 // 4 if held else examples
        self.held = held
        self.judge = judge
        self.drawn: list[float] = []
        self.steps_seen: list[int] = []

    @property
    def size(self):
        return self.n_train

    def batch(self, chosen, rng: np.random.Generator):
        self.drawn.append(float(rng.random()))
        return self.ids[chosen], self.labels[chosen]

    def outputs(self, batch):
        return self.model(batch[0])

    def loss(self, outputs, batch):
        return torch.nn.functional.cross_entropy(outputs, batch[1])

    def quality(self):
        if not self.held:
            return None
        if self.judge:
            return self.judge(self.model)
        found = self.model(self.ids[self.n_train :]).argmax(dim=1)
        return float((found == self.labels[self.n_train :]).float().mean())

    def weights(self):
        return {name: value.detach().numpy().copy() for name, value in self.model.named_parameters()}

    def after_step(self, step):
        self.steps_seen.append(step)

    def get_progress(self):
        return {"steps": self.steps_seen}

    def set_progress(self, progress):
        self.steps_seen = list(progress["steps"])
