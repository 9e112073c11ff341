"""Laws of the cuts: nothing withheld leaks, nothing else is lost, and chance is the only chooser."""

from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from warmstart.core import columns as c
from warmstart.core.errors import InputError
from warmstart.data import splits
from warmstart.data.dataset import Dataset
from warmstart.data.reader import read_shop
from warmstart.data.splits import HEAVY_SHOTS, MIN_EVENTS, MIN_HEAVY_EVENTS, SHOTS, SPLITS, Split

ITEMS = [f"商品{i}" for i in range(20)]
SEEDS = st.integers(0, 50)
LAW = settings(max_examples=25)


@st.composite
def shops(draw: st.DrawFn) -> Dataset:
    """Shops of a few users with up to 18 events each, repeats and pure searches included."""
    histories = draw(
        st.lists(st.lists(st.sampled_from(ITEMS), min_size=1, max_size=18), min_size=5, max_size=12)
    )
    return shop_of({f"u{number}": history for number, history in enumerate(histories)})


def shop_of(histories: dict[str, list[str]]) -> Dataset:
    pairs = [(user, item) for user, history in histories.items() for item in history]
    users, items = [user for user, _ in pairs], [item for _, item in pairs]
    searches = list(histories)
    return Dataset(
        items=pl.DataFrame({c.ITEM_ID: ITEMS, c.TITLE: ITEMS}),
        events=pl.DataFrame(
            {
                c.USER_ID: users + searches,
                c.ITEM_ID: [*items, *[None] * len(searches)],
                c.QUERY: [*[None] * len(users), *["kettle"] * len(searches)],
            }
        ),
        users=pl.DataFrame({c.USER_ID: list(histories)}),
        reviews=pl.DataFrame({c.ITEM_ID: items, c.USER_ID: users, c.TEXT: ["fine"] * len(pairs)}),
        queries=pl.DataFrame({c.QUERY: ["kettle"] * len(searches), c.USER_ID: searches}),
        judgments=pl.DataFrame(
            {c.QUERY: ["kettle"] * len(ITEMS), c.ITEM_ID: ITEMS, c.GRADE: [1.0] * len(ITEMS)}
        ),
    )


def histories_of(dataset: Dataset) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for user, item in dataset.interactions.select(c.USER_ID, c.ITEM_ID).iter_rows():
        found.setdefault(user, []).append(item)
    return found


@LAW
@given(shops(), SEEDS)
def test_a_withheld_item_keeps_its_text_and_nothing_that_people_left(shop: Dataset, seed: int):
    for split in (splits.new_items(shop, seed), splits.new_both(shop, seed)):
        assert split.train.items.equals(shop.items)
        for name in ("events", "reviews", "judgments"):
            left = set(getattr(split.train, name)[c.ITEM_ID].drop_nulls())
            assert not left & split.new_items


@LAW
@given(shops(), SEEDS)
def test_a_withheld_user_is_nowhere_in_training(shop: Dataset, seed: int):
    for split in (splits.new_users(shop, seed), splits.new_both(shop, seed)):
        for name in ("events", "users", "reviews", "queries"):
            assert not set(getattr(split.train, name)[c.USER_ID]) & split.new_users


@LAW
@given(shops(), SEEDS)
def test_training_loses_exactly_the_withheld_events(shop: Dataset, seed: int):
    for cut in (splits.new_items, splits.new_users, splits.new_both):
        split = cut(shop, seed)
        withheld = pl.col(c.ITEM_ID).is_in(list(split.new_items)).fill_null(value=False) | pl.col(
            c.USER_ID
        ).is_in(list(split.new_users))
        assert split.train.events.equals(shop.events.filter(~withheld))


@LAW
@given(shops(), SEEDS)
def test_both_cuts_at_once_withhold_what_each_withholds_alone(shop: Dataset, seed: int):
    both = splits.new_both(shop, seed)
    assert both.new_items == splits.new_items(shop, seed).new_items
    assert both.new_users == splits.new_users(shop, seed).new_users


@LAW
@given(shops(), SEEDS, st.floats(0.05, 0.95))
def test_the_share_is_of_those_that_have_events(shop: Dataset, seed: int, share: float):
    histories = histories_of(shop)
    touched = {item for history in histories.values() for item in history}
    assert len(splits.choose_users(shop, seed, share)) == round(share * len(histories))
    assert splits.choose_items(shop, seed, share) <= touched
    assert len(splits.choose_items(shop, seed, share)) == round(share * len(touched))


@LAW
@given(shops(), SEEDS)
def test_new_users_are_asked_for_the_same_targets_at_every_number_of_shots(shop: Dataset, seed: int):
    histories = histories_of(shop)
    split = splits.new_users(shop, seed, share=0.5)
    targets: dict[str, set[tuple[str, ...]]] = {}
    for episode in split.episodes:
        history = histories[episode.user_id]
        cut = HEAVY_SHOTS if episode.shots == HEAVY_SHOTS else SHOTS[-1]
        later = [item for item in history[cut:] if item not in history[:cut]]
        assert episode.shots is not None
        assert [event.item_id for event in episode.history] == history[: episode.shots]
        assert episode.targets == tuple(dict.fromkeys(later))
        if cut == SHOTS[-1]:
            targets.setdefault(episode.user_id, set()).add(episode.targets)
    assert all(len(found) == 1 for found in targets.values())


@LAW
@given(shops(), SEEDS)
def test_every_user_with_enough_events_and_something_left_to_find_is_asked(shop: Dataset, seed: int):
    histories = histories_of(shop)
    split = splits.new_users(shop, seed, share=0.5)
    asked = {(episode.user_id, episode.shots) for episode in split.episodes}
    expected = {
        (user, shots)
        for user in split.new_users
        for shots in SHOTS
        if len(histories[user]) >= MIN_EVENTS and set(histories[user][5:]) - set(histories[user][:5])
    } | {
        (user, HEAVY_SHOTS)
        for user in split.new_users
        if len(histories[user]) >= MIN_HEAVY_EVENTS
        and set(histories[user][10:]) - set(histories[user][:10])
    }
    assert asked == expected
    assert len(asked) == len(split.episodes)


@LAW
@given(shops(), SEEDS)
def test_old_users_are_asked_for_their_withheld_items_and_know_only_the_others(shop: Dataset, seed: int):
    histories = histories_of(shop)
    split = splits.new_items(shop, seed)
    for episode in split.episodes:
        history = histories[episode.user_id]
        kept = [item for item in history if item not in split.new_items]
        assert [event.item_id for event in episode.history] == kept
        assert episode.targets == tuple(dict.fromkeys(i for i in history if i in split.new_items))
    expected = {u for u, h in histories.items() if set(h) & split.new_items and set(h) - split.new_items}
    assert {episode.user_id for episode in split.episodes} == expected


@LAW
@given(shops(), SEEDS)
def test_targets_of_both_cuts_are_new_items_of_new_users(shop: Dataset, seed: int):
    split = splits.new_both(shop, seed, share=0.5)
    every = splits.new_both(shop, seed, share=0.5, every_target=True)
    assert split.episodes == every.only_new_items().episodes
    for episode in split.episodes:
        assert set(episode.targets) <= split.new_items
        assert episode.user_id in split.new_users


@LAW
@given(shops())
def test_the_warm_cut_takes_one_event_from_everyone_with_two(shop: Dataset):
    histories = histories_of(shop)
    split = splits.warm(shop)
    left = histories_of(split.train)
    for user, history in histories.items():
        assert left[user] == (history[:-1] if len(history) > 1 else history)
    expected = {u: h[-1] for u, h in histories.items() if len(h) > 1 and h[-1] not in h[:-1]}
    assert {episode.user_id: episode.targets for episode in split.episodes} == {
        user: (item,) for user, item in expected.items()
    }
    pairs = set(split.train.reviews.select(c.USER_ID, c.ITEM_ID).iter_rows())
    assert not pairs & set(expected.items())


@LAW
@given(shops(), SEEDS, st.randoms())
def test_the_order_of_users_in_the_file_changes_nothing(shop: Dataset, seed: int, random: object):
    users = shop.events[c.USER_ID].unique(maintain_order=True).to_list()
    random.shuffle(users)  # type: ignore[attr-defined]
    events = pl.concat([shop.events.filter(pl.col(c.USER_ID) == user) for user in users])
    shuffled = Dataset(items=shop.items.reverse(), events=events, reviews=shop.reviews)
    for name, cut in SPLITS.items():
        one, other = cut(shop, seed), cut(shuffled, seed)
        assert one.episodes == other.episodes, name
        assert (one.new_items, one.new_users) == (other.new_items, other.new_users)


def big_shop() -> Dataset:
    return shop_of({f"u{n}": [ITEMS[(n * 7 + j * 3) % 20] for j in range(14)] for n in range(60)})


@pytest.mark.parametrize("name", SPLITS)
def test_the_same_seed_gives_the_same_cut(name: str):
    def key(split: Split) -> tuple[object, ...]:
        return split.new_items, split.new_users, split.episodes

    assert key(SPLITS[name](big_shop(), 3)) == key(SPLITS[name](big_shop(), 3))


def test_other_seeds_withhold_other_items_and_users():
    shop = big_shop()
    assert len({splits.choose_items(shop, seed) for seed in range(5)}) == 5
    assert len({splits.choose_users(shop, seed) for seed in range(5)}) == 5


def test_a_sample_keeps_all_questions_of_the_same_few_users():
    split = splits.new_users(big_shop(), 0, share=0.5)
    few = split.sample(4)
    users = {episode.user_id for episode in few.episodes}
    assert len(users) == 4
    assert few.episodes == tuple(e for e in split.episodes if e.user_id in users)
    assert split.sample(1000) is split


@pytest.mark.parametrize("share", [0.0, 1.0, -0.2, 2.0])
def test_a_share_that_withholds_nothing_or_everything_is_refused(share: float):
    with pytest.raises(InputError, match="a share between 0 and 1"):
        splits.new_items(big_shop(), 0, share)


def test_events_keep_their_facts_when_revealed():
    shop = Dataset(
        items=pl.DataFrame({c.ITEM_ID: ["a", "b"]}),
        events=pl.DataFrame(
            {
                c.USER_ID: ["u", "u"],
                c.ITEM_ID: ["a", "b"],
                c.EVENT_TYPE: ["rate", None],
                c.VALUE: [4.0, None],
                c.CONTEXT: ['{"device": "phone"}', None],
            }
        ),
    )
    (episode,) = splits.warm(shop).episodes
    (event,) = episode.history
    assert (event.event_type, event.value, event.context) == ("rate", 4.0, {"device": "phone"})


def test_beauty_is_cut_as_the_protocol_says(shared_data: Callable[[str], Path]):
    shop, _ = read_shop(shared_data("beauty"))
    split = splits.new_both(shop, 0, every_target=True)
    assert (len(split.new_items), len(split.new_users)) == (2420, 4473)
    cases = {shots: sum(e.shots == shots for e in split.episodes) for shots in (*SHOTS, HEAVY_SHOTS)}
    assert len({cases[shots] for shots in SHOTS}) == 1
    targets = [target for e in split.episodes if e.shots == 0 for target in e.targets]
    assert sum(target in split.new_items for target in targets) / len(targets) == pytest.approx(
        0.19, abs=0.02
    )
