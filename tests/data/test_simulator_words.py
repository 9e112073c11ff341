"""The simulated shop as text: two languages, prices, queries, reviews."""

import json
import re
import string

import numpy as np
import polars as pl
import pytest

from tests.data.simulated import shop
from warmstart.core import columns as c
from warmstart.data.simulator.opinions import review_text
from warmstart.data.simulator.searches import with_typo
from warmstart.data.simulator.vocabulary import vocabulary

CJK = re.compile("[\u4e00-\u9fff]")
LANGUAGES = ["en", "zh", "mixed"]


def texts(language: str) -> list[str]:
    data = shop(language=language).dataset
    columns = (c.TITLE, c.DESCRIPTION, c.BRAND, c.ATTRIBUTES)
    items = [value for name in columns for value in data.items[name]]
    tags = [tag for row in data.items[c.TAGS] for tag in row]
    shelves = [name for row in data.items[c.CATEGORIES] for name in row]
    queries = data.events[c.QUERY].drop_nulls().to_list() + data.queries[c.QUERY].to_list()
    return [*items, *tags, *shelves, *queries, *data.reviews[c.TEXT], *data.graph[c.TAIL]]


def test_an_english_shop_has_no_chinese():
    assert not [text for text in texts("en") if CJK.search(text)]


def test_a_chinese_shop_writes_chinese():
    data = shop(language="zh").dataset
    for name in (c.TITLE, c.DESCRIPTION, c.BRAND):
        assert all(CJK.search(text) for text in data.items[name])
    assert all(CJK.search(text) for text in data.reviews[c.TEXT])
    assert all(len(CJK.findall(text)) > 0.5 * len(text) for text in data.items[c.DESCRIPTION])


def test_a_mixed_shop_writes_each_item_in_one_language():
    data = shop(language="mixed").dataset
    english = [not CJK.search(title) for title in data.items[c.TITLE]]
    assert 0.2 < np.mean(english) < 0.5
    for name in (c.DESCRIPTION, c.ATTRIBUTES):
        assert [not CJK.search(text) for text in data.items[name]] == english
    assert all(CJK.search(name) for row in data.items[c.CATEGORIES] for name in row)
    assert 0.1 < np.mean([not CJK.search(text) for text in data.events[c.QUERY].drop_nulls()]) < 0.4


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_text_is_empty_or_unfinished(language):
    for text in texts(language):
        assert text.strip() == text != ""
        assert not re.search(r"None|\bnan\b|  ", text)
    items = shop(language=language).dataset.items
    assert not [t for t in [*items[c.TITLE], *items[c.DESCRIPTION]] if re.search("[{}]", t)]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_description_has_one_to_three_sentences(language):
    descriptions = shop(language=language).dataset.items[c.DESCRIPTION]
    n_stops = [len(re.findall(r"[.。](?!\d)", text)) for text in descriptions]
    assert set(n_stops) >= {1, 2, 3}
    assert np.mean([n <= 3 for n in n_stops]) > 0.9


def test_titles_name_brand_and_attributes_agree():
    for row in shop().dataset.items.iter_rows(named=True):
        assert row[c.TITLE].startswith(row[c.BRAND])
        attributes = json.loads(row[c.ATTRIBUTES])
        said = f"{row[c.TITLE]} {row[c.DESCRIPTION]}".lower()
        assert any(value.lower() in said for value in attributes.values())


def test_variants_differ_in_one_attribute():
    items = shop().dataset.items
    groups = items.group_by(c.GROUP_ID).agg(c.ATTRIBUTES, c.BRAND)
    groups = groups.filter(pl.col(c.ATTRIBUTES).list.len() > 1)
    assert 20 < len(groups) < 150
    for _, rows, brands in groups.iter_rows():
        assert len(set(brands)) == 1
        first, second = (json.loads(row) for row in rows[:2])
        different = {key for key in first if first[key] != second[key]} - {"Model"}
        assert len(different) == 1


def test_prices_are_log_normal_and_follow_the_brand():
    items = shop(n_items=3000, n_users=50).dataset.items
    prices = np.log(items[c.PRICE].to_numpy())
    assert 0.8 < prices.std() < 1.5
    assert abs(np.mean((prices - prices.mean()) ** 3) / prices.std() ** 3) < 0.6
    bags = items.filter(pl.col(c.CATEGORIES).list.last() == "Backpacks")
    mean = dict(bags.group_by(c.BRAND).agg(pl.col(c.PRICE).mean()).iter_rows())
    assert mean["Skarnfell"] > 1.5 * mean["Wayroot"]


def test_a_chinese_price_ends_in_nine_and_an_english_one_in_ninety_nine_cents_or_nine():
    assert set(shop(language="zh").dataset.items[c.CURRENCY]) == {"CNY"}
    assert all(price % 10 == 9 for price in shop(language="zh").dataset.items[c.PRICE])
    for price in shop().dataset.items[c.PRICE]:
        assert round(price * 100) % 100 == 99 or price % 10 == 9


@pytest.mark.parametrize("language", LANGUAGES)
def test_judged_queries_have_full_answers_and_wrong_ones(language):
    simulated = shop(language=language)
    judged = simulated.dataset.judgments
    assert judged[c.QUERY].n_unique() == len(simulated.dataset.queries) == 60
    assert not judged.select(c.QUERY, c.ITEM_ID).is_duplicated().any()
    assert set(judged[c.GRADE]) == {0.0, 1.0, 2.0, 3.0}
    assert set(judged.group_by(c.QUERY).agg(pl.col(c.GRADE).max())[c.GRADE]) == {3.0}
    assert set(judged.group_by(c.QUERY).agg(pl.col(c.GRADE).min())[c.GRADE]) == {0.0}
    for query, rows in judged.group_by(c.QUERY):
        truth = simulated.truth.relevance(str(query[0]))
        said = dict(rows.filter(pl.col(c.GRADE) > 0).select(c.ITEM_ID, c.GRADE).iter_rows())
        assert said == truth


def test_an_exact_query_grades_by_category_and_attribute():
    simulated = shop()
    items = {row[c.ITEM_ID]: row for row in simulated.dataset.items.iter_rows(named=True)}
    grades = simulated.truth.relevance("espresso blend coffee beans")
    assert set(grades.values()) == {1, 3}
    for item_id, grade in grades.items():
        assert items[item_id][c.CATEGORIES][-1] == "Coffee Beans"
        assert ("Espresso Blend" in items[item_id][c.TITLE]) == (grade == 3)


@pytest.mark.parametrize("language", LANGUAGES)
def test_everything_typed_has_a_known_meaning(language):
    simulated = shop(language=language)
    for query in simulated.dataset.events[c.QUERY].drop_nulls().unique():
        assert simulated.truth.relevance(query)


PLAIN = [("en", "ultralight tent"), ("zh", "超轻帐篷"), ("mixed", "猫粮"), ("mixed", "cat food")]


@pytest.mark.parametrize(("language", "query"), PLAIN)
def test_plain_queries_have_a_meaning_even_if_nobody_typed_them(language, query):
    grades = shop(language=language, search_share=0.0, n_judged_queries=0).truth.relevance(query)
    assert 3 in grades.values()


def test_some_searches_have_a_slip():
    typed = shop().dataset.events[c.QUERY].drop_nulls().unique().to_list()
    clean = set(shop(typo_share=0.0).dataset.events[c.QUERY].drop_nulls())
    slips = [query for query in typed if query not in clean]
    assert 0.03 < len(slips) / len(typed) < 0.25


@pytest.mark.parametrize("text", ["tent", "超轻帐篷", "usb-c cable", "a 5", "4k", "头灯 350流明"])
def test_a_slip_changes_little(text):
    for die in np.linspace(0, 0.999, 25):
        slipped = with_typo(text, float(die))
        assert abs(len(slipped) - len(text)) <= 1
        assert set(slipped) - set(text) == set() or len(slipped) == len(text)


def test_reviews_say_what_the_stars_say():
    for leaf in vocabulary().leaves:
        for at in (0, 1):
            for stars in range(1, 6):
                review = review_text(leaf, stars, [0.1, 0.4, 0.7, 0.9], at).lower()
                praised = any(point.lower() in review for point in leaf.praise[at])
                blamed = any(point.lower() in review for point in leaf.complaints[at])
                assert (praised, blamed) == (stars >= 3, stars <= 3)


def test_better_products_earn_more_stars():
    simulated = shop(n_users=3000)
    goods = simulated.truth.goods
    quality = dict(zip(goods.item_ids, goods.factors[:, -1], strict=True))
    reviews = simulated.dataset.reviews
    hidden = [quality[item_id] for item_id in reviews[c.ITEM_ID]]
    assert np.corrcoef(hidden, reviews[c.RATING].to_numpy())[0, 1] > 0.3


def test_the_word_files_hang_together():
    words = vocabulary()
    interests = {interest.key for interest in words.interests}
    leaves = {leaf.key for leaf in words.leaves}
    assert len(leaves) >= 40
    assert len(words.departments) >= 7
    for leaf in words.leaves:
        assert {*leaf.goes_with, *leaf.near} <= leaves - {leaf.key}
        assert set(leaf.slots) <= set(words.slot_names)
        known = {*leaf.slots, "brand", "line", "style", "code"}
        sentences = [s for style in leaf.styles for pair in style.sentences for s in pair]
        for text in [*leaf.title, *leaf.details[0], *leaf.details[1], *sentences]:
            assert {name for _, name, _, _ in string.Formatter().parse(text) if name} <= known
        assert all(set(style.likes) <= interests for style in leaf.styles)
    for owner in [*words.archetypes]:
        assert set(owner.likes) <= interests
        assert owner.tone in set(words.tones.values())
    for brand in words.brands:
        assert set(brand.sells) <= leaves
        assert set(brand.flair) <= interests


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_two_items_share_a_title(language):
    small = shop(language=language).dataset.items[c.TITLE]
    large = shop(language=language, n_items=3000, n_users=50).dataset.items[c.TITLE]
    assert small.n_unique() == len(small)
    assert large.n_unique() == len(large)
