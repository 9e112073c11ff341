"""What is finished before a crash is not lost."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.evaluate.toys import SameTaste, two_tastes
from warmstart.data.dataset import Dataset
from warmstart.evaluate import protocols
from warmstart.evaluate.evaluation import Evaluation
from warmstart.evaluate.methods import RandomMethod
from warmstart.evaluate.parts import Part, Parts, fingerprint
from warmstart.evaluate.protocols.base import Times
from warmstart.evaluate.run import _ask, _Unit, evaluate

SHOP = two_tastes()
FITS: list[str] = []


@dataclass(kw_only=True)
class Counting(RandomMethod):
    """Says when it is fitted; fails when told to."""

    fails: bool = False

    def __repr__(self) -> str:  # what is kept does not depend on whether it will fail
        return f"Counting({self.name}, {self.seed})"

    def fit(self, dataset: Dataset) -> None:
        FITS.append(self.name)
        if self.fails:
            raise KeyboardInterrupt
        super().fit(dataset)


def run(parts: Path | None, *, fails: bool = False, protocol: str = "new-users") -> Evaluation:
    methods = [Counting(name="first"), Counting(name="second", seed=1, fails=fails)]
    return evaluate(SHOP, protocol, seeds=(0, 1), methods=methods, focus="first", resamples=50, parts=parts)


@pytest.mark.parametrize("protocol", ["new-users", "new-items", "search"])
def test_an_interrupted_run_goes_on_where_it_stood(tmp_path: Path, protocol: str):
    FITS.clear()
    whole = run(None, protocol=protocol)
    FITS.clear()
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "parts", fails=True, protocol=protocol)
    assert FITS == ["first", "second"]
    FITS.clear()
    done = run(tmp_path / "parts", protocol=protocol)
    left = ["second"] if protocol == "search" else ["second", "first", "second"]
    assert left == FITS
    assert done.rows == whole.rows
    assert done.comparisons == whole.comparisons
    (tmp_path / "parts" / "mine.txt").write_text("keep", encoding="utf-8")
    Parts(folder=tmp_path / "parts").remove()
    assert [path.name for path in (tmp_path / "parts").iterdir()] == ["mine.txt"]
    (tmp_path / "parts" / "mine.txt").unlink()
    Parts(folder=tmp_path / "parts").remove()
    assert not (tmp_path / "parts").exists()


def test_a_damaged_part_is_made_again(tmp_path: Path):
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, fails=True)
    (kept,) = [path for path in tmp_path.iterdir() if not path.name.startswith(".")]
    (kept / "state.json").write_text("{", encoding="utf-8")
    assert Parts(folder=tmp_path).read(kept.name) is None
    FITS.clear()
    run(tmp_path)
    assert FITS == ["first", "second"] * 2


def test_a_changed_shop_has_another_fingerprint():
    other = two_tastes(n_users=61)
    assert fingerprint(SHOP) == fingerprint(two_tastes())
    assert fingerprint(SHOP) != fingerprint(other)


def test_tunings_and_answers_survive_the_disk(tmp_path: Path):
    unit = _Unit(
        dataset=SHOP,
        protocol="new-users",
        cut="random",
        method=SameTaste(),
        seed=0,
        encoder="catalogue",
        sample=None,
        trials=0,
    )
    part = _ask(unit, protocols.get("new-users").prepare(SHOP, 0, None))
    assert isinstance(part, Part)
    Parts(folder=tmp_path).write("key", part)
    back = Parts(folder=tmp_path).read("key")
    assert back is not None
    assert back.times == Times(
        fit_s=part.times.fit_s, query_ms=part.times.query_ms, update_ms=part.times.update_ms
    )
    assert {name: array.tolist() for name, array in back.answers.items()} == {
        name: array.tolist() for name, array in part.answers.items()
    }
