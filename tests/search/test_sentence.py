"""A sentence is read into what is wanted, what is refused, and what it may cost."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from warmstart.core.analysis import normalise, words
from warmstart.data.dataset import Dataset
from warmstart.data.records import Item
from warmstart.search.sentence import Wish, read_sentence
from warmstart.search.sentence_family import in_shop_words
from warmstart.search.sentence_literal import literal_texts, says, says_any
from warmstart.search.sentence_price import PriceBounds, read_price
from warmstart.search.sentence_shop import ShopWords


def prices(sentence: str) -> dict[str, float]:
    return read_sentence(sentence).price.filters()


def test_the_promised_sentences_are_read_in_both_languages():
    assert read_sentence("gift for a father who fishes, under 50, no plastic") == Wish(
        text="gift for a father fishes", without=("plastic",), price=PriceBounds(high=50.0, below=True)
    )
    assert read_sentence("送给爸爸的钓鱼礼物,50元以下,不要塑料") == Wish(
        text="送给爸爸的钓鱼礼物", without=("塑料",), price=PriceBounds(high=50.0, currency="CNY")
    )


# -- prices -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("laptop under $500 with 16 gb", {"lt": 500}),
        ("laptop below 500", {"lt": 500}),
        ("laptop less than 400", {"lt": 400}),
        ("a rod that costs less than 1.000 €", {"lt": 1000}),
        ("headphones up to 50 bucks", {"lte": 50}),
        ("no more than 50", {"lte": 50}),
        ("not over 50", {"lte": 50}),
        ("30€ max", {"lte": 30}),
        ("50 or less", {"lte": 50}),
        ("price<=50", {"lte": 50}),
        ("price < 50", {"lt": 50}),
        ("phone case for under €12,50", {"lt": 12.5}),
        ("tv over 40 inch, at least 300 dollars", {"gte": 300}),
        ("watch over 1,200.50 usd", {"gt": 1200.5}),
        ("watch for more than 2k", {"gt": 2000}),
        ("$50+ watch", {"gte": 50}),
        ("laptop between 300 and 500", {"gte": 300, "lte": 500}),
        ("perfume $20-$50", {"gte": 20, "lte": 50}),
        ("perfume from 20 to 50 euros", {"gte": 20, "lte": 50}),
        ("around 50 euros", {"gte": 40, "lte": 60}),
        ("cheaper than 30 and over 10", {"gt": 10, "lt": 30}),
        ("under 50, under 40", {"lt": 40}),
        ("a present for 50 bucks", {"lte": 50}),
        ("i have 50 euros for my dad", {"lte": 50}),
        ("fishing rod, $50", {"lte": 50}),
        ("budget 50", {"lte": 50}),
        ("gifts for women under 50", {"lt": 50}),
        ("toys for kids under 5 dollars", {"lt": 5}),
        ("price under 20 pounds", {"lt": 20}),
        ("i don't want to spend more than 50", {"lte": 50}),
        ("it must not cost more than 30 euros", {"lte": 30}),
        ("shouldn't cost less than 30", {"gte": 30}),
        ("something under twenty", {"lt": 20}),
        ("for less than fifty euros", {"lt": 50}),
        ("laptop under five hundred dollars", {"lt": 500}),
        ("不想超过一百", {"lte": 100}),
        ("耳机 100到200元", {"gte": 100, "lte": 200}),
        ("价格在50-100之间", {"gte": 50, "lte": 100}),
        ("不超过一百块的杯子", {"lte": 100}),
        ("五十元以内的礼物", {"lte": 50}),
        ("一百五以下", {"lte": 150}),
        ("两千以上的手表", {"gte": 2000}),
        ("三百块左右", {"gte": 240, "lte": 360}),
        ("耳机，预算２００", {"lte": 200}),
        ("低于80元", {"lt": 80}),
        ("耳机 under 50", {"lt": 50}),
    ],
)
def test_bounds_on_the_price_are_read(sentence: str, expected: dict[str, float]):
    assert prices(sentence) == pytest.approx(expected)


@pytest.mark.parametrize(
    "sentence",
    [
        "13 inch laptop",
        "500 ml bottle",
        "iphone 12 case",
        "windows 10",
        "sneakers size under 40",
        "size between 38 and 42",
        "24-70 lens",
        "spf 50+",
        "over-ear headphones",
        "under armour shirt",
        "toys for kids under 5",
        "skin care for women over 50",
        "tablet over 10 inch",
        "at least 2 pockets",
        "backpack with more than 3 compartments",
        "no more than 3 buttons",
        "from 2 to 4 players",
        "2 to 3 years",
        "5 stars or more",
        "rated over 4",
        "dumbbells under 20 pounds",
        "$50 gift card",
        "usb 3.0 hub",
        "4k tv",
        "13寸以下的电脑",
        "500毫升水杯",
        "身高150以下",
        "不超过50个",
        "一起用的杯子",
    ],
)
def test_other_numbers_are_left_alone(sentence: str):
    wish = read_sentence(sentence)
    assert not wish.price
    assert wish.without == ()
    assert normalise(sentence) == wish.text


def test_pounds_are_money_where_the_shop_takes_them():
    shop = ShopWords(currencies=frozenset({"GBP"}))
    assert read_sentence("dumbbells under 20 pounds", shop).price.filters() == {"lt": 20}


@given(
    st.integers(1, 99_999),
    st.sampled_from(["under {}", "{} or less", "at most {} euros", "{}元以下", "最多{}块"]),
)
def test_any_amount_is_read_as_it_stands(amount: int, form: str):
    assert prices(f"tea, {form.format(amount)}, no sugar") in ({"lt": amount}, {"lte": amount})


@given(st.floats(0, 1e6), st.floats(0, 1e6), st.floats(0, 1e6), st.booleans(), st.booleans())
def test_narrowed_bounds_hold_what_both_hold(
    price: float, low: float, high: float, above: bool, below: bool
):
    first, second = PriceBounds(low=low, above=above), PriceBounds(high=high, below=below)
    both = first.narrowed(second)
    assert both.holds(price) == (first.holds(price) and second.holds(price))
    assert both == second.narrowed(first)


# -- refusals ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sentence", "text", "without"),
    [
        ("non-stick pan without lid", "non-stick pan", ("lid",)),
        ("headphones w/o cable", "headphones", ("cable",)),
        ("over-ear headphones not sony", "over-ear headphones", ("sony",)),
        ("laptops except for apple or dell", "laptops", ("apple", "dell")),
        ("phone case (no leather)", "phone case", ("leather",)),
        ("a bag, neither leather nor plastic", "a bag", ("leather", "plastic")),
        ("cups, no plastic/glass", "cups", ("plastic", "glass")),
        ("coffee without sugar, with milk", "coffee, milk", ("sugar",)),
        ("coffee without sugar but with milk", "coffee, milk", ("sugar",)),
        ("no plastic and no glass", "", ("plastic", "glass")),
        ("i don't want anything made of plastic", "", ("plastic",)),
        ("my dad doesn't like fishing", "my dad", ("fishing",)),
        ("a kettle that isn't plastic", "kettle", ("plastic",)),
        ("someone who can't live without coffee, no mugs", "someone can't live without coffee", ("mugs",)),
        ("snacks for a party, allergic to nuts", "snacks for a party", ("nuts",)),
        ("lamp, no batteries required", "lamp", ("batteries",)),
        ("anything but coffee", "", ("coffee",)),
        ("laptop that doesn't have a fan", "laptop", ("fan",)),
        ("gift no plastic under 50", "gift", ("plastic",)),
        ("无线耳机，不要苹果", "无线耳机", ("苹果",)),
        ("不要红色的杯子", "杯子", ("红色",)),
        ("杯子，不要塑料和玻璃", "杯子", ("塑料", "玻璃")),
        ("杯子，不要塑料、玻璃的", "杯子", ("塑料", "玻璃")),
        ("不含酒精的香水", "香水", ("酒精",)),
        ("没有香味的洗发水", "洗发水", ("香味",)),
        ("除了苹果以外的手机", "手机", ("苹果",)),
        ("手机，除了苹果都行", "手机", ("苹果",)),
        ("特别的礼物，别送酒", "特别的礼物", ("酒",)),
        ("无塑料玩具", "玩具", ("塑料",)),
        ("不要Apple Watch，要手表", "手表", ("apple watch",)),
        ("别送酒,送茶", "送茶", ("酒",)),
        ("gift 不要塑料, no glass", "gift", ("塑料", "glass")),
    ],
)
def test_refusals_are_taken_out(sentence: str, text: str, without: tuple[str, ...]):
    wish = read_sentence(sentence)
    assert (wish.text.removeprefix("a "), wish.without) == (text.removeprefix("a "), without)


@pytest.mark.parametrize(
    "sentence",
    [
        "sugar-free biscuits",
        "无糖饼干",
        "无线耳机",
        "no. 5 perfume",
        "chanel no 5",
        "non-stick pan",
        "no-show socks",
        "no show socks",
        "not only books",
        "nothing but chocolate",
        "last but not least a mug",
        "do not disturb sign",
        "有没有耳机",
        "不锈钢水壶",
        "非常好看的杯子",
        "特别的礼物",
        "除了茶还要杯子",
        "非转基因大豆油",
        "no",
        "without",
        "不要",
    ],
)
def test_what_only_looks_like_a_refusal_is_wanted(sentence: str):
    wish = read_sentence(sentence)
    assert wish.without == ()
    assert wish.text
    assert set("".join(words(wish.text))) <= set("".join(words(sentence)))


def test_how_much_is_told_as_not_read_and_what_it_is_about_stays():
    assert read_sentence("not too heavy laptop") == Wish(text="laptop", unread=("not too heavy",))
    assert read_sentence("手表，不要太贵的") == Wish(text="手表", unread=("不要太贵的",))
    assert read_sentence("别太贵的礼物") == Wish(text="礼物", unread=("别太贵的",))


def test_names_of_the_shop_are_no_refusals():
    shop = ShopWords(names=frozenset({"not your mother's", "无印良品", "no7"}), free_of=frozenset())
    assert read_sentence("Not Your Mother’s shampoo, no sulfates", shop).without == ("sulfates",)
    assert read_sentence("无印良品 本子", shop).without == ()
    assert read_sentence("not your mother's", shop).text == "not your mother's"


def test_free_of_something_is_a_feature_where_the_shop_offers_it_and_a_refusal_elsewhere():
    shop = Dataset.from_records(
        [Item(item_id="a", title="Sugar-free biscuits", brand="No Limits", tags=("无油",), currency="eur")]
    )
    read = ShopWords.of(shop.items)
    assert read == ShopWords(
        names=frozenset({"no limits", "无油"}),
        free_of=frozenset({"sugar", "油"}),
        currencies=frozenset({"EUR"}),
    )
    assert read_sentence("sugar-free biscuits", read).text == "sugar-free biscuits"
    assert read_sentence("plastic-free biscuits", read) == Wish(text="biscuits", without=("plastic",))


@given(st.text(alphabet=st.sampled_from("no tunder5不要除了无的和,. ()'-$元以下a"), max_size=40))
def test_any_text_is_read_without_error_and_nothing_is_invented(text: str):
    wish = read_sentence(text)
    letters = set("".join(words(text)))
    assert set("".join(words(" ".join([wish.text, *wish.without])))) <= letters | set("without")


@given(st.sampled_from(["green tea", "绿茶杯", "steel kettle 2 l", "non-stick pan"]))
def test_plain_words_stay_as_they_are(text: str):
    assert read_sentence(text) == Wish(text=text)


def test_reading_what_is_wanted_again_changes_nothing():
    wanted = read_sentence("gift for a father who fishes, under 50, no plastic").text
    assert read_sentence(wanted) == Wish(text=wanted)


def test_the_price_is_taken_out_of_the_text():
    assert read_price("rod under 50 for dad")[0].split() == ["rod", ",", "for", "dad"]


@pytest.mark.parametrize(
    ("asked", "known"),
    [
        ("fishes", "fishing"),
        ("baking", "bake"),
        ("runs", "running"),
        ("painter", "painting"),
        ("runner", "run"),
    ],
)
def test_a_word_that_the_shop_does_not_know_counts_as_a_relative_that_it_does(asked: str, known: str):
    assert in_shop_words(f"gift for {asked}", {"gift", "for", known}.__contains__).split()[-1] == known


@given(st.text(max_size=30))
def test_words_that_the_shop_knows_stay_as_they_are(text: str):
    assert in_shop_words(text, lambda word: True) == text
    assert in_shop_words(text, lambda word: False) == text


# -- what items say ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "thing", "expected"),
    [
        ("Plastic cup", "plastic", True),
        ("Made of PLASTICS", "plastic", True),
        ("No plastic, no glass", "plastic", False),
        ("Plastic-free", "plastic", False),
        ("Free of any plastic", "plastic", False),
        ("BPA-free plastic bottle", "plastic", True),
        ("Without plastic. The lid is plastic", "plastic", True),
        ("Non-plastic", "plastic", False),
        ("plasticity", "plastic", False),
        ("Apple Watch band", "apple watch", True),
        ("Apple band, watch", "apple watch", False),
        ("塑料杯", "塑料", True),
        ("不含塑料", "塑料", False),
        ("无塑料,盖子是塑料", "塑料", True),
        ("Café au lait", "cafe", True),
    ],
)
def test_an_item_says_what_it_is_unless_it_says_that_it_is_not(text: str, thing: str, expected: bool):
    assert says(text, [thing]) is expected
    assert says_any([text], [thing]) == [expected]


def test_attributes_that_are_true_are_said_too():
    frame = Dataset.from_records(
        [
            Item(
                item_id="a",
                title="Screen",
                attributes={"touch_screen": True, "hdmi": False, "material": "glass"},
            )
        ]
    ).items
    assert isinstance(frame, pl.DataFrame)
    text = literal_texts(frame)[0]
    assert [says(text, [thing]) for thing in ("touch screen", "hdmi", "glass")] == [True, False, True]


def test_a_book_is_read_like_a_sentence_and_its_rest_is_not():
    wish = read_sentence("tea under 5 " * 10_000 + ", no sugar")
    assert wish.price.filters() == {"lt": 5}
    assert wish.without == ()
    assert len(wish.text) <= 2_000
