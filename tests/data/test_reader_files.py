from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.data.shop_files import ITEMS, read, write
from warmstart.core import columns as c
from warmstart.core.errors import ConfigError, InputError
from warmstart.data.issues import IssueLog
from warmstart.data.reader import aliases, read_shop
from warmstart.data.reader.mapping import ColumnMap, map_columns
from warmstart.data.reader.settings import RoleSettings, columns_of
from warmstart.data.schema import EVENT_TYPES, REQUIRED, TABLES

EVENTS = "user_id,item_id\nu,a\n"


def mapped(role: str, *header: str, **settings: Any) -> ColumnMap:
    return map_columns(role, header, RoleSettings(**settings), "file.csv", IssueLog())


@pytest.mark.parametrize("role", list(aliases.COLUMNS))
def test_aliases_lead_only_to_columns_that_exist(role):
    assert set(aliases.COLUMNS[role]) <= set(columns_of(role))
    assert set(TABLES[role]) <= set(aliases.COLUMNS[role])


@pytest.mark.parametrize("role", list(aliases.COLUMNS))
def test_no_alias_means_two_columns_of_one_file(role):
    folded = [
        aliases.fold(name) for ours, others in aliases.COLUMNS[role].items() for name in (ours, *others)
    ]
    assert len(folded) == len(set(folded))


def test_no_file_name_means_two_roles():
    folded = [aliases.fold(name) for role, others in aliases.FILES.items() for name in (role, *others)]
    assert len(folded) == len(set(folded))


def test_other_words_for_events_lead_to_events_that_exist():
    assert set(aliases.EVENT_TYPES.values()) | set(aliases.EVENT_FILES.values()) <= set(EVENT_TYPES)
    assert all(aliases.fold(word) == word for word in aliases.EVENT_TYPES)
    assert set(aliases.EVENT_FILES) <= set(aliases.FILES["events"])


EVERY_ALIAS = [
    (role, ours, alias)
    for role, table in aliases.COLUMNS.items()
    for ours, others in table.items()
    for alias in others
]


@given(
    st.sampled_from(EVERY_ALIAS),
    st.sampled_from([str.upper, str.title, lambda t: t.replace("_", "-"), str]),
)
def test_every_alias_is_read_in_any_spelling_and_reported(case, spell):
    role, ours, alias = case
    needed = [name for name in (*REQUIRED[role], c.ITEM_ID) if name != ours and name in TABLES[role]]
    columns = mapped(role, spell(alias), *dict.fromkeys(needed))
    assert columns.source(ours) == spell(alias)
    assert [(use.ours, use.how) for use in columns.uses if use.theirs == spell(alias)] == [(ours, "alias")]


def test_a_columns_own_name_wins_over_an_alias():
    columns = mapped("items", "sku", "item_id", "name", "title")
    assert (columns.source(c.ITEM_ID), columns.source(c.TITLE)) == ("item_id", "title")
    assert columns.extras == ("sku", "name")


def test_two_columns_that_could_be_the_item_are_an_error_that_says_what_to_write():
    with pytest.raises(InputError) as caught:
        mapped("items", "product_id", "asin", "title")
    assert "product_id, asin" in caught.value.found
    assert '[columns.items] item_id = "product_id"' in caught.value.todo
    chosen = mapped("items", "product_id", "asin", "title", columns={c.ITEM_ID: ("asin",)})
    assert chosen.source(c.ITEM_ID) == "asin"
    assert chosen.extras == ("product_id",)


def test_of_two_columns_for_an_optional_value_the_first_alias_is_read_and_reported():
    log = IssueLog()
    columns = map_columns("items", ("item_id", "list_price", "sale_price"), RoleSettings(), "f", log)
    assert columns.source(c.PRICE) == "sale_price"
    assert columns.extras == ("list_price",)
    assert log.by_kind() == {"ambiguous_column": 1}


def test_category_levels_are_read_together_from_broad_to_narrow():
    columns = mapped("items", "item_id", "product_type", "department", "category")
    assert columns.sources[c.CATEGORIES] == ("department", "category", "product_type")
    assert mapped("items", "item_id", "categories", "department").extras == ("department",)


def test_a_missing_required_column_is_an_error_that_shows_the_header():
    with pytest.raises(InputError, match="columns a, b"):
        mapped("judgments", "a", "b")


def test_a_session_can_stand_for_the_user_only_when_said():
    with pytest.raises(InputError, match="A session can stand for the user"):
        mapped("events", "session_id", "item_id")
    chosen = mapped("events", "session_id", "item_id", columns={c.USER_ID: ("session_id",)})
    assert chosen.source(c.USER_ID) == "session_id"


def test_a_column_named_in_shop_toml_must_be_there():
    with pytest.raises(InputError, match="Did you mean 'artnr'"):
        mapped("items", "artnr", "title", columns={c.ITEM_ID: ("art_nr",)})


def test_ignored_columns_are_not_read():
    columns = mapped("items", "item_id", "title", "secret", ignore=("secret", "title"))
    assert c.TITLE not in columns.sources
    assert columns.extras == ()
    assert ("secret", "ignored") in [(use.theirs, use.how) for use in columns.uses]


def test_columns_without_a_name_are_left_out():
    assert mapped("items", "unnamed", "Unnamed: 0", "item_id").extras == ()


@pytest.mark.parametrize("name", ["items", "products", "Catalogue", "movies"])
@pytest.mark.parametrize("role", ["events", "interactions"])
def test_files_are_found_by_their_usual_names(tmp_path, name, role):
    shop, report = read(tmp_path, **{f"{name}_csv": ITEMS, f"{role}_csv": EVENTS})
    assert (len(shop.items), len(shop.events)) == (2, 1)
    assert {(f.path, f.role, f.how) for f in report.files} == {
        (f"{name}.csv", "items", "file name"),
        (f"{role}.csv", "events", "file name"),
    }


def test_a_file_with_a_strange_name_is_found_by_its_columns(tmp_path):
    shop, report = read(
        tmp_path, export1_csv=ITEMS, q3_final_csv=EVENTS, grades_csv="query,item_id,grade\nx,a,1\n"
    )
    assert {(f.path, f.role, f.how) for f in report.files} == {
        ("export1.csv", "items", "columns"),
        ("q3_final.csv", "events", "columns"),
        ("grades.csv", "judgments", "columns"),
    }
    assert len(shop.judgments) == 1


@pytest.mark.parametrize(
    ("files", "role"),
    [
        ({"items_csv": ITEMS, "products_csv": ITEMS}, "items"),
        ({"items_csv": ITEMS, "items_jsonl": '{"item_id": "a"}'}, "items"),
        ({"items_csv": ITEMS, "events_csv": EVENTS, "events_csv_gz": EVENTS}, "events"),
        ({"items_csv": ITEMS, "events_csv": EVENTS, "ratings_csv": EVENTS}, "events"),
        ({"items_csv": ITEMS, "one_csv": EVENTS, "two_csv": EVENTS}, "events"),
    ],
)
def test_two_files_for_one_role_are_an_error_that_says_what_to_write(tmp_path, files, role):
    with pytest.raises(InputError, match=rf"\[files\] {role} = ") as caught:
        read(tmp_path, **files)
    assert "several" in caught.value.found


def test_files_named_after_kinds_of_events_are_parts_of_one_table(tmp_path):
    shop, report = read(
        tmp_path, items_csv=ITEMS, views_csv=EVENTS, purchases_csv="user_id,item_id\nu,b\nv,a\n"
    )
    assert sorted(shop.events[c.EVENT_TYPE].to_list()) == ["purchase", "purchase", "view"]
    assert [f.rows_kept for f in report.files if f.role == "events"] == [2, 1]


def test_a_file_that_plays_no_part_is_named_with_the_reason(tmp_path):
    _, report = read(
        tmp_path,
        items_csv=ITEMS,
        events_csv=EVENTS,
        old_csv=EVENTS,
        notes_csv="x,y\n1,2\n",
        broken_parquet=b"?",
    )
    left = {f.path: f.how for f in report.files if not f.role}
    assert left["old.csv"] == "its columns say events, which is read from events.csv"
    assert "x, y" in left["notes.csv"]
    assert left["broken.parquet"] == "no columns could be read"
    assert report.is_clean


def test_hidden_files_and_other_kinds_of_files_are_not_looked_at(tmp_path):
    write(tmp_path, items_csv=ITEMS)
    (tmp_path / ".items.csv").write_text(ITEMS)
    (tmp_path / "README.md").write_text("items")
    (tmp_path / "items.jpg").write_bytes(b"x")
    _, report = read_shop(tmp_path)
    assert [f.path for f in report.files] == ["items.csv"]


def test_a_reviews_file_that_holds_labels_is_read_as_labels(tmp_path):
    shop, _ = read(tmp_path, reviews_csv="split,text,label\ntrain,很好,Positive\n")
    assert shop.labels.rows() == [("很好", "Positive", "train")]


def test_files_named_after_splits_are_the_splits_of_the_labels(tmp_path):
    shop, _ = read(tmp_path, train_csv="text,label\na,x\n", test_csv="text,label\nb,y\n")
    assert sorted(shop.labels.rows()) == [("a", "x", "train"), ("b", "y", "test")]


def test_unlabelled_texts_stand_beside_the_labelled_ones(tmp_path):
    shop, report = read(
        tmp_path, reviews_csv="text,label\n很好,1\n差,0\n", unlabelled_csv="text\n还行\n\n慢\n"
    )
    assert (len(shop.labels), shop.unlabelled.rows()) == (2, [("还行",), ("慢",)])
    assert [file.role for file in report.files] == ["labels", "unlabelled"]


def test_unlabelled_texts_alone_are_no_shop(tmp_path):
    with pytest.raises(InputError, match="items"):
        read(tmp_path, unlabelled_csv="text\n还行\n")


@pytest.mark.parametrize(
    ("files", "found"),
    [({}, "no data files"), ({"events_csv": EVENTS}, "events.csv"), ({"items_csv": ""}, "columns none")],
)
def test_a_shop_without_items_is_a_clear_error(tmp_path, files, found):
    with pytest.raises(InputError, match=found):
        read(tmp_path, **files)


def test_a_path_to_nothing_or_to_a_single_file_is_a_clear_error(tmp_path):
    with pytest.raises(InputError, match="nothing at"):
        read_shop(tmp_path / "absent")
    with pytest.raises(InputError, match="Pass the folder"):
        read_shop(write(tmp_path, items_csv=ITEMS) / "items.csv")


TOML = """
name = "木店"
[files]
items = "stock/ware.csv"
events = ["log/a.csv", "log/b.csv"]
users = []
[columns.items]
item_id = "artnr"
categories = ["gruppe", "art"]
[columns.events]
user_id = "kunde"
item_id = "artnr"
event_type = "was"
[items]
ignore = ["intern"]
separator = ";"
price_in_cents = true
[events]
default_type = "click"
[events.types]
Kauf = "purchase"
"""


def test_shop_toml_names_files_columns_and_options(tmp_path):
    write(tmp_path, shop_toml=TOML, users_csv="user_id,age\nu,3\n")
    write(tmp_path / "stock", ware_csv="artnr;gruppe;art;price;intern\n1;Möbel;Stuhl;1999;x\n")
    write(tmp_path / "log", a_csv="kunde,artnr,was\nu,1,kauf\n", b_csv="kunde,artnr,was\nu,1,\n")
    shop, report = read_shop(tmp_path)
    again, _ = read_shop(tmp_path / "shop.toml")
    assert shop.name == report.name == again.name == "木店"
    item = shop.items.row(0, named=True)
    assert (item["item_id"], item["categories"], item["price"]) == ("1", ["Möbel", "Stuhl"], 19.99)
    assert item["attributes"] is None
    assert shop.events[c.EVENT_TYPE].to_list() == ["purchase", "click"]
    assert len(shop.users) == 0
    assert {f.how for f in report.files if f.role} == {"shop.toml"}


@pytest.mark.parametrize(
    "toml",
    [
        "nmae = 'x'",
        "name = 3",
        "[files]\nitem = 'items.csv'",
        "[files]\nitems = 3",
        "[columns.item]\nitem_id = 'x'",
        "[columns.items]\nitemid = 'x'",
        "[columns.items]\ntitle = ['a', 'b']",
        "[items]\nprice_in_cent = true",
        "[items]\nprice_in_cents = 'yes'",
        "[items]\nseparator = ', '",
        "[users]\ndefault_type = 'click'",
        "[events]\ndefault_type = 'clicks'",
        "[events.types]\nkauf = 'buy'",
        "[items",
    ],
)
def test_what_shop_toml_cannot_mean_is_a_config_error(tmp_path, toml):
    with pytest.raises(ConfigError):
        read(tmp_path, items_csv=ITEMS, shop_toml=toml)


def test_a_file_that_shop_toml_names_must_exist_and_be_readable(tmp_path):
    with pytest.raises(InputError, match=r"relative to shop\.toml"):
        read(tmp_path, items_csv=ITEMS, shop_toml="[files]\nevents = 'log.csv'")
    (tmp_path / "log.xlsx").write_bytes(b"x")
    with pytest.raises(InputError, match="suffix"):
        read(tmp_path, items_csv=ITEMS, shop_toml="[files]\nevents = 'log.xlsx'")


def test_one_file_may_play_two_roles(tmp_path):
    reviews = "item_id,user_id,text,rating\na,u,good,5\n"
    shop, _ = read(
        tmp_path,
        items_csv=ITEMS,
        reviews_csv=reviews,
        shop_toml="[files]\nevents = 'reviews.csv'\nreviews = 'reviews.csv'",
    )
    assert (len(shop.events), len(shop.reviews)) == (1, 1)
    assert shop.events[c.EVENT_TYPE].to_list() == ["rate"]


def test_files_named_after_states_are_withheld_and_never_events(tmp_path):
    write(tmp_path, items_csv=ITEMS, train_csv="user_id,item_id,rating\nold,a,5\n")
    for name in aliases.WITHHELD_FILES:
        (tmp_path / f"{name}.csv").write_text(f"user_id,item_id,rating\n{name},a,4\n")
    shop, _ = read_shop(tmp_path)
    assert shop.events[c.USER_ID].to_list() == ["old"]
    found = shop.withheld.select(c.SPLIT, c.USER_ID, c.ITEM_ID, c.VALUE).sort(c.USER_ID).rows()
    assert found == [
        ("new items", "new_items", "a", 4.0),
        ("new users", "new_users", "a", 4.0),
        ("both", "new_users_new_items", "a", 4.0),
    ]


def test_one_file_of_withheld_ratings_says_its_splits_in_a_column(tmp_path):
    write(tmp_path, items_csv=ITEMS, withheld_csv="user_id,item_id,stars,state\nu,a,2,late\nv,a,3,\n")
    shop, _ = read_shop(tmp_path)
    assert shop.withheld.select(c.VALUE, c.SPLIT).rows() == [(2.0, "late"), (3.0, None)]
