"""The question about known vulnerabilities, put to a service of the test's own."""

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from scripts import audit

Answer = Callable[[Any], bytes]


@pytest.fixture
def service() -> Iterator[Callable[[Answer], str]]:
    """Starts a service that answers as it is told, and gives its address."""
    servers = []

    def start(answer: Answer) -> str:
        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                self.send_response(200)
                self.end_headers()
                self.wfile.write(answer(body))

            def log_message(self, *_: object) -> None:
                pass

        servers.append(HTTPServer(("127.0.0.1", 0), Handler))
        threading.Thread(target=servers[-1].serve_forever, args=[0.01], daemon=True).start()
        return f"http://127.0.0.1:{servers[-1].server_port}"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def numpy_has(*ids: str) -> Answer:
    def answer(body: Any) -> bytes:
        names = [query["package"]["name"] for query in body["queries"]]
        known = [
            {"vulns": [{"id": one} for one in ids]} if name == "numpy" and ids else {} for name in names
        ]
        return json.dumps({"results": known}).encode()

    return answer


def test_a_known_vulnerability_is_named_with_its_version(service, capsys):
    assert audit.main([], service(numpy_has("GHSA-1", "GHSA-2"))) == 1
    shown = capsys.readouterr().out
    assert "numpy==" in shown
    assert "GHSA-1, GHSA-2" in shown


def test_every_pin_is_asked_about_and_nothing_else(service, capsys):
    seen = []

    def answer(body: Any) -> bytes:
        seen.append(body)
        return numpy_has()(body)

    assert audit.main([], service(answer)) == 0
    pinned = audit.pins((audit.ROOT / "constraints.txt").read_text())
    assert [(query["package"]["name"], query["version"]) for query in seen[0]["queries"]] == pinned
    assert f"{len(pinned)} versions asked about, 0 with" in capsys.readouterr().out


def test_what_was_looked_at_is_let_be(service, monkeypatch):
    monkeypatch.setattr(audit, "LET_BE", {"GHSA-1": "only on another platform"})
    assert audit.main([], service(numpy_has("GHSA-1"))) == 0
    assert audit.main([], service(numpy_has("GHSA-1", "GHSA-2"))) == 1


@pytest.mark.parametrize("answer", [b"", b"<html>", b"[]", b"{}", b'{"results": []}'])
def test_no_whole_answer_is_never_taken_for_a_good_one(service, answer, capsys):
    address = service(lambda _: answer)
    assert audit.main([], address) == 2
    assert audit.main(["--if-reachable"], address) == 0
    assert "nothing is known" in capsys.readouterr().out


def test_a_service_that_is_away_is_told(capsys):
    assert audit.main([], "http://127.0.0.1:9/") == 2
    assert "could not be asked" in capsys.readouterr().out
