import multiprocessing
import sqlite3
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from warmstart.core.errors import ConfigError
from warmstart.core.linear import FloatArray
from warmstart.encoders.cache import CACHE_FILE, CacheWarning, VectorCache, cache_folder


def vectors(*texts: str, dim: int = 4) -> dict[str, FloatArray]:
    return {
        text: np.random.default_rng(len(text)).standard_normal(dim).astype(np.float32) for text in texts
    }


@pytest.fixture
def cache(tmp_path):
    return VectorCache(tmp_path / CACHE_FILE)


def test_what_was_put_comes_back_to_the_last_bit(cache):
    put = vectors("red shoe", "茶", "", "half \ud800")
    cache.put("model", put)
    found = cache.get("model", [*put, "unknown"], 4)
    assert found.keys() == put.keys()
    assert all(np.array_equal(found[text], put[text]) for text in put)


@given(st.dictionaries(st.text(), st.integers(0, 9), max_size=8), st.text(max_size=8))
def test_a_fingerprint_sees_only_its_own_vectors(tmp_path_factory, texts, fingerprint):
    cache = VectorCache(tmp_path_factory.mktemp("cache") / CACHE_FILE)
    cache.put(fingerprint, {text: np.full(3, number, np.float32) for text, number in texts.items()})
    assert {t: v[0] for t, v in cache.get(fingerprint, list(texts), 3).items()} == texts
    assert cache.get(fingerprint + "x", list(texts), 3) == {}


def test_a_vector_of_another_length_counts_as_unknown(cache):
    cache.put("model", vectors("a"))
    assert cache.get("model", ["a"], 5) == {}


def test_more_texts_than_sqlite_takes_parameters_are_found(cache):
    put = vectors(*(str(n) for n in range(2_500)))
    cache.put("model", put)
    assert len(cache.get("model", list(put), 4)) == len(cache) == 2_500


def test_the_oldest_go_when_it_outgrows_its_bound(tmp_path):
    cache = VectorCache(tmp_path / CACHE_FILE, max_bytes=400_000)
    for start in range(0, 400, 50):
        cache.put("model", vectors(*(f"text {n}" for n in range(start, start + 50)), dim=500))
        assert cache.path.stat().st_size < 650_000  # a batch more than the bound, and what SQLite adds
    found = cache.get("model", [f"text {n}" for n in range(400)], 500)
    kept = [int(text.removeprefix("text ")) for text in found]
    assert 50 <= len(kept) < 200
    assert sorted(kept) == list(range(400 - len(kept), 400))


def test_a_damaged_file_is_begun_anew_with_a_warning(cache):
    cache.path.write_bytes(b"this is no database" * 1_000)
    with pytest.warns(CacheWarning, match="damaged"):
        assert cache.get("model", ["a"], 4) == {}
    cache.put("model", vectors("a"))
    assert len(cache) == 1


def test_damage_in_the_middle_of_the_file_is_survived(cache):
    put = vectors(*(str(n) for n in range(3_000)))
    cache.put("model", put)
    content = bytearray(cache.path.read_bytes())
    content[20_000:60_000] = b"\xff" * 40_000
    cache.path.write_bytes(content)
    with pytest.warns(CacheWarning):
        cache.get("model", list(put), 4)
    cache.put("model", put)
    assert len(cache.get("model", list(put), 4)) == 3_000


def test_a_cache_of_another_version_is_begun_anew(cache):
    with sqlite3.connect(cache.path) as connection:
        connection.execute("CREATE TABLE vectors (something TEXT)")
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    cache.put("model", vectors("a"))
    assert len(cache) == 1


def test_a_folder_that_cannot_be_made_means_misses_not_errors(tmp_path):
    (tmp_path / "file").write_text("")
    cache = VectorCache(tmp_path / "file" / CACHE_FILE)
    with pytest.warns(CacheWarning, match="going on without"):
        cache.put("model", vectors("a"))
    with pytest.warns(CacheWarning):
        assert cache.get("model", ["a"], 4) == {}


def _put_many(path: Path, name: str) -> None:
    for start in range(0, 200, 20):
        VectorCache(path).put(name, vectors(*(f"{n}" for n in range(start, start + 20))))


def test_two_processes_may_write_at_once(cache):
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=_put_many, args=(cache.path, name)) for name in ("one", "two")]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert [writer.exitcode for writer in writers] == [0, 0]
    assert len(cache) == 400


def test_clear_forgets_everything(cache):
    cache.put("model", vectors("a"))
    cache.clear()
    assert len(cache) == 0


def test_the_folder_and_the_size_come_from_the_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("WARMSTART_CACHE", str(tmp_path))
    monkeypatch.setenv("WARMSTART_CACHE_MB", "3")
    assert VectorCache.shared() == VectorCache(tmp_path / CACHE_FILE, 3 << 20)


def test_a_size_that_is_no_number_is_an_error(monkeypatch):
    monkeypatch.setenv("WARMSTART_CACHE_MB", "plenty")
    with pytest.raises(ConfigError, match="plenty"):
        VectorCache.shared()


@pytest.mark.parametrize(
    ("platform", "variables", "expected"),
    [
        ("linux", {}, ".cache/warmstart"),
        ("linux", {"XDG_CACHE_HOME": "/xdg"}, "/xdg/warmstart"),
        ("darwin", {}, "Library/Caches/warmstart"),
        ("win32", {"LOCALAPPDATA": "/local"}, "/local/warmstart/Cache"),
    ],
)
def test_without_a_name_the_platforms_cache_folder_is_used(monkeypatch, platform, variables, expected):
    for name in ("WARMSTART_CACHE", "XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("sys.platform", platform)
    assert cache_folder().as_posix().endswith(expected)
