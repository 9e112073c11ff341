"""Where the time of a request went, for OpenTelemetry."""

from __future__ import annotations

import os
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any, Final

from warmstart.core.extras import load_extra

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

ENDPOINT_VARIABLES: Final = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
"""Of these names (OpenTelemetry's own) at least one must be set for traces to be sent."""
_NAME: Final = "warmstart"
_QUIET: Final = frozenset({"/healthz", "/readyz", "/metrics"})


def is_asked_for() -> bool:
    """Whether the environment names somebody who wants traces."""
    return any(os.environ.get(name) for name in ENDPOINT_VARIABLES)


def send_traces() -> Any:
    """Send the spans of this process from now on, in batches, over HTTP.

    Service name, headers, sampling and the like are told by OpenTelemetry's own environment variables.
    Returns the provider, which sends what is left when the process ends. Errors: `MissingExtraError`.
    """
    sdk = load_extra("opentelemetry.sdk.trace", what="traces", extra="trace")
    export = load_extra("opentelemetry.sdk.trace.export", what="traces", extra="trace")
    otlp = load_extra("opentelemetry.exporter.otlp.proto.http.trace_exporter", what="traces", extra="trace")
    resources = load_extra("opentelemetry.sdk.resources", what="traces", extra="trace")
    named = resources.Resource.create(
        {} if os.environ.get("OTEL_SERVICE_NAME") else {"service.name": _NAME}
    )
    provider = sdk.TracerProvider(resource=named)
    provider.add_span_processor(export.BatchSpanProcessor(otlp.OTLPSpanExporter()))
    Tracing.tracer = provider.get_tracer(_NAME)
    return provider


class Tracing:
    """A span around each request, with that of the caller as its parent (W3C trace context).

    Spans carry method, route and status, in the words of OpenTelemetry's conventions for HTTP; never a
    path, an id or a query.
    """

    tracer: Any = None

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if self.tracer is None or scope["type"] != "http" or scope["path"] in _QUIET:
            await self._app(scope, receive, send)
            return
        from opentelemetry.propagate import extract
        from opentelemetry.trace import SpanKind

        sent = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        method = scope["method"]
        with self.tracer.start_as_current_span(
            method, context=extract(sent), kind=SpanKind.SERVER, attributes={"http.request.method": method}
        ) as span:

            async def told(message: Message) -> None:
                if message["type"] == "http.response.start":
                    span.set_attribute("http.response.status_code", message["status"])
                await send(message)

            await self._app(scope, receive, told)
            route = getattr(scope.get("route"), "path_format", "unknown")
            span.update_name(f"{method} {route}")
            span.set_attribute("http.route", route)


def span(name: str) -> AbstractContextManager[Any]:
    """A span inside that of the request; nothing where nobody wants traces."""
    tracer = Tracing.tracer
    return nullcontext() if tracer is None else tracer.start_as_current_span(name)
