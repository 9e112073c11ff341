"""A token counts only if we could have trusted whoever made it, now, and for us."""

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.serve.security.conftest import Clock
from warmstart.core.errors import ConfigError
from warmstart.serve.security.errors import Refused
from warmstart.serve.security.tokens import TokenReader

jwt = pytest.importorskip("jwt", reason="needs the extra 'serve'")

SECRET = "a-secret-for-tests-of-32-bytes-and-more"
OTHER = "another-secret-of-32-bytes-and-some-more"
CLAIMS = {"exp": 2000, "tenant": "shop", "scope": "read write"}


def signed(claims=None, *, secret=SECRET, algorithm="HS256", **more) -> str:
    return jwt.encode(CLAIMS | (claims or {}) | more, secret, algorithm=algorithm)


def raw(header: bytes, payload: bytes = b"{}", signature: bytes = b"") -> str:
    parts = (base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in (header, payload, signature))
    return ".".join(parts)


def reader(audience: str | None = None, leeway: float = 0.0, now: float = 1000.0) -> TokenReader:
    return TokenReader(SECRET, audience=audience, leeway=leeway, clock=Clock(now))


def test_a_good_token_speaks_for_its_tenant_and_scopes():
    caller = reader().read(signed())
    assert caller.tenant == "shop"
    assert caller.scopes == {"read", "write"}


def test_words_that_are_no_scopes_are_passed_over():
    assert reader().read(signed(scope="openid  read\tprofile")).scopes == {"read"}


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"exp": 1000}, "has ended"),
        ({"exp": "2000"}, "no time"),
        ({"exp": True}, "no time"),
        ({"exp": None}, "without 'exp'"),
        ({"exp": float("nan")}, "no time"),
        ({"exp": 10**400}, "no time"),
        ({"exp": [2000]}, "no time"),
        ({"nbf": 1001}, "has not begun"),
        ({"nbf": "soon"}, "no time"),
        ({"tenant": None}, "without a 'tenant'"),
        ({"tenant": "../other"}, "without a 'tenant'"),
        ({"tenant": ["shop"]}, "without a 'tenant'"),
        ({"scope": None}, "without a 'scope'"),
        ({"scope": ["read"]}, "without a 'scope'"),
        ({"scope": "openid"}, "without a 'scope'"),
        ({"aud": "somebody-else"}, "meant for somebody else"),
        ({"sub": 7}, "not signed as it should be"),
    ],
)
def test_a_token_with_a_wrong_claim_is_refused(wrong, reason):
    with pytest.raises(Refused, match=reason):
        reader().read(signed(wrong))


@pytest.mark.parametrize("missing", ["exp", "tenant", "scope"])
def test_a_token_without_a_claim_is_refused(missing):
    claims = {name: value for name, value in CLAIMS.items() if name != missing}
    with pytest.raises(Refused, match=f"without .*'{missing}'"):
        reader().read(jwt.encode(claims, SECRET, algorithm="HS256"))


@pytest.mark.parametrize("algorithm", ["HS384", "HS512"])
def test_another_algorithm_is_refused_though_the_secret_is_right(algorithm):
    secret = SECRET * 2
    token = jwt.encode(CLAIMS, secret, algorithm=algorithm)
    assert jwt.decode(token, secret, algorithms=[algorithm], options={"verify_exp": False})
    with pytest.raises(Refused, match="not signed"):
        TokenReader(secret, clock=Clock()).read(token)


@pytest.mark.parametrize("name", ["none", "None", "NONE", "nOnE", ""])
def test_a_token_that_names_no_algorithm_is_refused(name):
    payload = json.dumps(CLAIMS).encode()
    for signature in (b"", b"x"):
        with pytest.raises(Refused, match="not signed"):
            reader().read(raw(json.dumps({"alg": name, "typ": "JWT"}).encode(), payload, signature))


def test_a_token_that_brings_its_own_key_is_refused():
    evil = base64.urlsafe_b64encode(OTHER.encode()).decode()
    headers = {"jwk": {"kty": "oct", "k": evil}, "kid": "../../dev/null", "jku": "http://127.0.0.1/keys"}
    with pytest.raises(Refused, match="not signed"):
        reader().read(jwt.encode(CLAIMS, OTHER, algorithm="HS256", headers=headers))


@given(st.data())
def test_a_token_with_one_character_changed_is_refused(data):
    token = signed()
    # The last character of each part may hold bits that mean nothing, so the others are changed.
    ends = [i for i, char in enumerate(token) if char == "." or i + 1 == len(token) or token[i + 1] == "."]
    place = data.draw(st.integers(0, len(token) - 1).filter(lambda i: i not in ends))
    other = data.draw(st.sampled_from("ABCDabcd0123-_. \0ü").filter(lambda c: c != token[place]))
    with pytest.raises(Refused):
        reader().read(token[:place] + other + token[place + 1 :])


@given(st.text(max_size=200) | st.binary(max_size=60).map(lambda body: raw(body, body, body)))
def test_nothing_made_up_is_read(text):
    with pytest.raises(Refused):
        reader().read(text)


@pytest.mark.parametrize(
    "token",
    [
        raw(b"[" * 4000),
        raw(b'{"alg":"HS256"}', b"[" * 4000),
        raw(b'{"alg":' + b"9" * 5000 + b"}"),
        "a" * 10_000,
        "\ud800.\ud800.\ud800",
        "..",
        "",
    ],
)
def test_a_token_that_would_trip_a_parser_is_refused(token):
    with pytest.raises(Refused):
        reader().read(token)


def test_a_token_for_us_is_read_where_an_audience_is_asked_for():
    ours = reader(audience="warmstart")
    assert ours.read(signed(aud="warmstart")).tenant == "shop"
    assert ours.read(signed(aud=["billing", "warmstart"])).tenant == "shop"
    for token in (signed(), signed(aud="billing")):
        with pytest.raises(Refused, match=r"'aud'|somebody else"):
            ours.read(token)


def test_clocks_may_be_apart_by_the_leeway_and_no_more():
    token = signed(nbf=1000, exp=1010)
    assert [reader(leeway=5, now=now).read(token).tenant for now in (996, 1014)] == ["shop", "shop"]
    for now in (994, 1015):
        with pytest.raises(Refused):
            reader(leeway=5, now=now).read(token)


def test_only_the_clock_that_was_given_counts():
    assert reader(now=0).read(signed(exp=1, nbf=0)).tenant == "shop"
    with pytest.raises(Refused, match="ended"):
        reader(now=1e12).read(signed(exp=10**11))


def test_a_name_tells_callers_apart_and_tells_nobody_who_they_are():
    names = [reader().read(signed(sub=sub)).key_id for sub in ("ann@example.com", "bob", "ann@example.com")]
    assert names[0] == names[2] != names[1]
    assert all("ann" not in name for name in names)
    other = TokenReader(OTHER, clock=Clock()).read(signed(sub="bob", secret=OTHER))
    assert other.key_id != names[1]


@pytest.mark.parametrize(
    "secret", ["", "a" * 31, "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcD"]
)
def test_a_secret_that_protects_nothing_is_refused_and_not_repeated(secret):
    with pytest.raises(ConfigError) as caught:
        TokenReader(secret)
    assert not secret or secret not in str(caught.value)


def test_a_secret_is_measured_in_bytes():
    assert TokenReader("密" * 11).audience is None


def test_without_a_secret_no_token_is_read():
    with pytest.raises(Refused, match="not accepted"):
        TokenReader(None).read(signed())


def test_no_refusal_repeats_the_token():
    token = signed(exp=1)
    with pytest.raises(Refused) as caught:
        reader().read(token)
    assert all(part not in str(caught.value) for part in token.split("."))
    assert caught.value.__cause__ is None
