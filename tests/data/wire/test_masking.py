"""Personal data is masked, and nothing else is."""

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from warmstart.data.wire.masking import mask, mask_value, masked_event
from warmstart.data.wire.records import EventIn

chinese = st.text(
    st.sampled_from("的一是在不了有和人这中大为上个国我以要他，。！？「」茶壶红色便宜好用"), max_size=30
)
prose = st.text(st.characters(exclude_categories=["Cs", "Nd"], exclude_characters="@:"), max_size=40)
signs = st.text(st.sampled_from("0123456789 -+.@:()/aXde１３＠茶"), max_size=60)


def luhn_digit(digits: str) -> str:
    total = 0
    for i, digit in enumerate(reversed(digits)):
        number = int(digit) * (2 if i % 2 == 0 else 1)
        total += number - 9 if number > 9 else number
    return str(-total % 10)


@st.composite
def cards(draw):
    body = draw(st.sampled_from("23456")) + draw(st.text("0123456789", min_size=12, max_size=17))
    number = body + luhn_digit(body)
    size = draw(st.sampled_from([0, 4, 5]))
    if not size:
        return number
    return draw(st.sampled_from(" -")).join(number[i : i + size] for i in range(0, len(number), size))


@st.composite
def resident_ids(draw):
    day = draw(st.dates(min_value=date(1920, 1, 1)))
    body = f"110105{day:%Y%m%d}{draw(st.integers(0, 999)):03d}"
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    remainder = sum(w * int(d) for w, d in zip(weights, body, strict=True)) % 11
    return body + "10X98765432"[remainder]


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("write to ann.lee+shop@mail.example.co.uk.", "write to [email]."),
        ("邮箱zhang_wei@qq.com谢谢", "邮箱[email]谢谢"),
        ("ｚｈａｎｇ＠ｑｑ．ｃｏｍ", "[email]"),
        ("card 4111 1111 1111 1111 exp 12/27", "card [card] exp 12/27"),
        ("5500-0000-0000-0004", "[card]"),
        ("amex 378282246310005", "amex [card]"),
        ("卡号4111111111111111。", "卡号[card]。"),
        ("4111 1111 1111 1111 123", "[card] 123"),
        ("IBAN DE89 3704 0044 0532 0130 00 please", "IBAN [iban] please"),
        ("gb82west12345698765432", "[iban]"),
        ("身份证11010519491231002X", "身份证[id]"),
        ("from 192.168.0.17, twice", "from [ip], twice"),
        ("2001:db8:85a3::8a2e:370:7334", "[ip]"),
        ("手机13800138000", "手机[phone]"),
        ("１３８００１３８０００", "[phone]"),
        ("+86 138 0013 8000", "[phone]"),
        ("call +49 (30) 1234-5678 now", "call [phone] now"),
        ("0049 170 1234567", "[phone]"),
        ("(555) 123-4567 or 555-123-4567", "[phone] or [phone]"),
        ("Tel. 030 12345678", "Tel. [phone]"),
        ("座机010-88886666", "座机[phone]"),
    ],
)
def test_personal_data_is_masked(text, masked):
    assert mask(text) == masked


@pytest.mark.parametrize(
    "text",
    [
        "iPhone 15 Pro Max 256GB",
        "EAN 4006381333931",
        "ISBN 978-3-16-148410-0",
        "1920x1080 144 Hz, 100-240 V, 50/60 Hz",
        "firmware v1.2.3.4 and 1.2.3",
        "at 10:30:45 on 2026-03-01",
        "MAC aa:bb:cc:dd:ee:ff, ratio 16:9, std::vector",
        "10.5 x 20.25 x 3.125 cm",
        "@nike #shoes 50 @ 20",
        "红色茶壶 500毫升 2只装 ￥39.90",
        "4111 1111 1111 1112",
        "GB83WEST12345698765432",
        "110105194912310021",
        "999.168.0.17",
        "part no. 555-1234",
        "Zyxel ZyWALL 91-004-757001B wired router",
    ],
)
def test_what_only_looks_like_it_stays(text):
    assert mask(text) == text


@given(prose)
def test_text_without_digits_and_addresses_stays(text):
    assert mask(text) == text


@given(chinese)
def test_chinese_text_stays(text):
    assert mask(text) == text


@given(signs | st.text(max_size=60))
@settings(max_examples=300)
def test_masking_twice_changes_nothing_more(text):
    assert mask(mask(text)) == mask(text)


@given(card=cards(), before=chinese, after=chinese)
def test_no_valid_card_survives(card, before, after):
    assert mask(f"{before}{card}{after}") == f"{before}{mask(card)}{after}"
    assert len([sign for sign in mask(card) if sign.isdigit()]) < 5 or len(set(card)) == 1


@given(code=resident_ids(), before=chinese)
def test_no_resident_id_survives(code, before):
    assert mask(before + code) == before + "[id]"


@given(st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True), chinese)
def test_no_chinese_mobile_number_survives(number, around):
    assert mask(around + number + around) == f"{around}[phone]{around}"


@given(st.ip_addresses(v=4).map(str))
def test_no_ipv4_address_survives(address):
    assert mask(f"from {address} today") == "from [ip] today"


def test_the_texts_of_an_event_are_masked_and_its_ids_stay():
    event = EventIn(
        user_id="13800138000",
        query="订单 ann@example.com",
        item_id="4111111111111111",
        context={"note": ["a@b.de", 5]},
        properties={"x": {"phone": "13800138000"}},
    )
    masked = masked_event(event)
    assert (masked.user_id, masked.item_id) == (event.user_id, event.item_id)
    assert (masked.query, masked.context) == ("订单 [email]", {"note": ["[email]", 5]})
    assert mask_value(masked.properties) == {"x": {"phone": "[phone]"}}


@pytest.mark.parametrize("sign", ["1", "1 ", "a.", "a@", ":1", "+1", "DE89", "0-", "01-"])
def test_long_text_of_one_sign_is_read_to_its_end_and_stays(sign):
    assert mask(sign * 10_000) == sign * 10_000
