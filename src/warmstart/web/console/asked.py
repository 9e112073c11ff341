"""What the pages of the console ask, as it comes in."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from warmstart.data.wire.fields import Id
from warmstart.serve.asked import Asked

SetName = Annotated[str, Field(min_length=1, max_length=100)]
Text = Annotated[str, Field(min_length=1, max_length=500, pattern=r"\S")]
N = Annotated[int, Field(ge=1, le=50)]


class LoginIn(Asked):
    """The secret of an administrator's key."""

    key: Annotated[str, Field(max_length=1_000)]


class NothingIn(Asked):
    """Nothing need be said."""


class ActIn(Asked):
    """One thing that somebody invented did."""

    act: Annotated[str, Field(max_length=60)] = "click"
    item_id: Id


class PersonIn(Asked):
    """A user of the shop, or somebody invented; of neither, a stranger."""

    user_id: Id | None = None
    acts: Annotated[tuple[ActIn, ...], Field(max_length=100)] = ()


class SearchIn(PersonIn):
    """Words, and who says them."""

    query: Text
    n: N = 10
    set: SetName = "default"


class ReplayIn(PersonIn):
    """Whose events are to be played again."""

    n: N = 10


class WhyIn(PersonIn):
    """An item, and the question that it answers; of the person's events the first `steps` count."""

    item_id: Id
    steps: Annotated[int | None, Field(ge=0, le=1_000_000)] = None


class JudgeIn(Asked):
    """How well an item answers a query; None takes a judgment back."""

    set: SetName
    query: Text
    item_id: Id
    grade: Annotated[int | None, Field(ge=0, le=3)]


class MeasureIn(Asked):
    """A test set."""

    set: SetName


class RevokeIn(Asked):
    """A key that is to end."""

    key_id: Annotated[str, Field(min_length=1, max_length=100)]
