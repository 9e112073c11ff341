import json
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from warmstart.core import columns as c
from warmstart.data import cleaning
from warmstart.data.issues import EXAMPLES, FILE, KINDS, ROW, Issue, IssueLog
from warmstart.data.schema import EVENTS, ITEMS
from warmstart.data.text_cleaning import clean_text, mend_mojibake, strip_control, strip_html


def events(**columns: list[Any]) -> pl.DataFrame:
    size = len(next(iter(columns.values())))
    full = {name: columns.get(name, [None] * size) for name in EVENTS}
    return pl.DataFrame(full, schema=EVENTS).with_columns(
        pl.lit("events.csv").alias(FILE), pl.int_range(1, size + 1).alias(ROW)
    )


def items(**columns: list[Any]) -> pl.DataFrame:
    size = len(next(iter(columns.values())))
    return pl.DataFrame({name: columns.get(name, [None] * size) for name in ITEMS}, schema=ITEMS)


@pytest.mark.parametrize(
    ("dirty", "clean"),
    [
        ("<p>Red</p><p>shoe</p>", "Red shoe"),
        ("H<sub>2</sub>O", "H2O"),
        ("a<br/>b<BR>c", "a b c"),
        ("R&amp;D &lt;b&gt;bold&lt;/b&gt;", "R&D bold"),
        ("Women&#39;s &#x4E2D;", "Women's 中"),
        ("5&#8364; &#128;", "5€ €"),
        ("<a href='x'>link</a><!-- note --><script>alert(1)</script>!", "link !"),
        ('<div class="x">蓝牙<strong>耳机</strong></div>', "蓝牙耳机"),
        ("a&nbsp;&nbsp;b", "a b"),
    ],
)
def test_html_is_removed(dirty, clean):
    assert strip_html(dirty) == clean


@pytest.mark.parametrize(
    "text",
    [
        "a < b and b > c",
        "x<y>z",
        "I <3 you",
        "size <10 >5",
        "AT&T",
        "?a=1&copy=2",
        "R&D;",
        "<Key> item",
        "<b and c>",
    ],
)
def test_what_only_looks_like_html_stays(text):
    assert strip_html(text) == text


@pytest.mark.parametrize(
    "text", ["Café crème", "降噪耳机", "naïve – “quoted” …", "Ünïcode ½ ® ™", "Ελλάδα Москва"]
)
@pytest.mark.parametrize("wrong", ["cp1252", "latin-1"])
def test_text_garbled_by_a_wrong_encoding_is_mended(text, wrong):
    garbled = "".join(
        byte.decode(wrong) if byte not in UNDEFINED or wrong == "latin-1" else byte.decode("latin-1")
        for byte in (bytes([b]) for b in text.encode("utf-8"))
    )
    assert mend_mojibake(garbled) == text
    assert mend_mojibake(f"好 {garbled} 好") == f"好 {text} 好"


UNDEFINED = {bytes([b]) for b in (0x81, 0x8D, 0x8F, 0x90, 0x9D)}


@pytest.mark.parametrize(
    "text", ["MENÜ“", "CAFÉ”", "São Paulo", "Åse Ø", "Müller", "降噪耳机", "É", "Ça va à Nîmes"]
)
def test_text_that_is_right_already_stays(text):
    assert mend_mojibake(text) == text


def test_control_characters_go_and_what_emoji_need_stays():
    assert strip_control("a\x00\x07b\u200bc\ufeff\td\n👩\u200d🔬") == "abc\td\n👩\u200d🔬"


dirt = st.sampled_from(
    ["<b>", "</p>", "&amp;", "&lt;", "Ã©", "â€™", "\x07", "中", "é", "<", "&", " ", "x", "”", "Ü"]
)


@given(st.lists(dirt, max_size=12).map("".join) | st.text(max_size=12))
def test_cleaning_twice_is_cleaning_once(text):
    once = clean_text(text)
    assert clean_text(once) == once
    assert len(once) <= len(text)


stripped = st.lists(dirt, max_size=4).map(lambda parts: "".join(parts).strip()).filter(bool)


@given(st.lists(st.none() | stripped, min_size=1, max_size=6))
def test_tables_are_cleaned_as_their_texts_are(texts):
    dirty = items(
        item_id=[str(i) for i in range(len(texts))],
        title=texts,
        tags=[None if text is None else [text, "ok"] for text in texts],
        attributes=[text and json.dumps({"k": {"n": [text]}}, ensure_ascii=False) for text in texts],
    )
    cleaned, log = cleaning.clean_texts(dirty, ["title", "tags"], ["attributes"])
    expected = [text and clean_text(text) for text in texts]
    assert cleaned["title"].to_list() == [text or None for text in expected]
    assert cleaned["tags"].to_list() == [
        None if text is None else [part for part in (text, "ok") if part] for text in expected
    ]
    assert [text and json.loads(text) for text in cleaned["attributes"].to_list()] == [
        None if text is None else {"k": {"n": [text]}} for text in expected
    ]
    assert bool(log.counts) == (expected != texts)


def test_the_log_shows_where_the_dirt_was():
    frame = items(item_id=["a", "b"], title=["fine", "x" * 100 + "<b>bold</b>" + "y" * 100])
    frame = frame.with_columns(pl.lit("items.csv").alias(FILE), pl.Series(ROW, [1, 2]))
    _, log = cleaning.clean_texts(frame, ["title"])
    (issue,) = log.examples
    assert (issue.file, issue.row, issue.column, issue.kind) == ("items.csv", 2, "title", "html")
    assert "<b>bold" in issue.found


def test_rows_without_a_needed_value_are_dropped_and_listed():
    kept, log = cleaning.drop_missing(
        events(user_id=["u", None, "v"], item_id=["a", "b", None]), [c.USER_ID]
    )
    assert kept[c.USER_ID].to_list() == ["u", "v"]
    assert [(i.kind, i.row, i.column) for i in log.examples] == [("missing_value", 2, c.USER_ID)]


def test_of_repeated_items_the_last_stays_at_the_place_of_the_first():
    frame = items(item_id=["a", "b", "a", "c", "a"], title=["1", "2", "3", "4", "5"])
    kept, log = cleaning.keep_last(frame.with_columns(pl.int_range(1, 6).alias(ROW)), [c.ITEM_ID])
    assert kept.select(c.ITEM_ID, c.TITLE).rows() == [("a", "5"), ("b", "2"), ("c", "4")]
    assert [i.row for i in log.examples] == [1, 3]


@given(st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from("xy")), max_size=8))
def test_after_keeping_the_last_each_key_stands_once_with_its_newest_row(rows):
    frame = items(item_id=[key for key, _ in rows] or ["z"], title=[text for _, text in rows] or ["z"])
    kept, log = cleaning.keep_last(frame, [c.ITEM_ID])
    assert dict(kept.select(c.ITEM_ID, c.TITLE).iter_rows()) == (dict(rows) or {"z": "z"})
    assert len(kept) + log.count("duplicate_row") == len(frame)


def test_an_event_written_twice_is_kept_once():
    frame = events(user_id=["u"] * 3, item_id=["a"] * 3, timestamp=[1.0, 1.0, 2.0])
    kept, log = cleaning.drop_duplicate_events(frame)
    assert kept[c.TIMESTAMP].to_list() == [1.0, 2.0]
    assert log.by_kind() == {"duplicate_event": 1}


def test_equal_events_without_a_time_are_kept_because_they_may_be_two():
    frame = events(user_id=["u", "u"], item_id=["a", "a"])
    kept, log = cleaning.drop_duplicate_events(frame)
    assert kept.equals(frame)
    assert log.by_kind() == {"repeated_event": 1}


def test_an_event_with_neither_item_nor_query_is_dropped():
    kept, log = cleaning.drop_empty_events(
        events(user_id=["u"] * 3, item_id=["a", None, None], query=[None, "shoe", None])
    )
    assert len(kept) == 2
    assert [i.row for i in log.examples] == [3]


def crowd(times_of_bot: list[float], users: int = 200) -> pl.DataFrame:
    people = [f"u{i}" for i in range(users)]
    return events(
        user_id=people + ["bot"] * len(times_of_bot),
        item_id=["a"] * (users + len(times_of_bot)),
        timestamp=[1e9 + i for i in range(users)] + times_of_bot,
    )


def test_a_user_with_a_hundred_times_the_events_of_the_busiest_people_is_a_bot():
    frame = crowd([1e9 + 60.0 * i + 1 for i in range(1_000)])
    kept, log = cleaning.drop_bots(frame)
    assert "bot" not in kept[c.USER_ID].to_list()
    assert len(kept) == 200
    assert log.by_kind() == {"bot": 1_000}


def test_a_user_faster_than_any_hand_is_a_bot():
    people = [f"u{i}" for i in range(20) for _ in range(100)]
    swift = events(
        user_id=people + ["bot"] * 1_000,
        item_id=["a"] * 3_000,
        timestamp=[1e9 + 7 * i for i in range(2_000)] + [1e9 + i / 60 for i in range(1_000)],
    )
    kept, log = cleaning.drop_bots(swift)
    assert len(kept) == 2_000
    assert log.count("bot") == 1_000


@pytest.mark.parametrize(
    "times",
    [
        [1e9 + i / 60 for i in range(999)],  # too few to tell
        [1e9 + i / 40 for i in range(1_500)],  # fast, not impossible
        [86_400.0 * 12_000] * 1_500,  # days, which say nothing about rates
        [None] * 1_500,
    ],
)
def test_a_doubtful_user_is_not_called_a_bot(times):
    people = [f"u{i}" for i in range(20) for _ in range(20)]
    day = 86_400.0 * 12_000
    frame = events(
        user_id=people + ["busy"] * len(times),
        item_id=["a"] * (len(people) + len(times)),
        timestamp=[None if times[0] is None else day] * len(people) + times,
    )
    kept, log = cleaning.drop_bots(frame)
    assert kept.equals(frame)
    assert not log.counts


def test_unknown_items_of_events_join_the_catalogue_without_text():
    catalogue = items(item_id=["a"], title=["shoe"])
    full, log = cleaning.add_unknown_items(
        catalogue, events(user_id=["u"] * 4, item_id=["b", "a", None, "b"])
    )
    assert full.select(c.ITEM_ID, c.TITLE).rows() == [("a", "shoe"), ("b", None)]
    assert log.by_kind() == {"unknown_item": 2}
    assert [i.row for i in log.examples] == [1, 4]


def test_prices_that_look_like_cents_are_doubted_but_not_changed():
    doubted = cleaning.doubt_prices(items(item_id=[str(i) for i in range(40)], price=[1995.0, 4900.0] * 20))
    assert doubted.by_kind() == {"doubtful_price": 1}
    assert not cleaning.doubt_prices(items(item_id=["a"] * 40, price=[19.95, 49.0] * 20)).counts


def test_the_log_counts_everything_and_keeps_a_bounded_number_of_examples():
    rows = pl.DataFrame({FILE: ["f"] * 5_000, ROW: range(5_000), "x": ["bad"] * 5_000})
    log = IssueLog()
    for _ in range(2):
        log.add_rows(rows, kind="bad_number", column="x", expected="a number", action="left empty")
    log.add(Issue(kind="bad_number", expected="a number", found="bad", action="left empty", file="g"))
    assert log.count("bad_number") == 10_001
    assert len(log.examples) == EXAMPLES + 1
    total = IssueLog()
    total.extend(log)
    total.extend(log)
    assert total.count("bad_number") == 20_002
    assert len(total.examples) == EXAMPLES + 2


def test_every_kind_of_issue_is_described():
    assert all(KINDS.values())
