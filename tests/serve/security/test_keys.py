"""Keys open what they should, for as long as they should, and are nowhere to be read."""

import hmac
import json
import os
import re
import threading
from unittest.mock import Mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.serve.security.conftest import Clock
from warmstart.core.errors import ConfigError, InputError, UnknownIdError, WarmstartError
from warmstart.roles.store import Store
from warmstart.serve.security.callers import Caller
from warmstart.serve.security.keys import KEYS, SYSTEM_TENANT, KeyRing
from warmstart.store import open_store

IMPORTED = "from-the-environment-0123456789-abc"


@pytest.fixture(scope="module")
def one() -> tuple[KeyRing, str]:
    ring = KeyRing(open_store("memory://", tenant=SYSTEM_TENANT))
    ring.import_secret(IMPORTED)
    return ring, ring.create(tenant="shop", scopes=["read"])[0]


def test_a_key_opens_its_own_tenant_with_its_own_scopes(ring: KeyRing) -> None:
    secret, key = ring.create(tenant="shop", scopes=["read", "write"], name="网店", rate=7.5)
    other, _ = ring.create(tenant="other", scopes=["admin"])
    assert re.fullmatch(r"ws_[a-z2-7]{10}_[A-Za-z0-9_-]{43}", secret)
    assert ring.verify(secret) == Caller(key.key_id, "shop", frozenset({"read", "write"}), 7.5)
    assert ring.verify(other) != ring.verify(secret)


def test_the_secret_is_nowhere_in_the_store(ring: KeyRing, store: Store) -> None:
    secret, key = ring.create(tenant="shop", scopes=["read"])
    kept = json.dumps([[record.key, record.value] for record in store.scan(KEYS)])
    assert key.key_id in kept
    assert secret.split("_", 2)[2] not in kept
    assert secret.split("_", 2)[2] not in repr(key) + json.dumps(key.as_dict())


def test_the_holder_of_a_key_is_known_by_its_id_until_it_ends(ring: KeyRing, clock: Clock) -> None:
    _, key = ring.create(tenant="shop", scopes=["admin"], expires_at=clock() + 60)
    holder = ring.holder(key.key_id)
    assert holder is not None
    assert holder[0] == key.caller
    assert ring.holder(key.key_id) == holder
    clock.now += 60
    assert ring.holder(key.key_id) is None
    assert ring.holder("nobody") is None


def test_the_mark_of_a_holder_is_another_where_the_secret_is(ring: KeyRing) -> None:
    marks = []
    for secret in (IMPORTED, IMPORTED[::-1]):
        ring.import_secret(secret)
        holder = ring.holder("environment")
        assert holder is not None
        marks.append(holder[1])
    assert marks[0] != marks[1]


def test_secrets_and_ids_never_repeat(ring: KeyRing) -> None:
    made = [ring.create(tenant="shop", scopes=["read"]) for _ in range(200)]
    assert len({secret.split("_", 2)[2] for secret, _ in made}) == 200
    assert len({key.key_id for _, key in made}) == 200


def test_an_id_that_is_taken_is_not_given_again(ring: KeyRing, monkeypatch: pytest.MonkeyPatch) -> None:
    ids = iter([b"a" * 10, b"a" * 10, b"b" * 10])
    monkeypatch.setattr("secrets.token_bytes", lambda size: next(ids) if size == 10 else os.urandom(size))
    first, _ = ring.create(tenant="shop", scopes=["read"])
    second, key = ring.create(tenant="other", scopes=["read"])
    assert first[:13] != second[:13]
    assert ring.verify(second) == key.caller
    assert ring.verify(first) is not None


@given(data=st.data())
def test_a_key_with_one_character_changed_opens_nothing(
    one: tuple[KeyRing, str], data: st.DataObject
) -> None:
    ring, secret = one
    whole = data.draw(st.sampled_from([secret, IMPORTED]))
    place = data.draw(st.integers(0, len(whole) - 1))
    other = data.draw(st.characters().filter(lambda c: c != whole[place]))
    changed = whole[:place] + other + whole[place + 1 :]
    assert ring.verify(whole) is not None
    assert ring.verify(changed) is None


@given(st.text(max_size=80) | st.from_regex(r"ws_[a-z2-7]{10}_[A-Za-z0-9_-]{43}", fullmatch=True))
def test_nothing_made_up_opens_anything(one: tuple[KeyRing, str], guess: str) -> None:
    assert one[0].verify(guess) is None


@pytest.mark.parametrize("guess", ["", "\0", "\ud800", "ws_", "ws_aaaaaaaaaa_" + "0" * 43 + "\n"])
def test_what_no_store_could_keep_opens_nothing(ring: KeyRing, guess: str) -> None:
    assert ring.verify(guess) is None


def test_an_id_with_the_secret_of_another_opens_nothing(ring: KeyRing) -> None:
    one, other = (ring.create(tenant=name, scopes=["read"])[0] for name in ("shop", "other"))
    assert ring.verify(one[:14] + other[14:]) is None


@pytest.mark.parametrize("wanted", ["right", "wrong secret", "unknown id", "no key at all"])
def test_something_is_compared_whatever_is_presented(
    ring: KeyRing, monkeypatch: pytest.MonkeyPatch, wanted: str
) -> None:
    secret, _ = ring.create(tenant="shop", scopes=["read"])
    presented = {
        "right": secret,
        "wrong secret": secret[:14] + "0" * 43,
        "unknown id": "ws_aaaaaaaaaa_" + secret[14:],
        "no key at all": "nonsense",
    }[wanted]
    compare = Mock(wraps=hmac.compare_digest)
    monkeypatch.setattr(hmac, "compare_digest", compare)
    assert (ring.verify(presented) is not None) == (wanted == "right")
    assert compare.call_count == 1


def test_a_key_ends_when_it_should_even_while_it_is_remembered(ring: KeyRing, clock: Clock) -> None:
    secret, key = ring.create(tenant="shop", scopes=["read"], expires_at=1003.0)
    assert key.expires_at == 1003.0
    assert ring.verify(secret) is not None
    clock.now = 1002.9
    assert ring.verify(secret) is not None
    clock.now = 1003.0
    assert ring.verify(secret) is None
    assert ring.list() == []


def test_a_key_that_was_revoked_stops_at_once_here_and_soon_elsewhere(
    ring: KeyRing, store: Store, clock: Clock
) -> None:
    elsewhere = KeyRing(store, lifetime=5, clock=clock, timer=clock)
    secret, key = ring.create(tenant="shop", scopes=["read"])
    assert ring.verify(secret) == elsewhere.verify(secret) is not None
    assert ring.revoke(key.key_id) == key
    assert ring.verify(secret) is None
    clock.now += 4.9
    assert elsewhere.verify(secret) is not None
    clock.now += 0.1
    assert elsewhere.verify(secret) is None


def test_a_timer_that_goes_backwards_does_not_keep_a_revoked_key_alive(
    ring: KeyRing, store: Store, clock: Clock
) -> None:
    elsewhere = KeyRing(store, lifetime=5, clock=clock, timer=clock)
    secret, key = ring.create(tenant="shop", scopes=["read"])
    assert elsewhere.verify(secret) is not None
    ring.revoke(key.key_id)
    clock.now -= 3600
    assert elsewhere.verify(secret) is None


def test_the_store_is_asked_once_while_a_key_is_remembered(
    ring: KeyRing, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret, _ = ring.create(tenant="shop", scopes=["read"])
    look = Mock(wraps=store.get)
    monkeypatch.setattr(store, "get", look)
    assert all(ring.verify(secret) for _ in range(5))
    assert look.call_count == 1


def test_ids_that_are_made_up_fill_no_memory(ring: KeyRing) -> None:
    for i in range(50):
        ring.verify(f"ws_aaaaaaaa{'abcdefghij'[i % 10]}{'abcde'[i // 10]}_{'0' * 43}")
    assert len(ring._cache) == 0


def test_what_is_remembered_is_bounded(ring: KeyRing, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("warmstart.serve.security.keys._CACHED", 3)
    made = [ring.create(tenant="shop", scopes=["read"])[0] for _ in range(6)]
    assert all(ring.verify(secret) for secret in [*made, *made])
    assert len(ring._cache) == 3


def test_keys_are_listed_in_the_order_in_which_they_were_made(ring: KeyRing, clock: Clock) -> None:
    made = []
    for name in ("till", "site", "lab"):
        made.append(ring.create(tenant="shop", scopes=["read"], name=name)[1])
        clock.now += 1
    assert list(ring.list()) == made


def test_a_key_survives_the_process(tmp_path) -> None:
    url = f"sqlite:///{tmp_path}/keys.db"
    with open_store(url, tenant=SYSTEM_TENANT) as store:
        secret, key = KeyRing(store).create(tenant="shop", scopes=["write"], rate=2)
    with open_store(url, tenant=SYSTEM_TENANT) as store:
        assert KeyRing(store).verify(secret) == key.caller


def test_a_secret_from_the_settings_is_known_to_this_process_only(ring: KeyRing, store: Store) -> None:
    key = ring.import_secret(IMPORTED, tenant="shop", scopes=["admin"])
    assert ring.verify(IMPORTED) == key.caller
    assert list(ring.list()) == [key]
    assert KeyRing(store).verify(IMPORTED) is None
    with pytest.raises(ConfigError, match="comes from the settings"):
        ring.revoke(key.key_id)


@pytest.mark.parametrize("secret", ["", "a" * 31, "a b" * 20, "钥匙" * 20, "a" * 40 + "\n"])
def test_a_weak_secret_is_refused_and_not_repeated(ring: KeyRing, secret: str) -> None:
    with pytest.raises(ConfigError, match="at least 32") as caught:
        ring.import_secret(secret)
    assert not secret or secret not in str(caught.value)


@pytest.mark.parametrize(
    "wrong",
    [
        {"tenant": SYSTEM_TENANT},
        {"tenant": "Shop"},
        {"scopes": ["everything"]},
        {"scopes": []},
        {"rate": 0},
        {"expires_at": 999.0},
        {"expires_at": float("nan")},
    ],
)
def test_a_key_that_makes_no_sense_is_not_made(ring: KeyRing, wrong) -> None:
    with pytest.raises(InputError):
        ring.create(**({"tenant": "shop", "scopes": ["read"]} | wrong))
    assert ring.list() == []


def test_revoking_what_there_is_not_says_so(ring: KeyRing) -> None:
    with pytest.raises(UnknownIdError, match="keys list"):
        ring.revoke("nobody")


def test_no_error_holds_what_was_presented(ring: KeyRing) -> None:
    secret, _ = ring.create(tenant="shop", scopes=["read"])
    with pytest.raises(WarmstartError) as caught:
        ring.revoke("x" * 600 + secret)
    assert secret not in str(caught.value)


def test_many_threads_may_ask_and_revoke(ring: KeyRing) -> None:
    made = [ring.create(tenant="shop", scopes=["read"]) for _ in range(20)]
    answers: list[bool] = []

    def ask() -> None:
        answers.extend(ring.verify(secret) is not None for _ in range(5) for secret, _ in made[:10])

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for _, key in made[10:]:
        ring.revoke(key.key_id)
    for thread in threads:
        thread.join()
    assert answers == [True] * 200
    assert [ring.verify(secret) for secret, _ in made[10:]] == [None] * 10
