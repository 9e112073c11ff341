"""What a film nobody rated will be rated, by its text: a tuned model beside the same model as it came.

    OMP_NUM_THREADS=1 python benchmarks/ratings_text.py [--users 300] [--seeds 0 1] [--workers 1]

ml100k under $WARMSTART_DATA. A fifth of the films loses all ratings in training, as in the protocol
`new-items`; title, genres and year stay. Of `--users` users of each seed, drawn by hash, every rating of
such a film is asked for; what they gave other films is the evidence, the same for every rater. "text,
frozen" is `rater.fine-tuned` without the tuning: the vectors as they come and a ridge. Tuned ones start
from it, hold back a fifth of the rated films, and keep the best step, step 0 included; settings are the
defaults, with `EPOCHS` epochs in bfloat16. Intervals resample users and films. Each rater runs in a
process of its own; CPU seconds are of one thread, the memory is that of the process. The result is written
into benchmarks/results/ratings_text.json.
"""

from __future__ import annotations

import argparse
import json
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final

import numpy as np
import polars as pl
from common import DATA, RESULTS, in_processes, packaged_model

from warmstart import read_shop
from warmstart.adapt.supervised.examples import Examples
from warmstart.adapt.supervised.linear_head import fit_linear_head
from warmstart.adapt.supervised.rater import FineTunedRater
from warmstart.adapt.supervised.targets import Target
from warmstart.adapt.supervised.tuned import Tuned, load_base
from warmstart.core import columns as c
from warmstart.core.linear import unit_rows
from warmstart.core.memory import peak_rss_mb, reset_peak_rss
from warmstart.data.dataset import Dataset
from warmstart.data.query import Query
from warmstart.data.rating_states import ratings_of
from warmstart.data.records import Event
from warmstart.data.splits import choose_items, hash_order
from warmstart.encoders.catalogue import CatalogueEncoder
from warmstart.encoders.transformer import TransformerEncoder
from warmstart.encoders.tuning import Method
from warmstart.evaluate.bootstrap import Pieces, interval, resample
from warmstart.recommend.ratings.biases import ItemMeanRater, UserBiasRater
from warmstart.recommend.ratings.factor import FactorRater
from warmstart.roles.encoder import Encoder
from warmstart.roles.rater import Rater

RESULT: Final = RESULTS / "ratings_text.json"
EPOCHS: Final = 2.0
FROZEN: Final = "text, frozen"
FROZEN_VECTORS: Final = "factor, MiniLM"


class FrozenTextRater(FineTunedRater):
    """What tuning has to beat: the vectors as they come, and the linear head that it starts from."""

    def tune(self, examples: Examples, target: Target, **_: Any) -> Tuned:
        """The base with the best head on all examples."""
        backbone = load_base(self.model, self.max_length)
        vectors = unit_rows(backbone.encode(examples.texts))
        head = fit_linear_head(vectors, examples.wanted, examples.weights, target.link, self.strength)
        return Tuned(backbone, *head, tensors={}, run={})


def tuned(method: Method) -> Callable[..., Rater]:
    """A fine-tuned rater by the way in which it is tuned."""
    return partial(FineTunedRater, method=method, epochs=EPOCHS, trainer={"precision": "bfloat16"})


METHODS: Final[Mapping[str, Callable[..., Rater]]] = {
    "item-mean": ItemMeanRater,
    "user-bias": UserBiasRater,
    "factor": FactorRater,
    FROZEN_VECTORS: FactorRater,
    FROZEN: FrozenTextRater,
    "text, lora": tuned("lora"),
    "text, full": tuned("full"),
}


@dataclass(frozen=True)
class Job:
    """One rater on the films that one seed withholds."""

    method: str
    seed: int
    users: int

    def run(self) -> dict[str, Any]:
        """How far it is off for each rating asked, and what that cost."""
        warnings.simplefilter("ignore")
        train, asked = cut(self.seed, self.users)
        rater, encoder = self.rater(), self.encoder()
        reset_peak_rss()
        begun = time.process_time()
        if encoder is not None:
            encoder.fit(train.item_texts)
        rater.fit(train, encoder)
        cost = time.process_time() - begun
        found = vars(rater).get("run_", {})
        return {
            "method": self.method,
            "seed": self.seed,
            "cpu_s": cost,
            "peak_mb": peak_rss_mb(),
            "trained_parameters": found.get("trained_parameters", 0),
            "best_step": found.get("best_step"),
            "off": errors(rater, train, asked),
            "user": asked[c.USER_ID].to_list(),
            "item": asked[c.ITEM_ID].to_list(),
        }

    def rater(self) -> Rater:
        """The method with its model."""
        if self.method.startswith("text"):
            return METHODS[self.method](model=packaged_model(), seed=self.seed)
        return METHODS[self.method]()

    def encoder(self) -> Encoder | None:
        """What reads the texts for those that want vectors."""
        if self.method == FROZEN_VECTORS:
            return TransformerEncoder(model=packaged_model(), max_length=64)
        return CatalogueEncoder() if METHODS[self.method] is FactorRater else None


def cut(seed: int, users: int) -> tuple[Dataset, pl.DataFrame]:
    """The shop without the ratings of withheld films, and those of some users."""
    shop = read_shop(DATA / "ml100k")[0]
    withheld = pl.col(c.ITEM_ID).is_in(list(choose_items(shop, seed)))
    train = replace(shop, events=shop.events.filter(~withheld), reviews=shop.reviews.filter(~withheld))
    known, asked = set(ratings_of(train)[c.USER_ID]), ratings_of(shop).filter(withheld)
    chosen = hash_order(known & set(asked[c.USER_ID]), f"{seed}:sample")[:users]
    return train, asked.filter(pl.col(c.USER_ID).is_in(chosen)).sort(c.USER_ID, c.ITEM_ID)


def errors(rater: Rater, train: Dataset, asked: pl.DataFrame) -> list[float]:
    """How many stars the rater is off, in the order of what is asked."""
    evidence = events_of(train)
    found: list[float] = []
    for (user,), rows in asked.group_by(c.USER_ID, maintain_order=True):
        query = Query(events=evidence[str(user)])
        told = rater.predict(query, rows[c.ITEM_ID].to_list())
        found += np.abs(told - rows[c.VALUE].to_numpy()).tolist()
    return found


def events_of(train: Dataset) -> dict[str, tuple[Event, ...]]:
    """What each user rated in training."""
    found: dict[str, list[Event]] = {}
    for user, item, value in ratings_of(train).select(c.USER_ID, c.ITEM_ID, c.VALUE).iter_rows():
        event = Event(user_id=user, item_id=item, event_type="rate", value=value)
        found.setdefault(user, []).append(event)
    return {user: tuple(events) for user, events in found.items()}


def rows_of(runs: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Every rater beside the frozen model on the same ratings."""
    by_method: dict[str, dict[int, Mapping[str, Any]]] = {}
    for found in runs:
        by_method.setdefault(found["method"], {})[found["seed"]] = found
    return [
        _row(name, list(own.values()), list(by_method[FROZEN].values())) for name, own in by_method.items()
    ]


def _row(name: str, own: Sequence[Mapping[str, Any]], base: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    off, against = (np.concatenate([r["off"] for r in found]) for found in (own, base))
    user, item = (
        np.unique([x for r in own for x in r[key]], return_inverse=True)[1] for key in ("user", "item")
    )
    pieces = Pieces(user=user, item=item, share=np.ones(len(off)))
    change = off - against
    both = resample(pieces, np.column_stack([off, change]))
    (low, change_low), (high, change_high) = interval(both)
    return {
        "method": name,
        "seeds": len(own),
        "ratings": len(off),
        "mae": round(float(off.mean()), 4),
        "low": round(float(low), 4),
        "high": round(float(high), 4),
        "change": round(float(change.mean()), 4),
        "change_low": round(float(change_low), 4),
        "change_high": round(float(change_high), 4),
        "cpu_s": round(float(np.mean([r["cpu_s"] for r in own])), 1),
        "peak_mb": round(max(r["peak_mb"] or 0.0 for r in own)),
        "trained_parameters": own[0]["trained_parameters"],
        "kept_frozen": sum(r["best_step"] == 0 for r in own),
    }


def _numbered(runs: Sequence[Mapping[str, Any]], key: str) -> Any:
    return np.unique([name for found in runs for name in found[key]], return_inverse=True)[1]


def main() -> None:
    """Measure every rater with every seed, and write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--users", type=int, default=300)
    parser.add_argument("--seeds", type=int, nargs="*", default=(0, 1))
    parser.add_argument("--workers", type=int, default=1)
    asked = parser.parse_args()
    jobs = [Job(method, seed, asked.users) for seed in asked.seeds for method in METHODS]
    runs = []
    for found in in_processes(Job.run, jobs, asked.workers):
        runs.append(found)
        print(found["method"], found["seed"], round(found["cpu_s"], 1), found["best_step"], flush=True)
    report = {
        "command": "python benchmarks/ratings_text.py",
        "users": asked.users,
        "epochs": EPOCHS,
        "rows": rows_of(runs),
    }
    RESULT.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    for row in report["rows"]:
        print(row)


if __name__ == "__main__":
    main()
