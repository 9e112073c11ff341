"""Floors and peers of the service, behind the framework that it stands on; benchmarks/serve.py starts them.

PEER='{"kind": "fts5", "file": …}' uvicorn serve_peers:create --app-dir benchmarks
"""

from __future__ import annotations

import json
import os
import re
import sqlite3
from pathlib import Path
from typing import Any

import numpy as np
import orjson
from fastapi import FastAPI, Response

WORD = re.compile(r"\w+")


def create() -> FastAPI:
    """The application that PEER names."""
    peer = json.loads(os.environ["PEER"])
    app = FastAPI()
    {"bytes": _bytes, "fts5": _fts5, "implicit": _implicit}[peer["kind"]](app, Path(peer["file"]))
    return app


def _bytes(app: FastAPI, file: Path) -> None:
    """The bare framework: it reads a JSON body and gives the bytes that the service gave."""
    answers = {name: text.encode() for name, text in json.loads(file.read_text()).items()}

    @app.post("/v1/{name}")
    async def answer(name: str, asked: dict[str, Any] | list[Any]) -> Response:
        del asked  # read, as any service would have to
        return Response(answers[name], media_type="application/json")


def _fts5(app: FastAPI, file: Path) -> None:
    """SQLite's full-text index over title, brand and description, any word, best first."""
    base = sqlite3.connect(file, check_same_thread=False)

    @app.post("/v1/search")
    async def search(asked: dict[str, Any]) -> Response:
        words = " OR ".join(f'"{word}"' for word in WORD.findall(asked["query"]))
        rows = base.execute(
            "SELECT item_id, -rank FROM items WHERE items MATCH ? ORDER BY rank LIMIT ?",
            (words, asked["n"]),
        ).fetchall()
        return _listed(rows)


def _implicit(app: FastAPI, file: Path) -> None:
    """ALS of `implicit`: the user's factors times all items, without those that were seen."""
    from implicit.cpu.als import AlternatingLeastSquares
    from scipy import sparse

    kept = np.load(file, allow_pickle=False)
    seen = sparse.csr_matrix(
        (np.ones(len(kept["items"]), dtype=np.float32), (kept["users"], kept["items"])),
        shape=(len(kept["user_ids"]), len(kept["item_ids"])),
    )
    model = AlternatingLeastSquares(factors=64, iterations=10, num_threads=1, random_state=0)
    model.fit(seen, show_progress=False)
    row_of = {str(user_id): row for row, user_id in enumerate(kept["user_ids"])}
    names = [str(item_id) for item_id in kept["item_ids"]]

    @app.post("/v1/recommend")
    async def recommend(asked: dict[str, Any]) -> Response:
        row = row_of.get(asked.get("user_id", ""))
        if row is None:
            return _listed([])
        found, scores = model.recommend(row, seen[row], N=asked["n"])
        return _listed([(names[i], float(s)) for i, s in zip(found, scores, strict=True)])


def _listed(rows: list[tuple[str, float]]) -> Response:
    body = {"items": [{"item_id": item_id, "score": score} for item_id, score in rows]}
    return Response(orjson.dumps(body), media_type="application/json")
