"""Spans of requests, where somebody wants them."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from warmstart.serve import tracing


@pytest.fixture
def spans(monkeypatch):
    """What was traced so far."""
    pytest.importorskip("opentelemetry.sdk")
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    kept = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(kept))
    monkeypatch.setattr(tracing.Tracing, "tracer", provider.get_tracer("test"))
    return kept


def test_nothing_is_traced_unless_asked_for(monkeypatch):
    for name in tracing.ENDPOINT_VARIABLES:
        monkeypatch.delenv(name, raising=False)
    assert not tracing.is_asked_for()
    with tracing.span("engine") as found:
        assert found is None


def test_a_request_is_traced_below_its_caller_and_names_nobody(shop, spans):
    traced = tracing.Tracing(shop.client.app)
    client = type(shop.client)(traced)
    parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    answer = client.get("/v1/users/ann-secret/export", headers={**shop.headers, "traceparent": parent})
    assert answer.status_code == 200
    found = {span.name: span for span in spans.get_finished_spans()}
    request = found["GET /v1/users/{user_id}/export"]
    assert request.attributes["http.response.status_code"] == 200
    assert f"{request.context.trace_id:032x}" == parent.split("-")[1]
    assert found["store"].parent.span_id == request.context.span_id
    assert not any("ann-secret" in str(span.to_json()) for span in found.values())
    client.get("/healthz")
    assert "GET /healthz" not in {span.name for span in spans.get_finished_spans()}


def test_traces_are_sent_to_whom_the_environment_names(shop, monkeypatch):
    pytest.importorskip("opentelemetry.exporter.otlp.proto.http")
    got = []

    class Collector(BaseHTTPRequestHandler):
        def do_POST(self):
            got.append((self.path, self.rfile.read(int(self.headers["content-length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_):
            pass

    with HTTPServer(("127.0.0.1", 0), Collector) as collector:
        threading.Thread(target=collector.serve_forever, daemon=True).start()
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{collector.server_port}")
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_COMPRESSION", "none")
        monkeypatch.setattr(tracing.Tracing, "tracer", None)
        assert tracing.is_asked_for()
        provider = tracing.send_traces()
        client = type(shop.client)(tracing.Tracing(shop.client.app))
        client.post("/v1/search", json={"query": "tea"}, headers=shop.headers)
        provider.shutdown()
        collector.shutdown()
    assert {path for path, _ in got} == {"/v1/traces"}
    assert any(b"POST /v1/search" in body and b"warmstart" in body for _, body in got)
