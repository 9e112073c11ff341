"""Which texts to label next, from the command line."""

from pathlib import Path

import polars as pl
import pytest

from tests.cli.conftest import Run


@pytest.fixture
def texts(tmp_path: Path) -> Path:
    shop = tmp_path / "shop"
    shop.mkdir()
    (shop / "items.csv").write_text("item_id,title\n1,kettle\n", encoding="utf-8")
    rows = [f"where is my {what} {i}" for what in ("refund", "parcel", "退款") for i in range(5)]
    (shop / "unlabelled.csv").write_text("text\n" + "\n".join(rows) + "\n", encoding="utf-8")
    return shop


def test_texts_are_named_and_written(run: Run, run_json: Run, texts: Path, tmp_path: Path) -> None:
    told = run_json("label", texts, "-n", 3, "--out", tmp_path / "next.csv")
    assert (len(told["texts"]), told["strategy"]) == (3, "typical")
    written = pl.read_csv(tmp_path / "next.csv")
    assert written["text"].to_list() == told["texts"]
    assert written.columns == ["text", "label"]
    assert told["texts"][0] in run("label", texts, "-n", 3).stdout


def test_what_cannot_be_done_says_so(run: Run, texts: Path) -> None:
    assert "typical" in run("label", texts, "--strategy", "magic", code=2).stderr
    (texts / "unlabelled.csv").unlink()
    assert "unlabelled" in run("label", texts, code=2).stderr
