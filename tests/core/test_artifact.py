"""What is saved comes back whole, or says why not."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from warmstart.core import artifact
from warmstart.core.artifact import (
    ARRAYS_FILE,
    POINTER_FILE,
    STATE_FILE,
    current_version,
    read_state,
    write_json,
    write_state,
    write_version,
)
from warmstart.core.errors import ArtifactError
from warmstart.core.linear import empty_sparse


def state() -> dict[str, Any]:
    return {
        "rows": np.arange(6, dtype=np.float32).reshape(2, 3),
        "nothing": np.zeros((0, 4), dtype=np.int64),
        "flat_nothing": np.zeros(0, dtype=np.float32),
        "yes": np.array([True, False]),
        "table": sparse.csr_matrix(np.array([[0.0, 2.0], [0.0, 0.0], [1.0, 0.0]], dtype=np.float32)),
        "blank": empty_sparse(3, 5),
        "deep": {"list": [1, [2.5, None, "降噪 🎧 é"], {"array": np.ones(2)}], "none": None},
        "ids": ("a", "b"),
        "number": np.float32(0.5),
    }


def say(text: str) -> Any:
    """A writer of version folders that hold one word."""
    return lambda folder: (folder / "word").write_text(text, encoding="utf-8")


def word(folder: Path) -> str:
    return (current_version(folder) / "word").read_text(encoding="utf-8")


def test_a_tree_of_every_kind_of_value_comes_back(tmp_path: Path):
    write_state(tmp_path / "new" / "folder", state())
    found = read_state(tmp_path / "new" / "folder")
    np.testing.assert_array_equal(found["rows"], state()["rows"])
    assert found["nothing"].shape == (0, 4)
    assert found["nothing"].dtype == np.int64
    assert found["flat_nothing"].shape == (0,)
    assert found["yes"].tolist() == [True, False]
    np.testing.assert_array_equal(found["table"].toarray(), state()["table"].toarray())
    assert found["blank"].shape == (3, 5)
    assert found["blank"].nnz == 0
    assert found["deep"]["list"][:2] == [1, [2.5, None, "降噪 🎧 é"]]
    assert found["deep"]["list"][2]["array"].tolist() == [1.0, 1.0]
    assert found["deep"]["none"] is None
    assert found["ids"] == ["a", "b"]
    assert found["number"] == 0.5


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(tree=st.dictionaries(st.text(), json_values, max_size=4))
def test_any_tree_of_plain_values_comes_back(tree: dict[str, Any], tmp_path_factory: Any):
    folder = tmp_path_factory.mktemp("state")
    write_state(folder, tree)
    assert read_state(folder) == tree


@given(
    shape=st.lists(st.integers(0, 3), max_size=3).map(tuple),
    dtype=st.sampled_from(sorted({np.dtype(dtype).name for dtype in artifact._DTYPES.values()})),
)
def test_arrays_of_every_shape_and_type_come_back(
    shape: tuple[int, ...], dtype: str, tmp_path_factory: Any
):
    folder = tmp_path_factory.mktemp("state")
    array = np.arange(np.prod(shape, dtype=int)).reshape(shape).astype(dtype)
    write_state(folder, {"array": array})
    found = read_state(folder)["array"]
    assert found.dtype == array.dtype
    assert found.shape == array.shape
    np.testing.assert_array_equal(found, array)


def test_keys_with_dots_do_not_overwrite_each_other(tmp_path: Path):
    write_state(tmp_path, {"a.b": np.array([1]), "a": {"b": np.array([2])}, "": {"a": np.array([3])}})
    found = read_state(tmp_path)
    assert (found["a.b"][0], found["a"]["b"][0], found[""]["a"][0]) == (1, 2, 3)


def test_views_and_other_memory_orders_come_back_as_they_looked(tmp_path: Path):
    whole = np.arange(12, dtype=np.float32).reshape(3, 4)
    write_state(tmp_path, {"transposed": whole.T, "every_other": whole[:, ::2]})
    found = read_state(tmp_path)
    np.testing.assert_array_equal(found["transposed"], whole.T)
    np.testing.assert_array_equal(found["every_other"], whole[:, ::2])


def test_arrays_are_mapped_and_cannot_be_written(tmp_path: Path):
    write_state(tmp_path, state())
    found = read_state(tmp_path)
    for array in (found["rows"], found["table"].data):
        assert not array.flags.owndata
        assert not array.flags.writeable
        with pytest.raises(ValueError, match="read-only"):
            array[...] = 1


def test_an_object_that_only_looks_like_a_reference_is_an_error(tmp_path: Path):
    write_state(tmp_path, state())
    tree = json.loads((tmp_path / STATE_FILE).read_text(encoding="utf-8"))
    for damaged in ({"$array": "ghost"}, {"$csr": "ghost", "shape": [1, 1]}, {"$csr": "table"}):
        write_json(tmp_path / STATE_FILE, tree | {"rows": damaged})
        with pytest.raises(ArtifactError):
            read_state(tmp_path)


def test_a_missing_file_is_named(tmp_path: Path):
    for name in (STATE_FILE, ARRAYS_FILE):
        write_state(tmp_path, state())
        (tmp_path / name).unlink()
        with pytest.raises(ArtifactError, match=name.replace(".", r"\.")):
            read_state(tmp_path)


@pytest.mark.parametrize("name", [STATE_FILE, ARRAYS_FILE])
@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.99])
def test_a_truncated_file_is_an_error(tmp_path: Path, name: str, share: float):
    write_state(tmp_path, state())
    whole = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(ArtifactError):
        read_state(tmp_path)


@pytest.mark.parametrize("junk", [b"\xff\xfe", b"[]", b'"text"', b"{" * 50, b"\x00" * 64])
def test_junk_in_place_of_a_file_is_an_error(tmp_path: Path, junk: bytes):
    for name in (STATE_FILE, ARRAYS_FILE):
        write_state(tmp_path, state())
        (tmp_path / name).write_bytes(junk)
        with pytest.raises(ArtifactError):
            read_state(tmp_path)


def test_a_file_where_a_folder_should_be_is_an_error(tmp_path: Path):
    (tmp_path / "model").write_text("not a folder")
    with pytest.raises(ArtifactError):
        current_version(tmp_path / "model")
    with pytest.raises(ArtifactError):
        read_state(tmp_path / "model")


def test_versions_follow_one_another_and_old_ones_go(tmp_path: Path):
    for number in range(1, 5):
        version = write_version(tmp_path, say(f"word {number}"))
        assert version == current_version(tmp_path)
        assert word(tmp_path) == f"word {number}"
    assert sorted(path.name for path in tmp_path.glob("v*")) == ["v000003", "v000004"]


def test_a_crash_while_writing_leaves_the_old_version_and_no_litter(tmp_path: Path):
    write_version(tmp_path, say("old"))

    def crash(folder: Path) -> None:
        say("half")(folder)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_version(tmp_path, crash)
    assert word(tmp_path) == "old"
    assert sorted(path.name for path in tmp_path.iterdir()) == [POINTER_FILE, "v000001"]


def test_a_crash_before_the_switch_leaves_the_old_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    write_version(tmp_path, say("old"))
    with monkeypatch.context() as patch:

        def crash(path: Path, value: Any) -> None:
            raise OSError("the disk is full")

        patch.setattr(artifact, "write_json", crash)
        with pytest.raises(OSError, match="disk is full"):
            write_version(tmp_path, say("new"))
    assert word(tmp_path) == "old"
    write_version(tmp_path, say("newer"))
    assert word(tmp_path) == "newer"


def test_a_first_save_that_crashed_is_no_model(tmp_path: Path):
    def crash(folder: Path) -> None:
        raise RuntimeError

    with pytest.raises(RuntimeError):
        write_version(tmp_path / "model", crash)
    with pytest.raises(ArtifactError):
        current_version(tmp_path / "model")


def test_an_open_model_outlives_the_removal_of_its_version(tmp_path: Path):
    write_version(tmp_path, lambda folder: write_state(folder, state()))
    mapped = read_state(current_version(tmp_path))
    for _ in range(3):
        write_version(tmp_path, lambda folder: write_state(folder, {}))
    np.testing.assert_array_equal(mapped["rows"], state()["rows"])


def test_a_model_of_a_later_format_is_neither_read_nor_written_over(tmp_path: Path):
    write_version(tmp_path, say("new"))
    write_json(tmp_path / POINTER_FILE, {"format": artifact.FORMAT_VERSION + 1, "version": "v000001"})
    with pytest.raises(ArtifactError, match="Upgrade"):
        current_version(tmp_path)
    with pytest.raises(ArtifactError, match="Upgrade"):
        write_version(tmp_path, say("old"))


@pytest.mark.parametrize(
    "pointer", ["", "[]", "{}", '{"format":"x","version":"v1"}', '{"format":1,"version":"../.."}', '{"for']
)
def test_a_damaged_pointer_is_an_error_that_saving_again_mends(tmp_path: Path, pointer: str):
    write_version(tmp_path, say("old"))
    (tmp_path / POINTER_FILE).write_text(pointer)
    with pytest.raises(ArtifactError):
        current_version(tmp_path)
    write_version(tmp_path, say("new"))
    assert word(tmp_path) == "new"
    assert (tmp_path / "v000001" / "word").read_text() == "old"


def test_folders_of_others_stay(tmp_path: Path):
    (tmp_path / "v000000-backup").mkdir()
    for _ in range(4):
        write_version(tmp_path, say("mine"))
    assert (tmp_path / "v000000-backup").is_dir()
