"""Floors and peers of the service, behind the framework that it stands on; benchmarks/serve.py starts them.

PEER='{"kind": "fts5", "file": …}' uvicorn serve_peers:create --app-dir benchmarks
"""

from __future__ import annotations

import json
import os
import re
import sqlite3
import warnings
from collections.abc import Mapping, Sequence
from contextlib import closing
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
    kind, file = peer["kind"], Path(peer["file"])
    searching = {"bytes": _bytes, "fts5": _fts5, "tantivy": _tantivy}
    if kind in searching:
        searching[kind](app, file)
    else:
        _implicit(app, file, kind, peer["settings"])
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


def _tantivy(app: FastAPI, file: Path) -> None:
    """BM25 of Tantivy over the stems of title, brand and description as one text, any word, best first.

    As one text, because it finds worse on icecat where the three are fields that add up.
    """
    import tantivy

    schema = tantivy.SchemaBuilder().add_text_field("item_id", stored=True, tokenizer_name="raw")
    index = tantivy.Index(schema.add_text_field("text", tokenizer_name="en_stem").build())
    writer = index.writer(num_threads=1)
    with closing(sqlite3.connect(file)) as base:
        for item_id, *texts in base.execute("SELECT item_id, title, brand, description FROM items"):
            writer.add_document(tantivy.Document(item_id=item_id, text=" ".join(texts)))
    writer.commit()
    index.reload()
    found = index.searcher()

    @app.post("/v1/search")
    async def search(asked: dict[str, Any]) -> Response:
        words = " ".join(WORD.findall(asked["query"].lower()))
        query, _ = index.parse_query_lenient(words, ["text"])
        hits = found.search(query, asked["n"], count=False).hits
        return _listed([(found.doc(place)["item_id"][0], float(score)) for score, place in hits])


class Listing:
    """A model of `implicit`: it lists for users it was fitted on, and for events that come along.

    `kind` is "als", or the weights of item neighbours: "cosine", "tfidf" or "bm25". A stranger's factors
    are solved for when asked. Who has no event gets nothing, and so does an item without any.
    """

    def __init__(self, clicks: Mapping[str, Any], kind: str, settings: Mapping[str, Any]) -> None:
        self.seen = _rows(
            clicks["users"], clicks["items"], len(clicks["user_ids"]), len(clicks["item_ids"])
        )
        self.model = _untrained(kind, settings)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it warns of the shape of its own weights
            self.model.fit(self.seen, show_progress=False)
        self.row_of = {str(user_id): row for row, user_id in enumerate(clicks["user_ids"])}
        self.names = [str(item_id) for item_id in clicks["item_ids"]]
        hot = np.unique(self.seen.indices).tolist()
        self.place = {self.names[n]: n for n in hot}

    def answer(self, asked: Mapping[str, Any]) -> list[tuple[str, float]]:
        """The best items that were not seen, with their scores."""
        row = self.row_of.get(asked.get("user_id", ""))
        own = self._come(asked.get("events", ())) if row is None else self.seen[row]
        if not own.nnz:
            return []
        found, scores = self.model.recommend(row or 0, own, N=asked["n"], recalculate_user=row is None)
        return [(self.names[i], float(s)) for i, s in zip(found, scores, strict=True)]

    def _come(self, events: Sequence[Mapping[str, Any]]) -> Any:
        items = sorted({self.place[event["item_id"]] for event in events if event["item_id"] in self.place})
        return _rows([0] * len(items), items, 1, len(self.names))


def _rows(users: Any, items: Any, n_users: int, n_items: int) -> Any:
    from scipy import sparse

    ones = np.ones(len(items), dtype=np.float32)
    return sparse.csr_matrix((ones, (users, items)), shape=(n_users, n_items))


def _untrained(kind: str, settings: Mapping[str, Any]) -> Any:
    from implicit import nearest_neighbours as near
    from implicit.cpu.als import AlternatingLeastSquares

    if kind == "als":
        return AlternatingLeastSquares(**settings, num_threads=1, random_state=0)
    kinds = {"cosine": near.CosineRecommender, "tfidf": near.TFIDFRecommender, "bm25": near.BM25Recommender}
    return kinds[kind](**settings, num_threads=1)


def _implicit(app: FastAPI, file: Path, kind: str, settings: Mapping[str, Any]) -> None:
    """ALS or item neighbours of `implicit`."""
    with np.load(file, allow_pickle=False) as kept:
        listing = Listing(dict(kept), kind, settings)

    @app.post("/v1/recommend")
    async def recommend(asked: dict[str, Any]) -> Response:
        return _listed(listing.answer(asked))


def _listed(rows: list[tuple[str, float]]) -> Response:
    body = {"items": [{"item_id": item_id, "score": score} for item_id, score in rows]}
    return Response(orjson.dumps(body), media_type="application/json")
