"""Fit a shop, take it out again."""

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from tests.cli.conftest import Run
from warmstart.cli.export import write_table
from warmstart.data.reader import read_shop
from warmstart.engine.engine import Engine


def test_fit_says_what_was_read_and_what_to_do_next(run: Run, shop: Path, tmp_path: Path) -> None:
    shown = run("fit", shop, "--out", tmp_path / "m", "--encoder", "catalogue").stdout
    assert "✓" in shown
    assert "encoder  catalogue" in shown
    assert "Next: warmstart search" in shown
    assert len(Engine.load(tmp_path / "m").dataset.items) == 80


def test_fit_as_json_tells_counts_seconds_and_the_reading(
    run_json: Run, shop: Path, tmp_path: Path
) -> None:
    told = run_json("fit", shop, "--out", tmp_path / "m", "--encoder", "catalogue")
    assert told["items"] == 80
    assert set(told["seconds"]) == {"reading", "fitting"}
    assert told["encoder"]["name"] == "catalogue"
    assert {file["role"] for file in told["read"]["files"]} >= {"items", "events"}


def test_fit_lets_the_shops_own_queries_weigh_words_and_meaning(
    run: Run, run_json: Run, shop: Path, tmp_path: Path
) -> None:
    asked = ("fit", shop, "--out", tmp_path / "m", "--encoder", "catalogue", "--learn-search")
    told = run_json(*asked)["search"]
    assert told["kind"] in {"judgments", "clicks"}
    assert told["queries"] > 20
    assert set(told["changes"]) <= {"e", "c"}
    loaded = Engine.load(tmp_path / "m")
    assert loaded.settings.retriever.dense_weight == (None if told["reason"] else told["weight"])
    assert "weight of meaning" in run(*asked).stdout


def test_troubles_are_counted_and_point_to_doctor(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "shop"
    folder.mkdir()
    (folder / "items.csv").write_text("item_id,title,price\n1,cup,x\n2,tea,3\n,pot,4\n")
    shown = run("fit", folder, "--out", tmp_path / "m").stdout
    assert f"warmstart doctor {folder}" in " ".join(shown.split())


def test_fit_never_mixes_a_model_into_other_files(run: Run, shop: Path, tmp_path: Path) -> None:
    (tmp_path / "diary.txt").write_text("dear diary")
    assert "other files" in run("fit", shop, "--out", tmp_path, code=2).stderr
    assert "a file" in run("fit", shop, "--out", tmp_path / "diary.txt", code=2).stderr


def test_fitting_again_replaces_the_model(run: Run, model: Path, tmp_path: Path) -> None:
    folder = tmp_path / "shop"
    folder.mkdir()
    (folder / "items.csv").write_text("item_id,title\n1,cup\n2,teapot\n")
    run("fit", folder, "--out", model)
    assert Engine.load(model).dataset.item_ids == ("1", "2")


def test_an_unknown_encoder_lists_those_there_are(run: Run, shop: Path, tmp_path: Path) -> None:
    assert "catalogue" in run("fit", shop, "--out", tmp_path / "m", "--encoder", "nope", code=2).stderr


@pytest.mark.parametrize("file_format", ["csv", "jsonl", "parquet"])
def test_an_exported_shop_reads_back_as_it_was(
    file_format: str, run: Run, run_json: Run, model: Path, tmp_path: Path
) -> None:
    run("observe", model, "--user", "ann", "--item", "p00001", "--type", "purchase", "--value", "9.5")
    out = tmp_path / "out"
    told = run_json("export", model, "--out", out, "--format", file_format)
    held = Engine.load(model).dataset
    read, report = read_shop(out)
    assert report.issue_counts.keys() <= {"repeated_event"}
    assert read.items.equals(held.items)
    assert told["rows"]["events"] == len(held.events)
    columns = ["user_id", "item_id", "event_type", "timestamp", "value", "query"]
    events, expected = (
        frame.select(columns).sort(columns, nulls_last=True) for frame in (read.events, held.events)
    )
    assert events.equals(expected)


def test_exported_vectors_stand_in_the_order_of_their_ids(run: Run, fitted: Path, tmp_path: Path) -> None:
    run("export", fitted, "--out", tmp_path / "out")
    vectors = np.load(tmp_path / "out" / "vectors" / "vectors.npy", allow_pickle=False)
    facts = json.loads((tmp_path / "out" / "vectors" / "items.json").read_text(encoding="utf-8"))
    assert facts["item_ids"] == list(Engine.load(fitted).dataset.item_ids)
    assert vectors.shape[0] == len(facts["item_ids"])
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-2)


def test_export_never_mixes_two_shops(run: Run, fitted: Path, shop: Path) -> None:
    assert "holds something already" in " ".join(
        run("export", fitted, "--out", shop, code=2).stderr.split()
    )


def test_csv_keeps_chinese_lists_quotes_and_line_breaks(tmp_path: Path) -> None:
    frame = pl.DataFrame(
        {"item_id": ["1", "2"], "title": ['“快充” "a"\nb', None], "tags": [["耳机", "a > b"], None]},
        schema={"item_id": pl.String, "title": pl.String, "tags": pl.List(pl.String)},
    )
    write_table(frame, tmp_path / "items.csv")
    items = read_shop(tmp_path)[0].items
    assert items["tags"].to_list() == [["耳机", "a > b"], None]
    assert items["title"][0] is not None
    assert items["title"][0].split() == ["“快充”", '"a"', "b"]
