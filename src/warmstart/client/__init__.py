"""Ask a warmstart service from Python: `Client`, and `AsyncClient` with the same methods."""

from __future__ import annotations

from warmstart.client.asynchronous import AsyncClient
from warmstart.client.problems import ProblemError, UnreachableError
from warmstart.client.results import Answer, Onboarded, Reason, ScoredItem, Taken
from warmstart.client.synchronous import Client

__all__ = [
    "Answer",
    "AsyncClient",
    "Client",
    "Onboarded",
    "ProblemError",
    "Reason",
    "ScoredItem",
    "Taken",
    "UnreachableError",
]
