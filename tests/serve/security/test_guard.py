"""One door, two headers, and no way round."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.serve.security.conftest import Clock
from warmstart.serve.security.callers import SCOPES
from warmstart.serve.security.errors import Refused, Unauthorised
from warmstart.serve.security.guard import OPEN_CALLER, Guard
from warmstart.serve.security.keys import SYSTEM_TENANT, KeyRing
from warmstart.serve.security.limits import RateLimiter
from warmstart.serve.security.tokens import TokenReader
from warmstart.store import open_store

SECRET = "a-secret-for-tests-of-32-bytes-and-more"


def made(ring: KeyRing, *, secret: str | None = None, is_open: bool = False) -> Guard:
    if secret is not None:
        pytest.importorskip("jwt", reason="needs the extra 'serve'")
    tokens = TokenReader(secret, clock=Clock())
    return Guard(ring, tokens, RateLimiter(1, 2, Clock()), open=is_open)


@pytest.fixture
def guard(ring: KeyRing) -> Guard:
    return made(ring)


@pytest.fixture
def key(ring: KeyRing) -> str:
    return ring.create(tenant="shop", scopes=["read"])[0]


def token(**claims: object) -> str:
    jwt = pytest.importorskip("jwt", reason="needs the extra 'serve'")
    return str(
        jwt.encode({"exp": 2000, "tenant": "shop", "scope": "read"} | claims, SECRET, algorithm="HS256")
    )


@pytest.mark.parametrize("scheme", ["Bearer ", "bearer ", "BEARER   ", "  Bearer "])
def test_a_key_is_taken_as_a_bearer_and_as_an_api_key(guard: Guard, key: str, scheme: str) -> None:
    assert (
        guard.who(f"{scheme}{key}", None) == guard.who(None, f" {key} ") == guard.who(f"Bearer {key}", key)
    )
    assert guard.who(None, key).tenant == "shop"


def test_a_token_is_taken_as_a_bearer_only(ring: KeyRing) -> None:
    guard = made(ring, secret=SECRET)
    assert guard.who(f"Bearer {token()}", None).tenant == "shop"
    with pytest.raises(Unauthorised, match="unknown or has ended"):
        guard.who(None, token())


def test_what_is_wrong_with_a_token_is_told(ring: KeyRing) -> None:
    with pytest.raises(Refused, match="has ended"):
        made(ring, secret=SECRET).who(f"Bearer {token(exp=10)}", None)
    with pytest.raises(Refused, match="not accepted"):
        made(ring).who(f"Bearer {token()}", None)


def test_two_different_credentials_are_refused_though_each_is_valid(
    guard: Guard, ring: KeyRing, key: str
) -> None:
    other, _ = ring.create(tenant="other", scopes=["admin"])
    for bearer, api_key in [(key, other), (other, key), (key, ""), (key, "nonsense")]:
        with pytest.raises(Unauthorised, match="two different"):
            guard.who(f"Bearer {bearer}", api_key)


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer ", "Basic YTpi", "Digest x", "{key}", "Bearer: {key}", "Token {key}"]
)
def test_a_header_of_another_kind_is_refused_whatever_else_is_sent(
    guard: Guard, key: str, header: str
) -> None:
    for api_key in (None, key):
        with pytest.raises(Unauthorised):
            guard.who(header.format(key=key), api_key)


def test_without_a_credential_the_answer_says_how_to_bring_one(guard: Guard) -> None:
    with pytest.raises(Unauthorised, match="X-API-Key") as caught:
        guard.who(None, None)
    assert (caught.value.reason, caught.value.challenge) == ("no credential", 'Bearer realm="warmstart"')


def test_a_wrong_credential_is_told_by_another_challenge(guard: Guard) -> None:
    with pytest.raises(Unauthorised) as caught:
        guard.who(None, "nonsense")
    assert caught.value.challenge.endswith('error="invalid_token"')


def test_a_key_that_was_revoked_is_told_like_one_that_never_was(
    guard: Guard, ring: KeyRing, key: str
) -> None:
    reasons = []
    ring.revoke(guard.who(None, key).key_id)
    for presented in (key, "ws_aaaaaaaaaa_" + "0" * 43):
        with pytest.raises(Unauthorised) as caught:
            guard.who(None, presented)
        reasons.append(caught.value.reason)
    assert reasons[0] == reasons[1]


def test_an_open_door_lets_in_all_without_credentials_and_no_false_ones(ring: KeyRing, key: str) -> None:
    guard = made(ring, is_open=True)
    assert guard.who(None, None) is OPEN_CALLER
    assert (OPEN_CALLER.tenant, OPEN_CALLER.scopes) == ("default", SCOPES)
    assert guard.who(None, key).tenant == "shop"
    with pytest.raises(Unauthorised):
        guard.who(None, "nonsense")


def test_nothing_opens_the_tenant_that_holds_the_keys(ring: KeyRing) -> None:
    guard = made(ring, secret=SECRET)
    with pytest.raises(Unauthorised, match="no shop"):
        guard.who(f"Bearer {token(tenant=SYSTEM_TENANT, scope='admin')}", None)


def test_each_caller_has_a_limit_and_shares_it_with_nobody(guard: Guard, ring: KeyRing, key: str) -> None:
    slow, _ = ring.create(tenant="shop", scopes=["read"], rate=0.5)
    one, other = guard.who(None, key), guard.who(None, slow)
    assert [guard.wait(one) for _ in range(3)] == [0, 0, 1]
    assert [guard.wait(other) for _ in range(2)] == [0, 2]


HEADERS = st.none() | st.text(max_size=60) | st.text(max_size=60).map(lambda text: f"Bearer {text}")
CLOSED = made(KeyRing(open_store("memory://", tenant=SYSTEM_TENANT)))
REASONS = {
    "no credential",
    "two different credentials",
    "an Authorization header that is not 'Bearer KEY'",
    "a key that is unknown or has ended",
    "a token, where tokens are not accepted",
}


@given(HEADERS, HEADERS)
def test_nothing_made_up_gets_in_and_the_reasons_are_always_the_same_words(authorization, x_api_key):
    with pytest.raises(Unauthorised) as caught:
        CLOSED.who(authorization, x_api_key)
    assert caught.value.reason in REASONS
    assert str(caught.value) == str(Unauthorised(caught.value.reason))
