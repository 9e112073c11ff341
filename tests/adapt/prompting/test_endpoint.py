"""An OpenAI-compatible server that answers, stumbles, lies and hangs."""

import json

import numpy as np
import pytest

from tests.adapt.prompting.fake_endpoint import FakeClock, fake_endpoint, hangs, hangs_up, says, sends
from warmstart.adapt.prompting.answer_cache import AnswerCache, answer_key
from warmstart.adapt.prompting.budget import Meter, estimated_tokens
from warmstart.adapt.prompting.choose import choose_language_model
from warmstart.adapt.prompting.endpoint import EndpointLanguageModel
from warmstart.adapt.prompting.gated import GatedClassifier, PromptingWarning
from warmstart.core.artifact import read_state, write_state
from warmstart.core.errors import ConfigError
from warmstart.encoders.cache import CacheWarning
from warmstart.roles.language_model import BudgetError, LanguageModelError, Prompt, Usage
from warmstart.testing import WordEncoder

ASKED = Prompt(
    rules="Label it.", question="<<<kettle>>>", lead="Label:", examples=(("<<<tent>>>", "camp"),)
)
CHINESE = Prompt(
    rules="归类。", question="<<<煎锅>>>", lead="标签：", joint="", examples=(("帐篷", "露营"),)
)
KEY = "sk-secret-of-the-shop"


@pytest.fixture
def server(monkeypatch):
    with fake_endpoint() as fake:
        monkeypatch.setenv("WARMSTART_LLM_URL", fake.url)
        monkeypatch.setenv("WARMSTART_LLM_KEY", KEY)
        monkeypatch.setenv("WARMSTART_LLM_MODEL", "tiny")
        monkeypatch.setenv("no_proxy", "*")
        yield fake


def endpoint(**settings):
    model = EndpointLanguageModel(**settings)
    model.use_clock(FakeClock())
    return model


def test_a_question_goes_out_as_a_chat_and_the_answer_comes_back(server):
    model = endpoint()
    assert model.complete([ASKED, CHINESE], max_tokens=9) == ["camp", "露营"]
    first = next(body for body in server.seen if "Label it." in body["messages"][0]["content"])
    assert first == {
        "model": "tiny",
        "temperature": 0,
        "stream": False,
        "max_tokens": 9,
        "messages": [
            {"role": "system", "content": "Label it."},
            {"role": "user", "content": "<<<tent>>>\nLabel:"},
            {"role": "assistant", "content": "camp"},
            {"role": "user", "content": "<<<kettle>>>\nLabel:"},
        ],
    }
    assert server.keys == [f"Bearer {KEY}"] * 2
    assert server.paths == ["/v1/chat/completions"] * 2
    assert (model.usage.calls, model.usage.prompt_tokens, model.usage.answer_tokens) == (2, 14, 6)


def test_answers_keep_the_order_of_the_questions_and_nothing_is_asked_twice(server):
    server.plays = [lambda handler, asked: says(asked["messages"][-1]["content"])(handler, asked)]
    prompts = [Prompt(rules="", question=f"number {i % 7}") for i in range(20)]
    assert endpoint(concurrency=3).complete(prompts) == [prompt.question for prompt in prompts]
    assert len(server.seen) == 7


@pytest.mark.parametrize(
    "stumble", [sends(429), sends(500), sends(503), sends(200, b"{"), sends(200, b"[]"), hangs_up],
    ids=["429", "500", "503", "half", "list", "hung-up"],
)  # fmt: skip
def test_a_stumble_is_tried_again(server, stumble):
    server.plays = [stumble, stumble, says("camp")]
    model = endpoint()
    assert model.complete([ASKED]) == ["camp"]
    assert len(server.seen) == model.usage.calls == 3
    first, second = model._clock.waits
    assert 0.75 <= first < 1.25
    assert second == 2 * first


def test_the_server_may_say_how_long_to_wait(server):
    server.plays = [sends(429, Retry_After="17"), sends(429, Retry_After="9999"), says("camp")]
    model = endpoint()
    assert model.complete([ASKED]) == ["camp"]
    assert model._clock.waits == [17.0, 60.0]


def test_a_server_that_hangs_is_given_up(server):
    server.plays = [hangs]
    with pytest.raises(LanguageModelError, match="timed out"):
        endpoint(timeout=0.05, retries=1).complete([ASKED])
    assert len(server.seen) == 2


def test_after_the_last_try_the_error_says_what_was_found(server):
    server.plays = [sends(200, b'{"choices": []}')]
    with pytest.raises(LanguageModelError, match="a damaged reply") as caught:
        endpoint(retries=2).complete([ASKED])
    assert len(server.seen) == 3
    assert "choices" in caught.value.found


@pytest.mark.parametrize(
    ("status", "advice"), [(401, "WARMSTART_LLM_KEY"), (404, "WARMSTART_LLM_URL"), (400, "body")]
)
def test_a_refusal_is_not_tried_again_and_tells_no_key(server, status, advice):
    server.plays = [sends(status, f'{{"error": "wrong key {KEY}"}}'.encode())]
    with pytest.raises(LanguageModelError, match=f"status {status}") as caught:
        endpoint(concurrency=1).complete([ASKED, CHINESE])
    assert len(server.seen) == 1
    assert advice in caught.value.todo
    assert KEY not in str(caught.value)


def test_no_redirect_is_followed(server):
    with fake_endpoint() as other:
        server.plays = [sends(307, Location=f"{other.url}/chat/completions")]
        with pytest.raises(LanguageModelError, match="status 307"):
            endpoint().complete([ASKED])
        assert other.seen == []


def test_a_server_that_declines_gives_an_empty_answer(server):
    server.plays = [sends(200, b'{"choices": [{"message": {"content": null}}]}')]
    assert endpoint().complete([ASKED]) == [""]


def test_a_server_that_counts_nothing_is_counted_by_estimate(server):
    server.plays = [says("camp", usage=None)]
    model = endpoint()
    model.complete([ASKED], max_tokens=5)
    assert (model.usage.prompt_tokens, model.usage.answer_tokens) == (estimated_tokens(ASKED.text), 5)


@pytest.mark.parametrize(
    ("limit", "what"),
    [
        ({"max_calls": 3}, "3 calls"),
        ({"max_total_tokens": 60}, "60 tokens"),
        ({"max_cost": 0.00005, "price_prompt": 1.0, "price_answer": 1.0}, "5e-05 cost"),
    ],
)
def test_a_limit_stops_before_it_is_passed(server, limit, what):
    model = endpoint(concurrency=1, **limit)
    prompts = [Prompt(rules="", question=f"a question, number {i}") for i in range(50)]
    with pytest.raises(BudgetError, match=f"at most {what}"):
        model.complete(prompts, max_tokens=4)
    assert 3 <= len(server.seen) == model.usage.calls < 10
    assert model.usage.tokens <= 60
    assert model.usage.cost <= 0.00005


def test_limits_hold_for_the_life_of_the_model_and_retries_count(server):
    server.plays = [sends(500), says("camp")]
    model = endpoint(max_calls=3)
    model.complete([ASKED])
    model.complete([CHINESE])
    with pytest.raises(BudgetError, match="3 calls"):
        model.complete([ASKED])


def test_no_wait_goes_beyond_the_time_limit(server):
    server.plays = [sends(429, Retry_After="50")]
    model = endpoint(max_seconds=60.0)
    with pytest.raises(BudgetError, match="at most 60 seconds"):
        model.complete([ASKED])
    assert model._clock.waits == [50.0]


def test_what_is_reserved_counts_until_it_is_settled():
    meter = Meter(Usage(), max_tokens=100, clock=FakeClock())
    meter.reserve(40, 10)
    with pytest.raises(BudgetError):
        meter.reserve(40, 11)
    meter.settle((40, 10), (5, 5))
    meter.reserve(40, 11)
    assert (meter.usage.calls, meter.usage.tokens) == (2, 10)


def test_answers_are_kept_on_disk_by_model_prompt_and_settings(server, monkeypatch, tmp_path):
    monkeypatch.setenv("WARMSTART_CACHE", str(tmp_path))
    assert endpoint(cache=True).complete([ASKED]) == ["camp"]
    again = endpoint(cache=True)
    assert again.complete([ASKED, ASKED]) == ["camp", "camp"]
    assert (again.usage.calls, again.usage.cached, len(server.seen)) == (0, 2, 1)
    endpoint(cache=True).complete([ASKED], max_tokens=5)
    endpoint(cache=True, model="other").complete([ASKED])
    endpoint(cache=True).complete([ASKED.shortened()])
    endpoint().complete([ASKED])
    assert len(server.seen) == 5
    assert (tmp_path / "answers.sqlite").stat().st_mode & 0o077 == 0
    assert b"kettle" not in (tmp_path / "answers.sqlite").read_bytes()


def test_no_failure_is_kept_and_what_came_before_it_is(server, monkeypatch, tmp_path):
    monkeypatch.setenv("WARMSTART_CACHE", str(tmp_path))
    server.plays = [says("camp"), sends(400)]
    with pytest.raises(LanguageModelError):
        endpoint(cache=True, concurrency=1).complete([ASKED, CHINESE])
    server.plays = [says("露营")]
    model = endpoint(cache=True)
    assert model.complete([ASKED, CHINESE]) == ["camp", "露营"]
    assert (model.usage.calls, model.usage.cached) == (1, 1)


def test_the_cache_is_bounded_and_survives_damage(tmp_path):
    cache = AnswerCache(tmp_path / "a.sqlite", max_bytes=30_000)
    keys = [answer_key("m", ASKED, {"n": n}) for n in range(24)]
    for key in keys:
        cache.put(key, "长" * 700)
    assert keys[-1] in cache.get(keys)
    assert keys[0] not in cache.get(keys)
    assert cache.path.stat().st_size < 50_000
    cache.path.write_bytes(b"no database" * 999)
    with pytest.warns(CacheWarning, match="damaged"):
        assert cache.get(keys) == {}
    cache.put(keys[0], "a")
    assert cache.get(keys) == {keys[0]: "a"}
    with pytest.warns(CacheWarning, match="cannot be used"):
        AnswerCache(tmp_path).put(keys[0], "a")


def test_likelihoods_come_from_the_echo_where_the_server_has_it(server, monkeypatch, tmp_path):
    monkeypatch.setenv("WARMSTART_CACHE", str(tmp_path))

    def echo(handler, asked):
        whole = asked["prompt"]
        told = {
            "text_offset": [*range(len(whole)), len(whole)],
            "token_logprobs": [None, *(-0.5 for _ in whole[1:]), -9.0],
        }
        handler.send(200, json.dumps({"choices": [{"text": whole, "logprobs": told}]}).encode())

    server.plays = [echo]
    model = endpoint(likelihoods=True, cache=True)
    np.testing.assert_allclose(model.score(ASKED, ["camp", "kitchen"]), [-2.5, -4.0])
    np.testing.assert_allclose(model.score(ASKED, ["camp", "kitchen"]), [-2.5, -4.0])
    assert server.paths == ["/v1/completions"] * 2
    server.plays = [sends(200, b'{"choices": [{"text": "a"}]}')]
    with pytest.raises(ConfigError, match="echoes log-likelihoods"):
        model.score(CHINESE, ["a"])
    with pytest.raises(ConfigError, match="tells likelihoods"):
        endpoint().score(ASKED, ["a"])


@pytest.mark.parametrize(
    "address", ["", "localhost:11434", "ftp://a/v1", "http://u:p@localhost/v1", "http://shop.example/v1"]
)
def test_an_address_that_is_none_or_would_show_the_key_is_refused(server, monkeypatch, address):
    monkeypatch.setenv("WARMSTART_LLM_URL", address)
    with pytest.raises(ConfigError):
        endpoint().complete([ASKED])
    assert server.seen == []


def test_settings_that_make_no_sense_are_refused(monkeypatch):
    monkeypatch.delenv("WARMSTART_LLM_MODEL", raising=False)
    for settings in ({"concurrency": 0}, {"retries": -1}, {"timeout": 0.0}, {"max_cost": 1.0}):
        with pytest.raises(ConfigError):
            EndpointLanguageModel(**settings)
    with pytest.raises(ConfigError, match="WARMSTART_LLM_MODEL"):
        EndpointLanguageModel().complete([ASKED])
    with pytest.raises(ConfigError, match="no_such"):
        choose_language_model("endpoint", no_such=1)


def test_fields_can_be_added_to_requests_and_removed(server):
    model = endpoint(body={"max_tokens": None, "max_completion_tokens": 64})
    model.complete([ASKED])
    assert "max_tokens" not in server.seen[0]
    assert server.seen[0]["max_completion_tokens"] == 64
    assert model.identity != endpoint().identity


TEXTS = [f"{word} {other}" for word in ("parcel", "refund", "包裹") for other in "abcdefgh"]
LABELS = [label for label in ("delivery", "money", "物流") for _ in range(8)]


def test_a_classifier_asks_the_server_and_does_without_it_where_there_is_none(
    server, monkeypatch, tmp_path
):
    def fitted():
        return GatedClassifier(
            cheap="prior", cheap_settings={}, language_model_settings={"retries": 0, "max_calls": 30}
        )

    encoder = WordEncoder().fit(TEXTS)
    classifier = fitted().fit(TEXTS, LABELS, encoder=encoder)
    assert classifier.verdict.use, classifier.explain()
    assert classifier.predict(["my parcel", "我的包裹"]) == ["delivery", "物流"]
    assert len(server.seen) == len(TEXTS) + 2
    write_state(tmp_path, classifier.get_state())
    with pytest.warns(PromptingWarning, match="at most 30 calls"):
        assert classifier.predict([f"refund {n}" for n in range(9)]) == ["delivery"] * 9
    server.plays = [sends(500)]
    loaded = fitted()
    loaded.set_state(read_state(tmp_path))
    loaded.use_encoder(encoder)
    with pytest.warns(PromptingWarning, match="status 500"):
        assert loaded.predict(["my refund"]) == ["delivery"]
    monkeypatch.delenv("WARMSTART_LLM_URL")
    with pytest.warns(PromptingWarning, match="WARMSTART_LLM_URL"):
        assert loaded.predict(["my refund"]) == ["delivery"]
    with pytest.raises(ConfigError, match="WARMSTART_LLM_URL"):
        fitted().fit(TEXTS, LABELS, encoder=encoder)


def test_the_key_is_in_no_setting_and_no_identity(server):
    assert KEY not in f"{endpoint().settings()} {endpoint()} {endpoint().identity}"
