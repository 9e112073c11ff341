"""Progress bars."""

import pytest
import rich.console
import rich.progress

from warmstart.core.progress import track


def test_a_bar_inside_another_is_silent(monkeypatch):
    shown: list[str] = []

    def recorded(items, description, **more):
        shown.append(description)
        yield from items

    monkeypatch.setattr(rich.console.Console, "is_terminal", True)
    monkeypatch.setattr(rich.progress, "track", recorded)
    for _ in track([1, 2], "trials"):
        assert list(track([3], "steps")) == [3]
    with pytest.raises(ZeroDivisionError):
        list(track((1 // n for n in (1, 0)), "broken"))
    assert list(track([4], "after")) == [4]
    assert shown == ["trials", "broken", "after"]
