"""What counts as an answer: the allowed ones, and nothing else."""

import json

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pydantic import BaseModel

from warmstart.adapt.prompting.parsing import parse_json, parse_label, parse_lines, parse_numbers, shown

LABELS = ["card_arrival", "refund", "好评", "差评"]
LETTERS = st.text(min_size=1, max_size=12)


@pytest.mark.parametrize(
    ("answer", "label"),
    [
        ("refund", "refund"),
        (" Refund.\n", "refund"),
        ('"refund"', "refund"),
        ("**card_arrival**", "card_arrival"),
        ("Label: refund", "refund"),
        ("「好评」。", "好评"),
        ("<think>refund or card_arrival?</think>\nrefund", "refund"),
        ("refund because it says so", None),
        ("refund\ncard_arrival", None),
        ("not refund", None),
        ("card arrival", None),
        ("好评差评", None),
        ("", None),
        ("...", None),
        ("<think>refund", None),
    ],
)
def test_only_a_label_alone_is_an_answer(answer, label):
    assert parse_label(answer, LABELS, "Label:") == label


@given(
    st.text(max_size=60) | st.sampled_from([" ".join(LABELS), "refund refund"]),
    st.lists(LETTERS, max_size=5),
)
def test_whatever_is_said_what_comes_back_is_a_label_or_nothing(answer, labels):
    assert parse_label(answer, labels) in {None, *labels}


@given(st.lists(LETTERS, min_size=1, max_size=5, unique_by=shown))
def test_every_label_is_read_as_it_is_shown(labels):
    for label in labels:
        assume(shown(label) == shown(label).strip())
        assert parse_label(shown(label), labels) == label


def test_labels_that_differ_in_case_alone_are_told_apart_only_when_exact():
    assert parse_label("OK", ["OK", "ok"]) == "OK"
    assert parse_label("Ok", ["OK", "ok"]) is None


@pytest.mark.parametrize(
    "said",
    [
        "",
        "1, 2",
        "[]",
        "[0]",
        "[4]",
        "[1, 1]",
        "[1.0]",
        '["1"]',
        "[true]",
        "{}",
        "[1] and so on",
        "[" * 9000,
    ],
)
def test_anything_but_a_list_of_known_numbers_is_no_order(said):
    assert parse_numbers(said, 3) is None


@given(st.permutations(range(1, 7)), st.integers(1, 6), st.booleans())
def test_a_list_of_known_numbers_is_an_order(numbers, n, fenced):
    said = json.dumps(numbers[:n])
    assert parse_numbers(f"```json\n{said}\n```" if fenced else said, 6) == numbers[:n]


def test_lines_are_few_short_and_not_empty():
    assert parse_lines('["雨衣", "rain\\njacket"]', 3, 20) == ["雨衣", "rain jacket"]
    assert parse_lines('["a", "a"]', 3, 20) == ["a"]
    for said in ('["a", "b", "c", "d"]', '["' + "x" * 21 + '"]', '[""]', '["<<<"]', "[1]", "no"):
        assert parse_lines(said, 3, 20) is None


class Size(BaseModel):
    value: int
    unit: str


def test_json_is_read_by_its_schema_without_conversions():
    assert parse_json('{"value": 5, "unit": "升"}', Size) == Size(value=5, unit="升")
    for said in ('{"value": "5", "unit": "l"}', '{"value": 5}', '{"value": 5, "unit": "l"} ok', "\ud800"):
        assert parse_json(said, Size) is None
