"""A language model behind an OpenAI-compatible server: vLLM, Ollama, llama.cpp, OpenAI and others."""

from __future__ import annotations

import json
import math
import os
import zlib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any
from urllib.parse import urlsplit

import numpy as np

from warmstart.adapt.prompting.budget import Clock, Meter, SystemClock, estimated_tokens
from warmstart.adapt.prompting.cached import CachedLanguageModel
from warmstart.adapt.prompting.wire import Reply, post_json
from warmstart.core.errors import ConfigError, WarmstartError
from warmstart.core.linear import FloatArray
from warmstart.roles.language_model import LanguageModelError, Prompt

URL_VARIABLE = "WARMSTART_LLM_URL"
KEY_VARIABLE = "WARMSTART_LLM_KEY"
MODEL_VARIABLE = "WARMSTART_LLM_MODEL"

_WORTH_A_RETRY = frozenset({0, 408, 409, 425, 429, 500, 502, 503, 504, 529})
_LONGEST_WAIT_S = 60.0
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


@dataclass(kw_only=True)
class EndpointLanguageModel(CachedLanguageModel):
    """Asks a server that speaks the OpenAI chat protocol, within limits on calls, tokens, money and time.

    *When to use*: with a model server of your own (vLLM, Ollama, llama.cpp), or a provider whose terms
    allow what your texts say. *When not*: for anything personal that must not leave the machine, unless
    the server is this machine.

    The address and the key come from the environment alone, WARMSTART_LLM_URL (such as
    http://localhost:11434/v1) and WARMSTART_LLM_KEY, so that no settings file can send texts or the key
    elsewhere; `model` may also come from WARMSTART_LLM_MODEL. Redirects are not followed, and a key goes
    over plain http to this machine only.

    `timeout` is in seconds per call. Busy servers, failures, lost connections and damaged replies are
    tried again up to `retries` times, with growing waits. The limits hold for as long as the component
    lives; `max_seconds` counts time spent asking. Prices are per million tokens; `max_cost` needs them.
    `body` is added to each request, None removes a field, as in {"max_tokens": None,
    "max_completion_tokens": 64} where a server wants that.
    `likelihoods` says that the server's /completions echoes log-likelihoods, as vLLM's does.

    *Needs* a server. *Cost*: what the server takes; `usage` counts it.
    """

    model: str = ""
    concurrency: int = 4
    timeout: float = 60.0
    retries: int = 4
    max_calls: int = 1000
    max_total_tokens: int = 1_000_000
    max_cost: float | None = None
    max_seconds: float = 600.0
    price_prompt: float = 0.0
    price_answer: float = 0.0
    body: dict[str, Any] = field(default_factory=dict)
    likelihoods: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        self._clock: Clock = SystemClock()
        if self.concurrency < 1 or self.retries < 0 or self.timeout <= 0:
            raise ConfigError(
                expected="concurrency of at least 1, no negative retries, a timeout above 0",
                found=f"concurrency={self.concurrency}, retries={self.retries}, timeout={self.timeout}",
                todo="Leave them out for the defaults.",
            )
        if self.max_cost is not None and not (self.price_prompt or self.price_answer):
            raise ConfigError(
                expected="prices beside 'max_cost'",
                found="none",
                todo="Set price_prompt and price_answer, per million tokens, from the provider's page.",
            )

    @property
    def can_score(self) -> bool:
        """As 'likelihoods' says."""
        return self.likelihoods

    @property
    def identity(self) -> str:
        """The model, the server, and what is added to requests."""
        added = f" with {json.dumps(self.body, sort_keys=True)}" if self.body else ""
        return f"{self._model_name} at {_address()}{added}"

    def use_clock(self, clock: Clock) -> None:
        """Take time from here, as tests do."""
        self._clock = clock
        vars(self).pop("_meter", None)

    @cached_property
    def _meter(self) -> Meter:
        return Meter(
            self.usage,
            max_calls=self.max_calls,
            max_tokens=self.max_total_tokens,
            max_cost=math.inf if self.max_cost is None else self.max_cost,
            max_seconds=self.max_seconds,
            prices=(self.price_prompt, self.price_answer),
            clock=self._clock,
        )

    @property
    def _model_name(self) -> str:
        name = self.model or os.environ.get(MODEL_VARIABLE, "")
        if not name:
            raise ConfigError(
                expected=f"the model's name on the server, in 'model' or {MODEL_VARIABLE}",
                found="none",
                todo="Name one that the server offers: curl $WARMSTART_LLM_URL/models lists them.",
            )
        return name

    def _answers(self, prompts: Sequence[Prompt], max_tokens: int) -> Iterator[str]:
        ask = partial(self._ask_unless, [], max_tokens)
        with self._meter.running(), ThreadPoolExecutor(min(self.concurrency, len(prompts))) as pool:
            try:
                yield from pool.map(ask, prompts)
            finally:
                pool.shutdown(wait=True, cancel_futures=True)

    def _ask_unless(self, failures: list[WarmstartError], max_tokens: int, prompt: Prompt) -> str:
        """After a failure nothing more is begun."""
        if failures:
            raise failures[0]
        try:
            return self._ask(prompt, max_tokens)
        except WarmstartError as error:
            failures.append(error)
            raise

    def _ask(self, prompt: Prompt, max_tokens: int) -> str:
        body = {"messages": prompt.messages(), "max_tokens": max_tokens}
        reply = self._post("/chat/completions", body, prompt.text, max_tokens)
        return str(_content(reply) or "")  # null: the server declined to answer

    def _likelihoods(self, prompt: Prompt, answers: Sequence[str]) -> FloatArray:
        with self._meter.running():
            return np.array([self._likelihood(prompt, answer) for answer in answers], dtype=np.float32)

    def _likelihood(self, prompt: Prompt, answer: str) -> float:
        """From the echo of prompt and answer, whose tokens come with log-likelihoods and places."""
        whole = f"{prompt.text}{prompt.joint}{answer}"
        body = {"prompt": whole, "max_tokens": 1, "echo": True, "logprobs": 1}
        reply = self._post("/completions", body, whole, 1)
        told = reply.payload["choices"][0].get("logprobs") or {}
        places, logs = told.get("text_offset"), told.get("token_logprobs")
        if not (isinstance(places, list) and isinstance(logs, list)):
            raise ConfigError(
                expected="a server whose /completions echoes log-likelihoods",
                found="a reply without them",
                todo="Leave 'likelihoods' out.",
            )
        inside = [
            log for place, log in zip(places, logs, strict=False) if len(prompt.text) <= place < len(whole)
        ]
        return float(sum(log for log in inside if log is not None))

    def _post(self, path: str, body: dict[str, Any], text: str, max_tokens: int) -> Reply:
        whole = {"model": self._model_name, "temperature": 0, "stream": False, **body, **self.body}
        sent = {name: value for name, value in whole.items() if value is not None}
        reserved = (estimated_tokens(text), max_tokens)
        reply = Reply(status=0, found="nothing")
        for attempt in range(self.retries + 1):
            if attempt:
                self._wait(attempt, reply, text)
            self._meter.reserve(*reserved)
            used = (0, 0)
            try:
                reply = post_json(_address() + path, _key(), sent, self.timeout)
                used = _used(reply, reserved)
            finally:
                self._meter.settle(reserved, used)
            if reply.status == 200 and _is_completion(reply):
                return reply
            if reply.status != 200 and reply.status not in _WORTH_A_RETRY:
                break
        raise LanguageModelError(
            expected=f"a completion from {_address()}",
            found=_without_key(reply.found) if reply.status != 200 else f"a damaged reply: {reply.found}",
            todo=_advice(reply.status),
        )

    def _wait(self, attempt: int, reply: Reply, text: str) -> None:
        """Before trying again: as long as the server asks, or twice as long each time, not all in step."""
        spread = 0.75 + zlib.crc32(text.encode("utf-8", "replace")) % 512 / 1024
        seconds = min(_LONGEST_WAIT_S, max(reply.retry_after, 2.0 ** (attempt - 1) * spread))
        self._meter.check_time(seconds)
        self._clock.sleep(seconds)


def _address() -> str:
    """The server's address, checked. Errors: `ConfigError`."""
    address = os.environ.get(URL_VARIABLE, "").rstrip("/")
    parts = urlsplit(address)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.query:
        raise ConfigError(
            expected=f"the address of a server in {URL_VARIABLE}, such as http://localhost:11434/v1",
            found="none" if not address else "something else",
            todo=f"Set it; the key, where one is needed, goes in {KEY_VARIABLE}.",
        )
    if _key() and parts.scheme == "http" and parts.hostname not in _LOOPBACK:
        raise ConfigError(
            expected="https for a server elsewhere that gets a key",
            found=f"http://{parts.hostname}",
            todo=f"Use https, or unset {KEY_VARIABLE}.",
        )
    return address


def _key() -> str:
    return os.environ.get(KEY_VARIABLE, "")


def _without_key(text: str) -> str:
    return text.replace(_key(), "***") if _key() else text


def _is_completion(reply: Reply) -> bool:
    """Whether there is a first choice with a text or a message in it."""
    payload = reply.payload
    choices = payload.get("choices") if isinstance(payload, dict) else None
    first = choices[0] if isinstance(choices, list) and choices else None
    return isinstance(first, dict) and ("text" in first or isinstance(first.get("message"), dict))


def _content(reply: Reply) -> Any:
    return (reply.payload["choices"][0].get("message") or {}).get("content")


def _used(reply: Reply, reserved: tuple[int, int]) -> tuple[int, int]:
    """Tokens read and written, as the server says; what it does not say counts as it was estimated."""
    if reply.status != 200:
        return 0, 0
    told = reply.payload.get("usage") if isinstance(reply.payload, dict) else None
    told = told if isinstance(told, dict) else {}
    names = ("prompt_tokens", "completion_tokens")
    counts = [
        told.get(name) if isinstance(told.get(name), int) else own
        for name, own in zip(names, reserved, strict=True)
    ]
    return int(counts[0] or 0), int(counts[1] or 0)


def _advice(status: int) -> str:
    if status in (401, 403):
        return f"Check the key in {KEY_VARIABLE}."
    if status == 404:
        return f"Check the path in {URL_VARIABLE} (it mostly ends in /v1) and the model's name."
    if status in _WORTH_A_RETRY:
        return "Check that the server runs and is not overloaded, or raise 'timeout' and 'retries'."
    return "Check the model's name, and 'body' against what the server knows."
