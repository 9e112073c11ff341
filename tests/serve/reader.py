"""Somebody who reads a page and does what it says: files, commands, and answers that are to come."""

from __future__ import annotations

import argparse
import json
import re
import shlex
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from typer.testing import CliRunner

from warmstart.cli.main import app as command_line
from warmstart.serve.settings import ServeSettings

if TYPE_CHECKING:
    from starlette.testclient import TestClient

_BLOCK = re.compile(
    r"(?:`(?P<file>[^`]+)`:\n\n)?^```(?P<kind>\w+)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL
)
_SERVICE = re.compile(r"^(?:localhost|127\.0\.0\.1):8000")
_KEY = re.compile(r"ws_[\w-]+")


@dataclass
class Command:
    """One command, and the items that are to come as a remark behind it says; empty where it says none."""

    words: list[str]
    comes: str = ""


@dataclass
class Block:
    """A fenced block of a page; `file` is the name that the line before it gave."""

    kind: str
    text: str
    file: str | None

    def commands(self) -> list[Command]:
        """The commands in their order; some go over several lines."""
        found, begun = list[Command](), ""
        for line in self.text.splitlines():
            said, _, remark = line.partition("  #")
            begun += said.rstrip().removesuffix("\\") + " "
            if not line.endswith("\\") and begun.count("'") % 2 == 0:
                found.append(Command(shlex.split(begun), remark.partition("→ ")[2].strip()))
                begun = ""
        return found


def blocks_of(page: str) -> list[Block]:
    """The fenced blocks of a page in their order."""
    return [Block(found["kind"], found["text"], found["file"]) for found in _BLOCK.finditer(page)]


def _curl() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="curl", exit_on_error=False)
    parser.add_argument("-s", action="store_true")
    parser.add_argument("-H", action="append", default=[])
    parser.add_argument("-X", default="")
    parser.add_argument("--json")
    parser.add_argument("--data-binary")
    parser.add_argument("url")
    return parser


class PageReader:
    """Does what stands in the blocks of a page, with a service in this process instead of a port."""

    def __init__(self) -> None:
        self._open = ExitStack()
        self.client: TestClient | None = None
        self.settings: list[ServeSettings] = []
        self.key = ""
        self.answer: Any = None

    def __enter__(self) -> PageReader:
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def obey(self, block: Block) -> None:
        """Write the file, give the commands, or compare the answer."""
        if block.kind == "sh":
            for command in block.commands():
                self.run(command.words)
                if command.comes:
                    self.compare_items(command.comes)
        elif block.kind in ("json", "text") and not block.file:
            self.compare(block)
        elif block.file:
            path = Path(block.file)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.text, encoding="utf-8")

    def run(self, words: list[str]) -> None:
        """One command. Errors: `AssertionError` for one that this reader cannot give, or that fails."""
        name = words[0]
        if name == "warmstart":
            self._warmstart(words[1:])
        elif name == "curl":
            self._ask(words[1:])
        elif name == "mv":
            self._open.close()
            Path(words[1]).rename(words[2])
        else:
            assert name in ("pip", "echo", "chmod"), f"nobody checks: {words}"

    def _warmstart(self, words: list[str]) -> None:
        if words[0] == "serve":
            self._open.close()
        found = CliRunner().invoke(command_line, words)
        assert found.exit_code == 0, found.output
        if key := _KEY.search(found.output):
            self.key = self.key or key[0]
        if words[0] == "serve":
            from starlette.testclient import TestClient

            from warmstart.serve.app import create_app

            client = TestClient(create_app(self.settings[-1]), raise_server_exceptions=False)
            self.client = self._open.enter_context(client)

    def _ask(self, words: list[str]) -> None:
        asked = _curl().parse_args(
            [part for word in words for part in (["-s", "-H"] if word == "-sH" else [word])]
        )
        assert self.client is not None
        headers = dict(head.split(": ", 1) for head in asked.H if head != "@key")
        headers["Authorization"] = f"Bearer {self.key}" if "@key" in asked.H else ""
        body, method = None, asked.X or "GET"
        if asked.json is not None:
            json.loads(asked.json)
            body, headers["Content-Type"] = asked.json.encode(), "application/json"
        elif asked.data_binary is not None:
            body = Path(asked.data_binary.removeprefix("@")).read_bytes()
        if body is not None:
            method = asked.X or "POST"
        path = _SERVICE.sub("", asked.url)
        found = self.client.request(method, path, content=body, headers=headers)
        assert found.status_code < 300, f"{words}: {found.text}"
        is_json = found.headers["content-type"] == "application/json"
        self.answer = found.json() if is_json else found.text

    def compare_items(self, shown: str) -> None:
        """The items of the answer are those of the remark."""
        found = ", ".join(item["item_id"] for item in self.answer["items"]) or "nothing"
        assert found == shown

    def compare(self, block: Block) -> None:
        """The answer is the one that the page shows; what the page leaves out may be anything."""
        if block.kind == "text":
            assert isinstance(self.answer, str)
            assert set(block.text.splitlines()) <= set(self.answer.splitlines())
        else:
            assert difference(json.loads(block.text), self.answer) == ""


def difference(shown: Any, found: Any, at: str = "") -> str:
    """Where an answer is not what was shown; empty where it is.

    Fields that are not shown may be anything, "…" at the end of a text stands for its rest, and numbers
    are the same to a hundredth.
    """
    if isinstance(shown, dict) and isinstance(found, dict):
        inner = [difference(value, found.get(name), f"{at}.{name}") for name, value in shown.items()]
        return next(filter(None, inner), "")
    if isinstance(shown, list) and isinstance(found, list):
        if len(shown) != len(found):
            return f"{at}: {len(found)} instead of {len(shown)}"
        inner = [
            difference(one, other, f"{at}[{i}]")
            for i, (one, other) in enumerate(zip(shown, found, strict=True))
        ]
        return next(filter(None, inner), "")
    if isinstance(shown, str) and shown.endswith("…") and isinstance(found, str):
        same = found.startswith(shown[:-1])
    elif isinstance(shown, float) and isinstance(found, float):
        same = abs(shown - found) <= 0.01 * max(abs(shown), 0.01)
    else:
        same = shown == found
    return "" if same else f"{at}: {found!r} instead of {shown!r}"
