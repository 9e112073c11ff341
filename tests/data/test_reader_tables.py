import csv
import gzip
import io
import json
import random
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from warmstart.core.errors import ConfigError, InputError
from warmstart.data.issues import ROW, IssueLog
from warmstart.data.reader import csv_text, json_text, tables, text_bytes

plain_text = st.text(st.characters(codec="utf-8", exclude_characters="\x00\r\ufeff"), max_size=8)
fields = plain_text | st.sampled_from(["", 'say "hi"', "a,b", "two\nlines", "中文", ",", '"', "\t", " x "])


def to_csv(
    names: list[str], rows: Any, separator: str = ",", quoting: Any = csv.QUOTE_MINIMAL, end: str = "\n"
) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out, delimiter=separator, lineterminator=end, quoting=quoting)
    writer.writerow(names)
    writer.writerows(rows)
    return out.getvalue().encode()


def read_file(tmp_path: Path, name: str, data: bytes, **options: str) -> tuple[tables.RawTable, IssueLog]:
    path = tmp_path / name
    path.write_bytes(data)
    log = IssueLog()
    return tables.read_table(path, name, log, **options), log


def rows_of(table: tables.RawTable) -> list[tuple[Any, ...]]:
    return table.frame.drop(ROW).rows()


def body_of(data: bytes) -> bytes:
    return csv_text.split_header(data, ",", quoting=True)[1]


def by_rows(body: bytes, names: list[str], log: IssueLog | None = None) -> pl.DataFrame:
    frame, _ = csv_text.read_rows(body, names, ",", quoting=True, file="f", log=log or IssueLog())
    return frame


@given(
    rows=st.integers(1, 4).flatmap(
        lambda n: st.lists(st.lists(fields, min_size=n, max_size=n), max_size=8)
    ),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    end=st.sampled_from(["\n", "\r\n"]),
)
def test_both_csv_readers_give_the_same_table_for_every_well_formed_file(rows, quoting, end):
    width = len(rows[0]) if rows else 2
    names = [f"c{i}" for i in range(width)]
    body = body_of(to_csv(names, rows, quoting=quoting, end=end))
    log = IssueLog()
    careful = by_rows(body, names, log)
    count = csv_text.is_regular(body, width, ",", quoting=True)
    written = [tuple(field or None for field in row) for row in rows]
    if count is not None:
        assert csv_text.read_fast(body, names, ",", quoting=True).equals(careful)
        assert count == len(rows)
    assert careful.drop(ROW).rows() == written or width == 1
    assert not log.counts


@given(
    rows=st.lists(st.lists(st.sampled_from(["a", "中", "x y", "1"]), min_size=2, max_size=2), min_size=1)
)
def test_an_ordinary_file_is_proved_regular(rows):
    assert csv_text.is_regular(body_of(to_csv(["a", "b"], rows)), 2, ",", quoting=True) == len(rows)


@pytest.mark.parametrize(
    "body",
    [
        b"1,2\n3\n",
        b"1,2\n3,4,5\n",
        b'1,5" screen\n',
        b'1,"open\n2,x\n',
        b'1,"a"b\n',
        b"1,2\n\n3,4\n",
    ],
)
def test_an_irregular_body_is_never_given_to_the_fast_reader(body):
    assert csv_text.is_regular(body, 2, ",", quoting=True) is None


@given(data=st.data())
def test_a_bad_row_never_costs_the_others(data):
    good = [[f"id{i}", text] for i, text in enumerate(data.draw(st.lists(fields, min_size=1, max_size=8)))]
    bad = data.draw(st.sampled_from(["x", "x,y,z", 'x,"never closed', "", 'x,5" tube']))
    lines = [to_csv(row, []).decode().removesuffix("\n") for row in good]
    at = data.draw(st.integers(0, len(lines)))
    body = "\n".join([*lines[:at], bad, *lines[at:]]).encode()
    log = IssueLog()
    kept = [row for row in by_rows(body, ["a", "b"], log).drop(ROW).rows() if row[0] != "x"]
    expected = [(name, text or None) for name, text in good]
    if bad.startswith('x,"'):  # a quote may also close on the next quote; then only neighbours can suffer
        assert set(expected[:at]) <= set(kept)
        assert len(kept) >= len(expected) - sum('"' in line for line in lines)
    else:
        assert kept == expected


def test_each_skipped_row_is_listed_with_its_number_and_reason(tmp_path):
    data = b'id,name\n1,a\n2,b,c\n3\n4,"5" tube"\n5,"never\n6,z\n'
    table, log = read_file(tmp_path, "items.csv", data)
    assert rows_of(table) == [("1", "a"), ("4", '5 tube"'), ("6", "z")]
    assert table.rows_read == 6
    assert [(i.row, i.kind) for i in log.examples] == [
        (2, "wrong_field_count"),
        (3, "wrong_field_count"),
        (4, "loose_quote"),
        (5, "unclosed_quote"),
    ]
    assert log.examples[0].expected == "2 fields"
    assert "2,b,c" in log.examples[0].found


def test_an_inch_mark_inside_a_value_is_read_as_it_stands(tmp_path):
    table, log = read_file(tmp_path, "items.csv", b'id,name\n1,5" tube\n2,"a ""b"" c"\n')
    assert rows_of(table) == [("1", '5" tube'), ("2", 'a "b" c')]
    assert not log.counts


def test_row_numbers_count_data_rows_from_one_without_the_header(tmp_path):
    table, _ = read_file(tmp_path, "items.csv", b'id\n"a\nb"\nc\n')
    assert table.frame[ROW].to_list() == [1, 2]


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_the_separator_of_a_csv_file_is_found(tmp_path, separator):
    data = to_csv(["id", "name, long"], [["1", "a"], ["2", "x;y|z"]], separator)
    table, _ = read_file(tmp_path, "items.csv", data)
    assert table.names == ["id", "name, long"]
    assert rows_of(table) == [("1", "a"), ("2", "x;y|z")]


def test_a_given_separator_overrules_the_header(tmp_path):
    table, _ = read_file(tmp_path, "items.csv", b"a,b^c\n1^2\n", separator="^")
    assert table.names == ["a,b", "c"]


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_every_kind_of_line_end_is_read(tmp_path, end):
    table, log = read_file(tmp_path, "items.csv", end.join([b"id,name", b"1,a", b"2,b", b""]))
    assert rows_of(table) == [("1", "a"), ("2", "b")]
    assert not log.counts


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030"])
def test_chinese_text_is_read_in_the_encodings_that_chinese_shops_use(tmp_path, encoding):
    text = "item_id,标题\n1,降噪耳机，音质很好\n2,苹果手机壳 iPhone 15\n"
    table, log = read_file(tmp_path, "items.csv", text.encode(encoding))
    assert table.names == ["item_id", "标题"]
    assert rows_of(table)[0] == ("1", "降噪耳机，音质很好")
    assert log.count("encoding") == (encoding == "gb18030")


def test_western_text_is_read_as_windows_1252_and_reported(tmp_path):
    table, log = read_file(tmp_path, "items.csv", "id,name\n1,café à la crème 5 €\n".encode("cp1252"))
    assert rows_of(table) == [("1", "café à la crème 5 €")]
    assert table.encoding == "cp1252"
    assert "cp1252" in log.examples[0].action


def test_one_bad_byte_does_not_turn_utf8_into_something_else(tmp_path):
    data = "id,name\n1,蓝牙耳机降噪\n2,".encode() + b"\xff\n"
    table, log = read_file(tmp_path, "items.csv", data)
    assert rows_of(table) == [("1", "蓝牙耳机降噪"), ("2", "\ufffd")]
    assert log.count("encoding") == 1


def test_a_given_encoding_is_used_and_its_losses_are_counted(tmp_path):
    data = "id,name\n1,テスト\n".encode("shift_jis")
    table, log = read_file(tmp_path, "items.csv", data, encoding="shift_jis")
    assert rows_of(table) == [("1", "テスト")]
    assert not log.counts
    _, log = read_file(tmp_path, "items.csv", data, encoding="ascii")
    assert log.count("encoding") == 3


def test_an_encoding_that_does_not_exist_is_a_config_error(tmp_path):
    with pytest.raises(ConfigError, match="klingon"):
        read_file(tmp_path, "items.csv", b"a\n1\n", encoding="klingon")


def test_a_truncated_gzip_file_keeps_the_rows_before_the_break(tmp_path):
    rng = random.Random(0)
    lines = [f"{i},{rng.random()}" for i in range(20_000)]
    whole = gzip.compress("\n".join(["id,x", *lines]).encode())
    table, log = read_file(tmp_path, "items.csv.gz", whole[: len(whole) // 2])
    kept = rows_of(table)
    assert 5_000 < len(kept) < 15_000
    assert [f"{i},{x}" for i, x in kept] == lines[: len(kept)]
    assert log.by_kind() == {"damaged_file": 1}


def test_a_gzip_file_of_several_members_is_read_whole(tmp_path):
    data = gzip.compress(b"id,name\n1,a\n") + gzip.compress(b"2,b\n")
    table, log = read_file(tmp_path, "items.csv.gz", data)
    assert rows_of(table) == [("1", "a"), ("2", "b")]
    assert not log.counts


def test_the_content_not_the_name_says_whether_a_file_is_compressed(tmp_path):
    packed, _ = read_file(tmp_path, "items.csv", gzip.compress(b"id\n1\n"))
    bare, _ = read_file(tmp_path, "users.csv.gz", b"id\n1\n")
    assert rows_of(packed) == rows_of(bare) == [("1",)]


def test_repeated_column_names_are_kept_apart_and_reported(tmp_path):
    table, log = read_file(tmp_path, "items.csv", b"id,name,name\n1,a,b\n")
    assert table.names == ["id", "name", "name.2"]
    assert log.count("repeated_column") == 1


@pytest.mark.parametrize("name", ["x.csv", "x.tsv", "x.jsonl", "x.inter"])
@pytest.mark.parametrize("data", [b"", b"\n", b"\xef\xbb\xbf"])
def test_an_empty_file_is_an_empty_table(tmp_path, name, data):
    table, _ = read_file(tmp_path, name, data)
    assert len(table.frame) == table.rows_read == 0
    assert tables.peek(tmp_path / name) == []


def test_a_recbole_file_knows_no_quotes(tmp_path):
    data = b'item_id:token\tmovie_title:token_seq\n1\t5" nails\n2\t"open\n'
    table, log = read_file(tmp_path, "x.item", data)
    assert rows_of(table) == [("1", '5" nails'), ("2", '"open')]
    assert not log.counts


scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**12), 10**12),
    st.floats(allow_nan=False, allow_infinity=False, width=32),
    st.sampled_from([1e-7, 1e22, 2.0, -0.0, 0.1]),
    plain_text.filter(lambda text: not set("{}[]") & set(text)),
)


@given(
    rows=st.lists(
        st.dictionaries(st.sampled_from(["a", "b", "名", "d e"]), scalars, min_size=1), min_size=1
    )
)
def test_both_json_readers_give_the_same_table_for_flat_objects(rows):
    data = "\n".join(json.dumps(row, ensure_ascii=False) for row in rows).encode()
    log = IssueLog()
    careful = json_text.read_rows(data, "f", log)
    assert json_text.is_flat(data, len(rows))
    fast = json_text.read_fast(data)
    if fast is not None:  # polars refuses some mixtures of types, then the careful reader does the work
        assert fast.select(careful.columns).equals(careful)
    assert not log.counts


def test_a_bad_json_line_never_costs_the_others(tmp_path):
    data = '{"id": "a", "n": 1}\n{"id": "b"\n\n[1]\n{"id": "中", "l": ["x", {"k": 2}]}\n'.encode()
    table, log = read_file(tmp_path, "items.jsonl", data)
    assert table.frame.rows(named=True) == [
        {ROW: 1, "id": "a", "n": "1", "l": None},
        {ROW: 4, "id": "中", "n": None, "l": '["x", {"k": 2}]'},
    ]
    assert [(i.row, i.kind) for i in log.examples] == [(2, "bad_json"), (3, "bad_json")]
    assert table.rows_read == 4


def test_a_flat_json_file_with_one_broken_line_keeps_the_others(tmp_path):
    table, log = read_file(tmp_path, "items.jsonl", b'{"id": "a"}\n{"id" "b"}\n{"id": "c"}\n')
    assert rows_of(table) == [("a",), ("c",)]
    assert log.count("bad_json") == 1


def test_a_json_list_of_objects_is_read_too(tmp_path):
    table, log = read_file(tmp_path, "items.json", b'[{"id": "a"},\n 3, {"id": "b"}]')
    assert rows_of(table) == [("a",), ("b",)]
    assert [i.row for i in log.examples] == [2]
    assert tables.peek(tmp_path / "items.json") == ["id"]


def test_parquet_columns_become_the_strings_that_csv_would_hold(tmp_path):
    frame = pl.DataFrame(
        {
            "id": [1.0, 2.0],
            "name": ["中", None],
            "when": pl.Series([0, 1_600_000_000_500], dtype=pl.Datetime("ms")),
            "tags": [["a", "b"], None],
            "ok": [True, False],
            "raw": [b"x", None],
            "price": pl.Series(["1.50", "2.25"]).cast(pl.Decimal(10, 2)),
        }
    )
    out = io.BytesIO()
    frame.write_parquet(out)
    expected = [
        ("1", "中", "0", '["a", "b"]', "true", "x", "1.50"),
        ("2", None, "1600000000.5", None, "false", None, "2.25"),
    ]
    for name, data in (("x.parquet", out.getvalue()), ("x.parquet.gz", gzip.compress(out.getvalue()))):
        table, _ = read_file(tmp_path, name, data)
        assert rows_of(table) == expected
        assert tables.peek(tmp_path / name) == frame.columns


def test_a_damaged_parquet_file_is_a_clear_error(tmp_path):
    with pytest.raises(InputError, match=r"x\.parquet"):
        read_file(tmp_path, "x.parquet", b"PAR1 not really")


def test_peeking_gives_the_header_of_a_large_file_without_reading_it_all(tmp_path):
    line = b"1," + b"x" * 1000 + b"\n"
    path = tmp_path / "items.csv.gz"
    path.write_bytes(gzip.compress(b"item_id,title\n" + line * 3000))
    assert tables.peek(path) == ["item_id", "title"]
    assert len(text_bytes.load(path, 1 << 18).data) < 3000 * len(line)
