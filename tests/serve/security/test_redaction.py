"""Whatever is logged, however it is logged, secrets and people are not in it."""

import io
import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warmstart.serve.security.redaction import _RULES, RedactionFilter, redact, redact_value

KEYS = st.from_regex(r"ws_[a-z2-7]{10}_[A-Za-z0-9_-]{43}", fullmatch=True)
SECRET_OF_KEY = slice(14, None)
AROUND = st.text(max_size=40)
KEY = "ws_abcdefghij_" + "x" * 43
PART = "x" * 43
PLACES = [
    "{}",
    "X-API-Key: {}",
    "Authorization: Bearer {}",
    "[(b'x-api-key', b'{}')]",
    '{{"headers": {{"x-api-key": "{}"}}}}',
    "GET /v1/items?api_key={}&n=10 HTTP/1.1",
    "https://{}@example.com/",
    "https://user:{}@example.com/",
    "Cookie: a=b; key={}",
    "钥匙：{}。",
    "KeyError({!r})",
    "/v1/users/{}",
]


@given(KEYS, AROUND, AROUND, st.sampled_from(PLACES))
def test_a_key_never_survives(key, before, after, place):
    shown = redact(f"{before}{place.format(key)}{after}")
    assert key not in shown
    assert key[SECRET_OF_KEY] not in shown


@given(KEYS, AROUND, st.sampled_from(["lower", "upper"]))
def test_a_key_never_survives_a_change_of_case(key, before, change):
    changed = getattr(key, change)()
    assert changed[SECRET_OF_KEY] not in redact(before + " " + changed)


WORDS = (
    "ws_abcdefghij_x",
    "ſecret",
    "PaSsWoRd",
    "toKen",
    "=",
    ": ",
    '"',
    "://",
    "@",
    "a.b",
    "/users/",
    "Bearer ",
    "eyJabcd",
)


@given(st.lists(st.sampled_from(WORDS) | st.text(max_size=5), max_size=12).map("".join))
def test_what_is_skipped_for_speed_would_have_changed_nothing(text):
    slow = text
    for _, pattern, instead in _RULES:
        slow = pattern.sub(instead, slow)
    assert redact(text) == slow


@given(st.text(max_size=300))
def test_cleaning_twice_is_cleaning_once(text):
    once = redact(text)
    assert redact(once) == once


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("Authorization: Bearer s3cretvalue", "s3cretvalue"),
        ("authorization: Basic dXNlcjpwYXNz", "dXNlcjpwYXNz"),
        ("sent Bearer s3cretvalue to them", "s3cretvalue"),
        ("{'authorization': 'Bearer a b c'}", "b c"),
        ("x-api-key: short", "short"),
        ("X-Api-Key=short", "short"),
        ("('x-api-key', 'short')", "short"),
        ("(b'cookie', b'sid=\"x\"; other=y')", "other=y"),
        ('Cookie: sid="x"; other=y', "other=y"),
        ("Set-Cookie: sid=abc; HttpOnly", "abc"),
        ('{\\"password\\": \\"hunter2\\"}', "hunter2"),
        ('{"db_password": "hunter 2"}', "hunter 2"),
        ("password='hunter 2' host=db", "hunter 2"),
        ("PGPASSWORD=hunter2 psql", "hunter2"),
        ("PGPASSWORD=密码 psql", "密码"),
        ("WARMSTART_ADMIN_KEY=hunter2", "hunter2"),
        ("WARMSTART_TOKEN_SECRET=hun,ter;2", "ter;2"),
        ("?access_token=hunter2&n=1", "hunter2"),
        ("postgresql://shop:hunter2@db:5432/shop", "hunter2"),
        ("postgresql://shop:hun@ter/2@db:5432/shop", "ter/2"),
        ("redis://:hunter2@db", "hunter2"),
        ("token eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbm4ifQ.c2ln here", "eyJzdWIiOiJhbm4ifQ"),
        ("DELETE /v1/users/ann HTTP/1.1", "ann"),
        ("GET /v1/users/ann%40shop/export", "ann"),
        ("GET /v1/users/王芳?x=1", "王芳"),
        ("GET /v1/users/merge-ann", "ann"),
        ("/v1/recommend?user_id=ann&n=3", "ann"),
        ('{"user_id": "ann smith"}', "ann smith"),
        ("visitor_id: v7", "v7"),
        ("mail to ann.smith+x@mail.example.com now", "ann"),
        ("mail to 王芳@例子.公司 now", "王芳"),
        ("?q=ann%40example.com", "ann"),
    ],
)
def test_secrets_and_people_are_taken_out_where_they_show(text, secret):
    assert secret in text
    assert secret not in redact(text)


@pytest.mark.parametrize(
    "text",
    [
        "GET /v1/items?n=10&filter=price<=100 HTTP/1.1",
        "POST /v1/users/merge HTTP/1.1",
        "POST /v1/users HTTP/1.1",
        "took 3 ms, 200 OK at 12:30:01",
        "max_tokens=512 token_count: 7",
        "http://127.0.0.1:8000/v1/search?q=red shoes",
        "secrets, passwords and tokens are never logged",
        "basic shoes for the digest of a bearer",
        "搜索：红色的鞋，价格低于100元",
        "ws_short",
    ],
)
def test_what_is_no_secret_stays(text):
    assert redact(text) == text


def test_the_name_of_a_key_stays_so_that_it_can_be_revoked():
    assert redact(f"ws_abcdefghij_{'x' * 43} was refused") == "ws_abcdefghij_[redacted] was refused"


def test_secrets_of_ones_own_are_taken_out():
    assert redact("opened with 芝麻开门!", ["芝麻开门!"]) == "opened with [redacted]"


@pytest.mark.parametrize(
    "piece",
    ["a", "://", "://a:", "@", "a@", "a.", "%40", '"', "\\", "user", "token:", "cookie ", "eyJa.", "b "],
)
def test_a_long_line_is_read_to_its_end(piece):
    """One pattern that goes back and forth, and this would take hours."""
    assert PART not in redact(piece * (60_000 // len(piece)) + " " + KEY)


def test_values_go_by_the_names_they_stand_under():
    value = {
        "Api-Key": 5,
        "session_id": "s",
        "list": [{"pwd": "x"}, ("Bearer abcdefg", b"a@b.example")],
        "n": None,
    }
    assert redact_value(value) == {
        "Api-Key": "[redacted]",
        "session_id": "[user]",
        "list": [{"pwd": "[redacted]"}, ("Bearer [redacted]", "[e-mail]")],
        "n": None,
    }


@pytest.fixture
def logged():
    """A logger, and what its handler wrote."""
    out = io.StringIO()
    handler = logging.StreamHandler(out)
    handler.addFilter(RedactionFilter(["hunter2!", None, ""]))
    logger = logging.getLogger("tests.redaction")
    logger.addHandler(handler)
    logger.propagate = False
    yield logger, out
    logger.removeHandler(handler)
    logger.propagate = True


@pytest.mark.parametrize(
    ("message", "arguments"),
    [
        (KEY, ()),
        ("key %s", (KEY,)),
        ("key %r of %d", (KEY.encode(), 3)),
        ("ws_%s_%s", ("abcdefghij", PART)),
        ("%(x)s", ({"x": KEY},)),
        ("%s", (ValueError(KEY),)),
        ("%s", ({"x": [KEY]},)),
        ("hunter2!", ()),
    ],
)
def test_a_key_is_taken_out_however_it_is_passed(logged, message, arguments):
    logger, out = logged
    logger.warning(message, *arguments)
    assert "[redacted]" in out.getvalue()
    assert PART not in out.getvalue()
    assert "hunter2!" not in out.getvalue()


def test_children_of_a_logger_are_cleaned_too(logged):
    logger, out = logged
    logger.getChild("deep").warning(KEY)
    assert "[redacted]" in out.getvalue()
    assert PART not in out.getvalue()


def test_tracebacks_are_kept_and_cleaned(logged):
    logger, out = logged
    try:
        raise ValueError(f"bad key {KEY}") from KeyError(f"password={PART}")
    except ValueError:
        logger.exception("it failed", stack_info=True)
    shown = out.getvalue()
    assert "ValueError: bad key ws_abcdefghij_[redacted]" in shown
    assert "Traceback" in shown
    assert PART not in shown


def test_no_formatter_of_another_kind_finds_the_error_itself():
    error = ValueError(KEY)
    record = logging.makeLogRecord({"msg": "m", "exc_info": (ValueError, error, None)})
    RedactionFilter().filter(record)
    assert record.exc_info is None
    assert record.exc_text == "ValueError: ws_abcdefghij_[redacted]"


def test_added_fields_are_cleaned():
    added = {"headers": {"x": KEY}, "cookie": "a", "user_id": "ann", "took": 3}
    record = logging.makeLogRecord({"msg": "m"} | added)
    assert RedactionFilter().filter(record)
    found = {name: vars(record)[name] for name in added}
    assert found == {
        "headers": {"x": "ws_abcdefghij_[redacted]"},
        "cookie": "[redacted]",
        "user_id": "[user]",
        "took": 3,
    }


def test_the_access_log_of_the_server_keeps_its_arguments():
    path = f"/v1/users/ann?api_key={KEY}"
    given_arguments = ("127.0.0.1:5000", "GET", path, "1.1", 200)
    record = logging.LogRecord(
        "uvicorn.access", logging.INFO, "", 0, '%s - "%s %s HTTP/%s" %d', given_arguments, None
    )
    RedactionFilter().filter(record)
    assert record.args == ("127.0.0.1:5000", "GET", "/v1/users/[user]?api_key=[redacted]", "1.1", 200)
