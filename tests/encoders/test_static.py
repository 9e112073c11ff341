import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from warmstart.core.artifact import read_state, write_state
from warmstart.core.errors import ConfigError, InputError
from warmstart.core.linear import FloatArray
from warmstart.encoders import static_folder
from warmstart.encoders.static import StaticEncoder, distil
from warmstart.roles.encoder import Encoder, Side

MEANINGS = {
    "tea": ("tea", "teapot", "green", "leaves", "茶", "绿茶", "茶壶"),
    "shoe": ("shoe", "sneaker", "running", "laces", "鞋", "跑鞋", "运动"),
    "light": ("lamp", "bulb", "led", "bright", "灯", "台灯", "亮"),
}
CATALOGUE = [
    "green tea\nloose leaves from china, for a teapot",
    "glass teapot\nmakes green tea, keeps leaves back",
    "running shoe\nsneaker with laces",
    "red sneaker\nlight running shoe, two laces",
    "desk lamp\nbright led bulb",
    "led bulb\nbright, for each lamp",
    "绿茶\n茶壶 茶",
    "跑鞋\n运动 鞋",
    "台灯\n亮 灯",
]


@dataclass(kw_only=True)
class Teacher(Encoder):
    """Knows three meanings in two languages, and gives each text the meanings of its words."""

    @property
    def dim(self) -> int:
        return 40

    def _encode(self, texts: Sequence[str], side: Side) -> FloatArray:
        return np.array([self.one(text) for text in texts], dtype=np.float32)

    def one(self, text: str) -> Any:
        noise = np.random.default_rng(crc32(text.encode())).standard_normal(self.dim) * 0.02
        for position, words in enumerate(MEANINGS.values()):
            noise[position] += sum(text.count(word) for word in words)
        return noise + 0.3  # a direction that all texts share, as in real models


@pytest.fixture(scope="module")
def student():
    return distil(Teacher(), CATALOGUE, size=16)


def nearest(encoder: Encoder, query: str, texts: list[str] = CATALOGUE) -> str:
    return texts[int(np.argmax(encoder.encode(texts) @ encoder.encode([query], "query")[0]))]


@pytest.mark.parametrize(
    ("query", "heading"),
    [("leaves", "green tea"), ("laces", "running shoe"), ("灯", "台灯"), ("鞋 laces", "running shoe")],
)
def test_a_student_finds_what_its_teacher_would(student, query, heading):
    assert any(word in nearest(student, query) for word in MEANINGS[meaning_of(heading)])


def meaning_of(text: str) -> str:
    return next(name for name, words in MEANINGS.items() if any(word in text for word in words))


def test_a_student_knows_that_two_languages_say_the_same(student):
    tea, other, shoe = student.encode(["teapot", "茶壶", "sneaker"])
    assert tea @ other > tea @ shoe + 0.5


def test_it_is_closer_to_the_teacher_with_its_texts_than_with_its_words_alone():
    rng = np.random.default_rng(0)
    words = [word for group in MEANINGS.values() for word in group]
    texts = [" ".join(rng.choice(words, 4)) + "\n" + " ".join(rng.choice(words, 5)) for _ in range(200)]
    teacher = Teacher().encode(texts)
    expected = teacher - teacher.mean(axis=0)
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)

    def likeness(ridge: float) -> float:
        found = distil(Teacher(), texts[:150], size=40, ridge=ridge).encode(texts[150:])
        return float((found @ found.T * (expected[150:] @ expected[150:].T)).sum() / 50**2)

    assert likeness(0.5) > likeness(1e6)


def test_a_misspelt_word_is_taken_for_the_one_it_looks_like(student):
    right, wrong, other = student.encode(["sneaker", "sneeker", "teapot"])
    assert right @ wrong > 0.9
    assert other @ wrong < 0.5


def test_words_like_no_other_and_empty_texts_give_zeros(student):
    assert not student.encode(["", " ", "qqqq", "☂", "鏡"]).any()


@given(st.text(max_size=60))
def test_any_text_gives_a_vector_of_length_one_or_zero(student, text):
    length = np.linalg.norm(student.encode([text])[0])
    assert length == 0 or abs(length - 1) < 1e-3


@given(st.permutations(range(len(CATALOGUE))))
def test_the_order_of_the_catalogue_means_nothing(student, order):
    other = distil(Teacher(), [CATALOGUE[i] for i in order], size=16)
    expected = student.encode(CATALOGUE)
    found = other.encode(CATALOGUE)
    np.testing.assert_allclose(found @ found.T, expected @ expected.T, atol=1e-3)


def test_equal_seeds_give_equal_tables_and_the_sample_is_bounded():
    counted: list[str] = []

    class Counting(Teacher):
        def _encode(self, texts: Sequence[str], side: Side) -> FloatArray:
            counted.extend(text for text in texts if "\n" in text)
            return super()._encode(texts, side)

    one, other = (distil(Counting(), CATALOGUE, max_texts=4, seed=3).table_ for _ in range(2))
    assert np.array_equal(one, other)
    assert len(counted) == 8


def test_the_vocabulary_is_bounded_and_keeps_the_frequent():
    encoder = distil(Teacher(), [*CATALOGUE, *["green tea"] * 9], max_terms=2)
    assert encoder._segmenter.units() == ["green", "tea"]


def test_a_catalogue_without_words_is_an_input_error():
    with pytest.raises(InputError, match="without any"):
        distil(Teacher(), ["", "☂"])


def test_an_unknown_setting_of_distil_is_a_config_error():
    with pytest.raises(ConfigError, match="Known fields"):
        distil(Teacher(), CATALOGUE, temperature=1)


def test_one_text_is_enough():
    assert distil(Teacher(), ["green tea\nleaves"]).encode(["tea"]).any()


def test_a_saved_encoder_needs_neither_teacher_nor_folder(student, tmp_path):
    write_state(tmp_path, student.get_state())
    other = StaticEncoder.from_settings(json.loads(json.dumps(student.settings())))
    other.set_state(read_state(tmp_path))
    texts = [*CATALOGUE, "sneeker", "茶"]
    assert np.array_equal(other.encode(texts), student.encode(texts))


def test_a_written_folder_is_read_back(student, tmp_path):
    student.write(tmp_path / "table")
    other = StaticEncoder(model=str(tmp_path / "table"))
    assert other.dim == student.dim
    assert np.array_equal(other.encode(CATALOGUE), student.encode(CATALOGUE))


def test_fitting_a_read_table_adapts_it_and_fitting_again_starts_from_the_same(student, tmp_path):
    student.write(tmp_path)
    shop = ["gift set\ngreen tea leaves in a teapot"] * 3 + ["gift box\nrunning shoe and laces"] * 9
    encoder = StaticEncoder(model=str(tmp_path))
    before = encoder.encode(shop)
    once = encoder.fit(shop).encode(shop)
    assert not np.allclose(once, before, atol=1e-3)
    assert np.array_equal(encoder.fit(CATALOGUE).fit(shop).encode(shop), once)


def test_words_that_stand_everywhere_in_the_shop_count_for_less_after_fit(student, tmp_path):
    student.write(tmp_path)
    shop = ["led lamp tea"] * 5 + ["led bulb laces"] * 5 + ["led"] * 30
    plain = StaticEncoder(model=str(tmp_path))
    adapted = StaticEncoder(model=str(tmp_path), smoothing=0.1).fit(shop)

    def nearness_to_led(encoder: Encoder) -> float:
        both, led = encoder.encode(["led laces", "led"])
        return float(both @ led)

    assert nearness_to_led(adapted) < nearness_to_led(plain) - 0.1


def test_adaptation_can_be_left_out(student, tmp_path):
    student.write(tmp_path)
    encoder = StaticEncoder(model=str(tmp_path), adapt=False).fit(CATALOGUE)
    assert np.array_equal(encoder.encode(CATALOGUE), student.encode(CATALOGUE))


def test_fitting_on_nothing_leaves_a_table_as_it_is(student, tmp_path):
    student.write(tmp_path)
    encoder = StaticEncoder(model=str(tmp_path)).fit(["", " "])
    assert np.array_equal(encoder.encode(CATALOGUE), student.encode(CATALOGUE))


def test_without_a_table_it_says_how_to_get_one():
    with pytest.raises(ConfigError, match="'teacher'"):
        StaticEncoder().encode(["tea"])
    assert StaticEncoder().get_state() == {}


def test_a_table_and_a_teacher_at_once_are_refused():
    with pytest.raises(ConfigError, match="both"):
        StaticEncoder(model="a", teacher="b")


def test_a_teacher_by_name_is_distilled_by_fit(tiny_onnx):
    encoder = StaticEncoder(teacher=f"onnx:{tiny_onnx}", size=2).fit(
        ["red shoe\ntea", "green tea\nred", "鞋"]
    )
    assert encoder.encode(["red", "鞋"]).any(axis=1).all()
    assert encoder.dim == 2


@pytest.fixture
def token_table(tiny_onnx, tmp_path):
    """A folder as model2vec writes it: vectors that several tokens share, weights, a tokenizer."""
    from safetensors.numpy import save_file

    from tests.encoders.look_up_model import TABLE, WORDS

    distinct, mapping = np.unique(TABLE, axis=0, return_inverse=True)
    assert len(distinct) < len(TABLE)
    weights = np.linspace(0.5, 1.5, len(WORDS))
    arrays = {"embeddings": distinct.astype(np.float16), "mapping": mapping.ravel(), "weights": weights}
    save_file(arrays, tmp_path / "model.safetensors")
    (tmp_path / "tokenizer.json").write_bytes((tiny_onnx / "tokenizer.json").read_bytes())
    (tmp_path / "config.json").write_text('{"model_type": "model2vec", "normalize": true}')
    return tmp_path, TABLE * weights[:, None]


def test_a_model2vec_folder_is_read(token_table):
    folder, table = token_table
    found = StaticEncoder(model=str(folder)).encode(["red tea", "unheard red", "茶"])
    expected = np.array([table[2] + table[5], table[2], table[6]])
    np.testing.assert_allclose(found, expected / np.linalg.norm(expected, axis=1, keepdims=True), atol=1e-6)


def test_a_table_with_a_tokenizer_survives_saving_and_writing(token_table, tmp_path):
    encoder = StaticEncoder(model=str(token_table[0])).fit(["red shoe\ntea", "green tea\nred"])
    texts = ["red tea", "shoe 茶", ""]
    loaded = StaticEncoder()
    write_state(tmp_path / "state", encoder.get_state())
    loaded.set_state(read_state(tmp_path / "state"))
    assert np.array_equal(loaded.encode(texts), encoder.encode(texts))
    encoder.write(tmp_path / "written")
    reread = StaticEncoder(model=str(tmp_path / "written"))
    np.testing.assert_allclose(reread.encode(texts), encoder.encode(texts), atol=1e-6)


def test_the_layout_of_sentence_transformers_is_read(token_table, tmp_path):
    from safetensors.numpy import save_file

    folder, table = token_table
    inner = tmp_path / "st" / "0_StaticEmbedding"
    inner.mkdir(parents=True)
    save_file({"embedding.weight": table.astype(np.float32)}, inner / "model.safetensors")
    (inner / "tokenizer.json").write_bytes((folder / "tokenizer.json").read_bytes())
    found = StaticEncoder(model=str(tmp_path / "st")).encode(["red tea"])
    np.testing.assert_allclose(found, StaticEncoder(model=str(folder)).encode(["red tea"]), atol=1e-6)
    assert static_folder.holds_table(tmp_path / "st")


def unreadable_folders() -> list[Any]:
    from safetensors.numpy import save_file

    def damaged(folder: Path) -> None:
        (folder / "model.safetensors").write_bytes(b"\x05")

    def other_arrays(folder: Path) -> None:
        save_file({"weight": np.ones(2)}, folder / "model.safetensors")

    def no_words(folder: Path) -> None:
        save_file({"embeddings": np.ones((2, 2))}, folder / "model.safetensors")

    def too_few_words(folder: Path) -> None:
        no_words(folder)
        (folder / "words.json").write_text('["tea"]')

    return [
        pytest.param(lambda folder: None, r"no model\.safetensors", id="empty"),
        pytest.param(damaged, "damaged", id="damaged"),
        pytest.param(other_arrays, "with weight", id="other arrays"),
        pytest.param(no_words, "neither", id="no words"),
        pytest.param(too_few_words, "2 vectors for 1 units", id="too few words"),
    ]


@pytest.mark.parametrize(("write", "message"), unreadable_folders())
def test_a_folder_that_cannot_be_read_says_why(tmp_path, write, message):
    write(tmp_path)
    with pytest.raises(InputError, match=message):
        StaticEncoder(model=str(tmp_path)).encode(["tea"])
