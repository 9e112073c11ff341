import csv
import io
import json
import math
from typing import Any

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from tests.data.shop_files import ITEMS, NOW, read, write
from warmstart.core import columns as c
from warmstart.core.errors import WarmstartError
from warmstart.data.dataset import Dataset
from warmstart.data.reader import read_shop
from warmstart.data.reader.ordering import order_events
from warmstart.data.schema import EVENT_TYPES, EVENTS, TABLES


def table(text: str) -> str:
    """CSV with spaces around the fields, for tests that read well."""
    return (
        "\n".join(",".join(part.strip() for part in line.split(",")) for line in text.strip().splitlines())
        + "\n"
    )


def test_a_shop_of_items_alone_is_a_shop(tmp_path):
    shop, report = read(tmp_path / "木店", items_csv=ITEMS)
    assert shop.name == "木店"
    assert shop.items.select(c.ITEM_ID, c.TITLE).rows() == [("a", "red shoe"), ("b", "蓝牙耳机")]
    assert len(shop.events) == 0
    assert report.is_clean


def test_every_canonical_column_of_items_is_read(tmp_path):
    row = {
        "item_id": "a",
        "title": "Shoe",
        "description": "A <b>red</b> shoe",
        "brand": "Acme",
        "categories": "Shoes > Running",
        "price": "$1,299.00",
        "currency": "USD",
        "image": "a.jpg",
        "attributes": "Colour: red; Size: 9",
        "tags": "new, 促销",
        "available": "in stock",
        "created_at": "2020-09-13T12:26:40Z",
        "group_id": "g1",
        "Heel Height": "3",
    }
    out = io.StringIO()
    csv.writer(out).writerows([row.keys(), row.values()])
    shop, report = read(tmp_path, items_csv=out.getvalue())
    assert shop.items.row(0, named=True) == {
        "item_id": "a",
        "title": "Shoe",
        "description": "A red shoe",
        "brand": "Acme",
        "categories": ["Shoes", "Running"],
        "price": 1299.0,
        "currency": "USD",
        "image": "a.jpg",
        "attributes": '{"Colour": "red", "Heel Height": 3, "Size": "9"}',
        "tags": ["new", "促销"],
        "available": True,
        "created_at": 1.6e9,
        "group_id": "g1",
    }
    uses = {use.theirs: (use.ours, use.how) for use in report.files[0].columns}
    assert uses["Heel Height"] == ("attributes.Heel Height", "attribute")
    assert uses["categories"] == ("categories", "exact, split at '>'")
    assert report.issue_counts == {"html": 1}


def test_events_take_their_type_from_the_row_the_file_or_the_kind_of_value(tmp_path):
    shop, report = read(tmp_path / "1", items_csv=ITEMS, ratings_csv="user_id,item_id,rating\nu,a,4\n")
    assert shop.events.select(c.EVENT_TYPE, c.VALUE).rows() == [("rate", 4.0)]
    assert report.files[1].columns[-1].ours == "event_type = 'rate' for every row"
    assert report.files[1].columns[-1].how == "file name"
    shop, _ = read(tmp_path / "2", items_csv=ITEMS, events_csv="user_id,item_id,stars\nu,a,4\n")
    assert shop.events[c.EVENT_TYPE].to_list() == ["rate"]
    shop, _ = read(
        tmp_path / "3",
        items_csv=ITEMS,
        events_csv="user_id,item_id,action,query\nu,a,pv,\nu,,,红鞋\nu,a,,\n",
    )
    assert shop.events[c.EVENT_TYPE].to_list() == ["view", "search", "interaction"]


def test_an_unknown_word_for_an_event_is_kept_in_its_context(tmp_path):
    shop, report = read(
        tmp_path, items_csv=ITEMS, events_csv="user_id,item_id,event_type,device\nu,a,swipe,ios\n"
    )
    row = shop.events.row(0, named=True)
    assert row["event_type"] == "interaction"
    assert json.loads(row["context"]) == {"device": "ios", "event_type": "swipe"}
    assert report.issue_counts == {"unknown_event_type": 1}


def test_a_visitor_stands_for_a_user_who_is_not_known_yet(tmp_path):
    shop, _ = read(tmp_path / "1", items_csv=ITEMS, events_csv="user_id,visitor_id,item_id\nu,v,a\n,v,b\n")
    assert shop.events[c.USER_ID].to_list() == ["u", "v"]
    assert [json.loads(text) for text in shop.events[c.CONTEXT]] == [{"visitor_id": "v"}] * 2
    shop, report = read(tmp_path / "2", items_csv=ITEMS, events_csv="cookie_id,item_id\nv,a\n,b\n")
    assert shop.events[c.USER_ID].to_list() == ["v"]
    assert report.issue_counts == {"missing_value": 1}


def test_impossible_times_are_left_empty_and_their_events_kept(tmp_path):
    log = table(
        f"""user_id, item_id, timestamp
        u, a, 1600000000
        u, b, 12
        u, c, {NOW + 90_000}
        u, d, {NOW + 80_000}
        u, e, soon"""
    )
    shop, report = read(tmp_path, items_csv=ITEMS, events_csv=log)
    assert shop.events.select(c.ITEM_ID, c.TIMESTAMP).rows() == [
        ("a", 1.6e9),
        ("b", None),
        ("c", None),
        ("d", NOW + 80_000),
        ("e", None),
    ]
    assert [(i.row, i.found) for i in report.of_kind("bad_time")] == [
        (2, "'12'"),
        (3, f"'{NOW + 90_000}'"),
        (5, "'soon'"),
    ]


def test_events_of_unknown_items_are_kept_and_the_items_added(tmp_path):
    shop, report = read(tmp_path, items_csv=ITEMS, events_csv="user_id,item_id\nu,x\nu,a\n")
    assert shop.item_ids == ("a", "b", "x")
    assert shop.items.row(2, named=True)["title"] is None
    assert len(shop.interactions) == 2
    assert report.issue_counts == {"unknown_item": 1}
    assert "such as 'a'" in report.issues[0].expected


def test_one_bad_value_is_left_empty_and_listed_while_its_row_stays(tmp_path):
    bad = table(
        """item_id, price, available, created_at, categories, attributes
        a, 5, yes, 2020-01-01, X > Y, k:v
        b, cheap, perhaps, someday, [broken, loose words"""
    )
    shop, report = read(tmp_path, items_csv=bad)
    assert shop.items.row(1)[1:] == (None,) * 12
    assert {(i.kind, i.row, i.column) for i in report.issues} == {
        ("bad_number", 2, "price"),
        ("bad_boolean", 2, "available"),
        ("bad_time", 2, "created_at"),
        ("bad_list", 2, "categories"),
        ("bad_list", 2, "attributes"),
    }


def test_a_table_without_rows_is_reported_not_refused(tmp_path):
    shop, report = read(tmp_path / "1", items_csv=ITEMS, events_csv="user_id,item_id\n")
    assert len(shop.events) == 0
    assert report.issue_counts == {"empty_file": 1}
    shop, report = read(tmp_path / "2", items_csv=ITEMS, users_csv="")
    assert len(shop.users) == 0
    assert report.issue_counts == {"empty_file": 1}
    shop, report = read(tmp_path / "3", items_csv="item_id,title\n")
    assert len(shop.items) == 0


def test_users_become_attributes(tmp_path):
    shop, report = read(
        tmp_path, items_csv=ITEMS, users_csv="customer_id,age,city\nu,31,上海\nv,,\nu,32,北京\n"
    )
    assert shop.users.rows() == [("u", '{"age": 32, "city": "北京"}'), ("v", None)]
    assert report.issue_counts == {"duplicate_row": 1}
    assert (report.files[1].rows_read, report.files[1].rows_kept) == (3, 2)


def test_recbole_files_are_read_as_they_are(tmp_path):
    shop, report = read(
        tmp_path,
        ml_item="item_id:token\tmovie_title:token_seq\trelease_year:token\tclass:token_seq\n"
        '1\tToy 5" Story\t1995\tAnimation Comedy\n',
        ml_inter="user_id:token\titem_id:token\trating:float\ttimestamp:float\nu\t1\t4\t881250949\n",
        ml_user="user_id:token\tage:token\nu\t24\n",
        ml_kg="head_id:token\trelation_id:token\ttail_id:token\nm.1\tfilm.actor\tm.2\n",
        ml_link="item_id:token\tentity_id:token\n1\tm.1\n",
    )
    item = shop.items.row(0, named=True)
    assert (item["title"], item["categories"]) == ('Toy 5" Story', ["Animation", "Comedy"])
    assert json.loads(item["attributes"]) == {"release_year": 1995}
    assert shop.events.row(0)[:6] == ("u", "1", "rate", 881250949.0, 0, 4.0)
    assert shop.graph.rows() == [("m.1", "film.actor", "m.2")]
    assert shop.graph_links.rows() == [("1", "m.1")]
    assert shop.users.rows() == [("u", '{"age": 24}')]
    assert report.is_clean


def test_every_role_may_come_in_every_format(tmp_path):
    frame = pl.DataFrame({"query": ["红鞋"], "item_id": ["a"], "grade": [3]})
    for name, writer in (
        ("judgments.csv", frame.write_csv),
        ("judgments.tsv", lambda path: frame.write_csv(path, separator="\t")),
        ("judgments.jsonl", frame.write_ndjson),
        ("judgments.parquet", frame.write_parquet),
    ):
        folder = write(tmp_path / name, items_csv=ITEMS)
        writer(folder / name)
        shop, report = read_shop(folder)
        assert shop.judgments.rows() == [("红鞋", "a", 3.0)]
        assert report.is_clean


def test_order_comes_from_times_then_positions_then_the_file():
    def ordered(**columns: list[Any]) -> tuple[list[str], list[int]]:
        full = {name: columns.get(name, [None] * 4) for name in EVENTS}
        frame = order_events(pl.DataFrame(full, schema=EVENTS))
        return frame[c.ITEM_ID].to_list(), frame[c.POSITION].to_list()

    users, names = ["u", "v", "u", "u"], ["a", "b", "c", "d"]
    assert ordered(user_id=users, item_id=names) == (["a", "b", "c", "d"], [0, 0, 1, 2])
    timed = ordered(user_id=users, item_id=names, timestamp=[3.0, 9.0, 2.0, 3.0])
    assert timed == (["c", "a", "d", "b"], [0, 1, 2, 0])
    assert ordered(user_id=users, item_id=names, position=[7, 0, 5, 6]) == (
        ["c", "b", "d", "a"],
        [0, 0, 1, 2],
    )
    partly = ordered(user_id=users, item_id=names, timestamp=[3.0, None, None, 2.0])
    assert partly == (["d", "b", "a", "c"], [0, 0, 1, 2])


@given(
    st.lists(
        st.tuples(st.sampled_from("uv"), st.none() | st.integers(0, 3), st.none() | st.integers(0, 3)),
        max_size=10,
    )
)
def test_ordering_twice_is_ordering_once_and_loses_nothing(rows):
    frame = pl.DataFrame(
        {
            **{name: [None] * len(rows) for name in EVENTS},
            c.USER_ID: [row[0] for row in rows],
            c.ITEM_ID: [str(i) for i in range(len(rows))],
            c.TIMESTAMP: [row[1] for row in rows],
            c.POSITION: [row[2] for row in rows],
        },
        schema=EVENTS,
    )
    once = order_events(frame)
    assert order_events(once).equals(once)
    assert sorted(once[c.ITEM_ID]) == sorted(frame[c.ITEM_ID])
    for user in "uv":
        mine = once.filter(pl.col(c.USER_ID) == user)
        assert mine[c.POSITION].to_list() == list(range(len(mine)))
        times = mine[c.TIMESTAMP].drop_nulls().to_list()
        assert times == sorted(times)


words = st.text(st.sampled_from("abz 中文é'\"-,;\n|"), min_size=1, max_size=8).map(str.strip).filter(bool)
maybe = st.none() | words
line = words.filter(lambda text: "\n" not in text)
cents = st.none() | st.integers(0, 10**7).map(lambda n: n / 100)
times = st.none() | st.integers(700_000_000, 1_700_000_000).map(float)
names = st.lists(words.filter(lambda t: not t.startswith("[")), min_size=1, max_size=3, unique=True)
objects = st.none() | st.dictionaries(
    words, words | st.integers(-9, 9) | st.booleans(), min_size=1, max_size=3
)


def to_json(value: Any) -> str | None:
    return None if value is None else json.dumps(value, ensure_ascii=False, sort_keys=True)


@st.composite
def shops(draw: st.DrawFn) -> Dataset:
    ids = draw(st.lists(line, min_size=1, max_size=5, unique=True))
    items = pl.DataFrame(
        [
            {
                c.ITEM_ID: item_id,
                c.TITLE: draw(maybe),
                c.DESCRIPTION: draw(maybe),
                c.BRAND: draw(maybe),
                c.CATEGORIES: draw(st.none() | names),
                c.PRICE: draw(cents),
                c.CURRENCY: draw(st.sampled_from([None, "EUR"])),
                c.IMAGE: draw(maybe),
                c.ATTRIBUTES: to_json(draw(objects)),
                c.TAGS: draw(st.none() | names),
                c.AVAILABLE: draw(st.none() | st.booleans()),
                c.CREATED_AT: draw(times),
                c.GROUP_ID: draw(st.none() | line),
            }
            for item_id in ids
        ],
        schema=TABLES["items"],
    )
    timed = draw(st.booleans())
    events = pl.DataFrame(
        [
            {
                c.USER_ID: draw(st.sampled_from(["u", "用户", "v 1"])),
                c.ITEM_ID: draw(st.sampled_from(ids)),
                c.EVENT_TYPE: draw(st.sampled_from(EVENT_TYPES)),
                c.TIMESTAMP: 1e9 + place if timed else None,
                c.VALUE: draw(st.none() | st.integers(1, 5).map(float)),
                c.SESSION_ID: draw(st.none() | line),
                c.QUERY: draw(maybe),
                c.CONTEXT: to_json(draw(objects)),
            }
            for place in range(draw(st.integers(0, 6)))
        ],
        schema=EVENTS,
    )
    position = pl.int_range(pl.len()).over(c.USER_ID).cast(pl.Int64).alias(c.POSITION)
    return Dataset(name="shop", items=items, events=events.with_columns(position))


def write_csv(frame: pl.DataFrame, separator: str) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out, delimiter=separator, quoting=csv.QUOTE_ALL)
    writer.writerow(frame.columns)
    writer.writerows([[to_json(v) if isinstance(v, list) else v for v in row] for row in frame.rows()])
    return out.getvalue().encode()


def write_bytes(frame: pl.DataFrame, suffix: str) -> bytes:
    out = io.BytesIO()
    if suffix in ("csv", "tsv"):
        return write_csv(frame, "," if suffix == "csv" else "\t")
    frame.write_ndjson(out) if suffix == "jsonl" else frame.write_parquet(out)
    return out.getvalue()


@settings(max_examples=60)
@given(
    shop=shops(),
    suffix=st.sampled_from(["csv", "tsv", "jsonl", "parquet"]),
    packed=st.sampled_from(["", "_gz"]),
)
def test_a_shop_that_is_written_is_read_back_the_same(tmp_path_factory, shop, suffix, packed):
    files = {
        f"{role}_{suffix}{packed}": write_bytes(getattr(shop, role), suffix) for role in ("items", "events")
    }
    read_back, report = read(tmp_path_factory.mktemp("s") / "shop", **files)
    assert_frame_equal(read_back.items, shop.items)
    assert_frame_equal(read_back.events, shop.events)
    assert set(report.issue_counts) <= {"empty_file"}


@given(st.data())
@settings(max_examples=40)
def test_whatever_is_in_the_files_reading_ends_in_a_shop_or_a_clear_error(tmp_path_factory, data):
    junk = st.binary(max_size=60) | st.text(
        st.sampled_from('item_id,user\n"\t;{}[]:中1<&'), max_size=60
    ).map(str.encode)
    folder = tmp_path_factory.mktemp("s")
    (folder / "items.csv").write_bytes(b"item_id,title,price,attributes\n" + data.draw(junk))
    (folder / data.draw(st.sampled_from(["events.csv", "events.jsonl", "users.tsv"]))).write_bytes(
        data.draw(
            st.sampled_from([b"", b"user_id,item_id,timestamp\n", b'{"user_id": "u", "item_id": "a"}\n'])
        )
        + data.draw(junk)
    )
    try:
        shop, report = read_shop(folder, now=NOW)
    except WarmstartError:
        return
    assert sum(file.rows_kept for file in report.files if file.role == "items") <= len(shop.items)
    assert json.loads(json.dumps(report.to_dict()))["issue_counts"] == report.issue_counts
    assert report.render().startswith("shop ")


def test_the_report_says_in_short_what_was_done(tmp_path):
    _, report = read(
        tmp_path,
        products_csv="product_id,name,colour\na,<b>x</b>,red\na,y,\n,z,\n",
        notes_csv="x\n1\n",
        ratings_csv_gz="userId,movieId,rating\nu,a,5\n",
    )
    text = report.render()
    for part in (
        "products.csv: read as items, 1 of 3 rows kept (csv, utf-8, file name)",
        "product_id -> item_id (alias)",
        "colour -> attributes.colour (attribute)",
        "ratings.csv.gz: read as events, 1 rows (csv.gz, utf-8, file name)",
        "notes.csv: not read",
        "1 × html",
        "products.csv, row 1, column title: expected plain text; found '<b>x</b>' -> cleaned and kept",
        "products.csv, row 3, column item_id: expected a value in 'item_id'; found nothing -> row dropped",
    ):
        assert part in text
    plain = json.loads(json.dumps(report.to_dict()))
    assert (
        plain["issue_counts"] == report.issue_counts == {"duplicate_row": 1, "html": 1, "missing_value": 1}
    )
    assert [file["role"] for file in plain["files"]] == ["items", "events", ""]


def test_a_million_bad_rows_do_not_fill_the_report(tmp_path):
    rows = "".join(f"u,{i},never\n" for i in range(20_000))
    _, report = read(tmp_path, items_csv=ITEMS, events_csv="user_id,item_id,timestamp\n" + rows)
    assert report.issue_counts == {"bad_time": 20_000, "unknown_item": 20_000}
    assert len(report.issues) == 2_000
    assert len(report.render().splitlines()) < 30


def test_icecat_is_read_as_it_lies(shared_data):
    shop, report = read_shop(shared_data("icecat"))
    assert (len(shop.items), len(shop.judgments)) == (19_406, 1_708)
    assert shop.judgments[c.QUERY].n_unique() == 68
    assert [(f.rows_read, f.rows_kept) for f in report.files] == [(19_406, 19_406), (1_708, 1_708)]
    uses = {use.theirs: use.ours for use in report.files[0].columns if use.how == "alias"}
    assert uses == {"product_id": "item_id", "released_at": "created_at", "image_url": "image"}
    xerox = shop.items.filter(pl.col(c.ITEM_ID) == "3920564").row(0, named=True)
    assert xerox["price"] == 4995.0
    assert json.loads(xerox["attributes"])["quantity_per_pack"] == 6.0
    assert xerox["created_at"] == 1_260_403_200.0
    assert report.issue_counts["doubtful_price"] == 1
    assert not shop.items[c.TITLE].str.contains("<strong>|&deg;").any()


def test_beauty_is_read_as_it_lies(shared_data):
    shop, report = read_shop(shared_data("beauty"))
    assert (len(shop.items), len(shop.events), shop.events[c.USER_ID].n_unique()) == (
        12_101,
        198_502,
        22_363,
    )
    assert shop.items[c.CATEGORIES][0].to_list() == ["Beauty", "Makeup", "Nails", "Nail Polish"]
    assert shop.events[c.ITEM_ID].head(3).to_list() == ["10318", "6381", "2387"]
    assert report.is_clean


def test_ml100k_is_read_as_it_lies(shared_data):
    shop, report = read_shop(shared_data("ml100k"))
    assert (len(shop.items), len(shop.events), len(shop.users)) == (1_682, 100_000, 943)
    assert (len(shop.graph), len(shop.graph_links)) == (91_631, 1_598)
    assert set(shop.events[c.EVENT_TYPE]) == {"rate"}
    assert math.isclose(shop.events[c.VALUE].to_numpy().mean(), 3.53, abs_tol=0.01)
    assert shop.events[c.TIMESTAMP].is_sorted()
    assert shop.items[c.CATEGORIES][0].to_list() == ["Animation", "Children's", "Comedy"]
    assert shop.items[c.CATEGORIES].explode().n_unique() <= 20
    assert json.loads(shop.items[c.ATTRIBUTES][0]) == {"release_year": 1995}
    assert json.loads(shop.users[c.ATTRIBUTES][0])["occupation"] == "technician"
    assert [f.path for f in report.files if not f.role] == ["kg_entity_names.csv.gz"]


def test_completejourney_is_read_as_purchases(shared_data):
    shop, report = read_shop(shared_data("completejourney"))
    assert (len(shop.events), len(shop.users)) == (75_000, 801)
    assert set(shop.events[c.EVENT_TYPE]) == {"purchase"}
    assert shop.items[c.CATEGORIES][0].to_list() == ["GROCERY", "FRZN ICE", "ICE - CRUSHED/CUBED"]
    assert json.loads(shop.events[c.CONTEXT][0])["quantity"] == 1.0
    assert set(report.issue_counts) == {"unknown_item"}


def test_chinese_reviews_are_read_as_labels(shared_data):
    shop, _ = read_shop(shared_data("eprstmt_zh"))
    assert (len(shop.labels), len(shop.unlabelled)) == (930, 19_565)
    assert set(shop.labels[c.LABEL]) == {"Positive", "Negative"}


def test_the_states_of_melu_are_withheld_and_the_rest_is_events(shared_data):
    shop, _ = read_shop(shared_data("ml1m_melu"))
    assert len(shop.events) == 640_444
    assert set(shop.events[c.EVENT_TYPE]) == {"rate"}
    counts = dict(shop.withheld.group_by(c.SPLIT).len().rows())
    assert counts == {"new users": 163_702, "new items": 157_456, "both": 38_603}
