"""The doctor: shops, models, and the installation."""

from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from tests.cli.conftest import Run
from warmstart.cli.doctor.environment import environment
from warmstart.cli.doctor.quality import BANDS, gaps, quality
from warmstart.data.dataset import Dataset
from warmstart.data.records import Event, Item
from warmstart.data.simulator import SimulatedShop


@pytest.fixture
def untidy(tmp_path: Path) -> Path:
    folder = tmp_path / "untidy"
    folder.mkdir()
    (folder / "products.csv").write_text("asin,name,price\na,red cup,1\nb,tea,x\n,no id,3\n")
    (folder / "clicks.csv").write_text("visitor,asin\nu,a\nu,zzz\n")
    (folder / "notes.csv").write_text("when,what\n1,2\n")
    return folder


def test_a_shop_is_told_file_by_file_and_column_by_column(run: Run, untidy: Path) -> None:
    shown = [" ".join(line.split()) for line in run("doctor", untidy).stdout.splitlines()]
    assert any(line.startswith("products.csv → items 2 of 3 rows kept") for line in shown)
    assert "asin → item_id alias" in shown
    assert any(line.startswith("clicks.csv → events") for line in shown)
    assert any(line.startswith("notes.csv not read") for line in shown)


def test_each_dropped_row_has_a_number_and_a_reason(run: Run, untidy: Path) -> None:
    shown = " ".join(run("doctor", untidy).stdout.split())
    assert "products.csv, row 3" in shown
    assert "products.csv, row 2, price: expected" in shown


def test_json_holds_the_reading_and_the_quality(run_json: Run, untidy: Path) -> None:
    told = run_json("doctor", untidy)
    assert told["kind"] == "shop"
    assert told["read"]["issue_counts"]["missing_value"] == 1
    assert told["quality"]["users_by_events"]["2-5"] == 1


def test_many_issues_of_a_kind_are_cut_with_their_number(run: Run, tmp_path: Path) -> None:
    rows = "".join(f"{i},cup,x\n" for i in range(20))
    (tmp_path / "items.csv").write_text("item_id,title,price\n" + rows)
    shown = run("doctor", tmp_path).stdout
    assert "20 × bad_number" in shown
    assert "… and 17 more" in shown


def test_a_folder_without_a_shop_is_an_input_error(run: Run, tmp_path: Path) -> None:
    run("doctor", tmp_path / "nothing", code=2)


def test_a_whole_model_is_loaded_and_asked(run: Run, run_json: Run, fitted: Path) -> None:
    shown = run("doctor", fitted).stdout
    assert shown.startswith("✓")
    assert "is whole and answers" in shown
    told = run_json("doctor", fitted)
    assert (told["kind"], told["items"]) == ("model", 80)
    assert set(told["answers"]) == {"search", "recommend", "similar"}


def test_a_damaged_model_ends_with_1(run: Run, model: Path) -> None:
    next(model.glob("v*/manifest.json")).unlink()
    assert "manifest.json" in run("doctor", model, code=1).stderr


def test_the_installation_names_versions_extras_and_the_encoder(run: Run, run_json: Run) -> None:
    told = run_json("doctor")
    assert told["kind"] == "installation"
    assert all(told["packages"].values())
    learning, running = (
        {"adapt", "ann", "evaluate", "lm", "onnx", "tracking"},
        {"client", "postgres", "serve", "trace"},
    )
    assert set(told["extras"]) == learning | running
    assert told["encoder"]["name"] == "catalogue"
    shown = run("doctor").stdout
    assert "Encoder that 'auto' takes" in shown
    assert told["packages"]["numpy"] in shown


def test_a_missing_extra_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch, run: Run) -> None:
    lines = ["numpy>=1", "not-there-at-all>=2 ; extra == 'lm'", "warmstart[onnx] ; extra == 'lm'"]
    monkeypatch.setattr("warmstart.cli.doctor.environment.requires", lambda _: lines)
    assert environment()["extras"] == {"lm": {"whole": False, "packages": {"not-there-at-all": None}}}
    assert "pip install 'warmstart[lm]'" in run("doctor").stdout


def test_an_encoder_that_cannot_be_had_is_told_not_raised(
    monkeypatch: pytest.MonkeyPatch, run_json: Run
) -> None:
    monkeypatch.setattr("warmstart.encoders.auto.FALLBACK", "nothing-of-the-kind")
    assert run_json("doctor")["encoder"]["name"] == "none"


def test_bands_hold_every_user_and_item_once(simulated: SimulatedShop) -> None:
    told = quality(simulated.dataset)
    assert sum(told["items_by_events"].values()) == len(simulated.dataset.items)
    assert sum(told["users_by_events"].values()) == len(simulated.dataset.users)
    assert [name for name, *_ in BANDS] == list(told["users_by_events"])


def signals(dataset: Dataset) -> set[str]:
    return {gap.signal for gap in gaps(dataset)}


def test_a_full_shop_misses_next_to_nothing(simulated: SimulatedShop) -> None:
    assert signals(simulated.dataset) == set()


def test_a_shop_of_titles_is_told_all_that_it_lacks() -> None:
    shop = Dataset.from_records([Item(item_id="1", title="cup")])
    assert signals(shop) >= {"description", "categories", "price", "events", "reviews", "users"}
    assert "title" in signals(Dataset.from_records([Item(item_id="1")]))


def test_events_of_one_kind_without_order_or_searches_are_thin() -> None:
    shop = Dataset.from_records([Item(item_id="1", title="cup")], [Event(user_id="u", item_id="1")])
    assert signals(shop) >= {"timestamp", "event_type", "query"}
    rated = Event(user_id="u", item_id="1", event_type="rate", timestamp=1.0, value=5)
    assert not signals(Dataset.from_records([Item(item_id="1")], [rated])) & {"timestamp", "event_type"}


def test_a_folder_of_labelled_texts_lacks_nothing(run: Run, tmp_path: Path) -> None:
    (tmp_path / "labels.csv").write_text("text,label\n好评,1\n差评,0\n", encoding="utf-8")
    lines = [line.strip() for line in run("doctor", tmp_path).stdout.splitlines()]
    assert "2 labels" in lines
    assert lines[-1] == "nothing"


def test_what_few_items_lack_is_not_called_nothing(run: Run, tmp_path: Path) -> None:
    rows = "".join(f"{i},cup,{'' if i == 7 else 'acme'}\n" for i in range(2000))
    (tmp_path / "items.csv").write_text("item_id,title,brand\n" + rows)
    assert "missing: brand on under 0.1%" in run("doctor", tmp_path).stdout


def test_an_empty_shop_can_be_looked_at() -> None:
    told = quality(Dataset(items=pl.DataFrame(schema={"item_id": pl.String})))
    assert told["rows"]["items"] == 0
    assert told["events_per_user"] == {}


@pytest.mark.parametrize("name", ["icecat", "beauty", "ml100k"])
def test_real_shops_can_be_looked_at(name: str, shared_data: Callable[[str], Path], run_json: Run) -> None:
    told = run_json("doctor", shared_data(name))
    assert told["quality"]["rows"]["items"] > 1000
