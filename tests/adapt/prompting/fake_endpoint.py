"""A server on this machine that plays the OpenAI chat protocol, as told."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from warmstart.adapt.prompting.nearest import NearestExampleModel
from warmstart.roles.language_model import Prompt

Play = Callable[["Handler", dict[str, Any]], None]


def repeated(messages: list[dict[str, str]]) -> str:
    """What the model that repeats the nearest example says."""
    turns = [turn["content"] for turn in messages if turn["role"] != "system"]
    solved = tuple(zip(turns[:-1:2], turns[1:-1:2], strict=True))
    return NearestExampleModel().complete([Prompt(rules="", question=turns[-1], examples=solved)])[0]


def says(text: str | None = None, *, usage: Any = (7, 3)) -> Play:
    """A proper completion: this text, or the answer of the nearest example."""

    def play(handler: Handler, asked: dict[str, Any]) -> None:
        content = repeated(asked["messages"]) if text is None else text
        reply: dict[str, Any] = {"choices": [{"message": {"role": "assistant", "content": content}}]}
        if usage:
            reply["usage"] = {"prompt_tokens": usage[0], "completion_tokens": usage[1]}
        handler.send(200, json.dumps(reply).encode())

    return play


def sends(status: int, raw: bytes = b"{}", **headers: str) -> Play:
    """Any reply."""
    return lambda handler, _: handler.send(status, raw, **headers)


def hangs(handler: Handler, _: dict[str, Any]) -> None:
    """No reply for as long as the test lasts."""
    handler.fake.over.wait(60)


def hangs_up(handler: Handler, _: dict[str, Any]) -> None:
    """Half a reply."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{")


class FakeEndpoint:
    """Plays `plays` in turn, the last one for ever; `seen` keeps what was asked, `keys` with which key."""

    def __init__(self) -> None:
        self.plays: list[Play] = [says()]
        self.seen: list[dict[str, Any]] = []
        self.keys: list[str | None] = []
        self.paths: list[str] = []
        self.over = threading.Event()
        self.lock = threading.Lock()
        self.url = ""


class Handler(BaseHTTPRequestHandler):
    fake: FakeEndpoint

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with self.fake.lock:
            self.fake.seen.append(asked)
            self.fake.keys.append(self.headers["Authorization"])
            self.fake.paths.append(self.path)
            play = self.fake.plays.pop(0) if len(self.fake.plays) > 1 else self.fake.plays[0]
        play(self, asked)

    def send(self, status: int, raw: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(raw)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(raw)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@contextmanager
def fake_endpoint() -> Iterator[FakeEndpoint]:
    """A running server on a port of its own."""
    fake = FakeEndpoint()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Own", (Handler,), {"fake": fake}))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    fake.url = f"http://127.0.0.1:{server.server_port}/v1"
    try:
        yield fake
    finally:
        fake.over.set()
        server.shutdown()
        thread.join()
        server.server_close()


class FakeClock:
    """Time that passes only by waiting."""

    def __init__(self) -> None:
        self.time = 0.0
        self.waits: list[float] = []

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.time += seconds
