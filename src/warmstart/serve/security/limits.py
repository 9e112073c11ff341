"""How often a caller may ask."""

from __future__ import annotations

import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

from warmstart.core.errors import ConfigError, InputError

_REMEMBERED: Final = 100_000
_ROUNDING: Final = 1e-9
"""So little of a request is not waited for."""


class RateLimiter:
    """A token bucket for each key: `rate` requests a second, and `burst` at once after a rest.

    In any time of t seconds a key gets at most rate·t + max(burst, largest cost). A request that costs
    more than the burst is let in when the bucket is full, and paid for afterwards.

    A key with a rate of its own has a burst of as many seconds, and of 1 at least. Each process counts
    for itself: two workers allow twice as much. At most `size` keys are remembered, those that asked
    last; who is forgotten begins with a full bucket. `clock` gives seconds; while it goes backwards
    nothing is refilled. With `rate=math.inf` only keys with a rate of their own are limited.

    >>> clock = iter([0.0, 0.0, 0.0, 0.5]).__next__
    >>> limiter = RateLimiter(rate=2, burst=2, clock=clock)
    >>> [limiter.take("key") for _ in range(4)]
    [0.0, 0.0, 0.5, 0.0]
    """

    def __init__(
        self,
        rate: float,
        burst: float,
        clock: Callable[[], float] = time.monotonic,
        *,
        size: int = _REMEMBERED,
    ) -> None:
        if not (rate > 0 and 1 <= burst < math.inf and size > 0):
            raise ConfigError(
                expected="a rate above 0 and a burst of at least 1",
                found=f"rate={rate!r}, burst={burst!r}, size={size!r}",
                todo="Use rate=math.inf for no limit.",
            )
        self.rate, self.burst, self.size = rate, burst, size
        self._clock = clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        """How many keys are remembered."""
        return len(self._buckets)

    def burst_of(self, rate: float) -> float:
        """How many requests a key of this rate may make at once."""
        return self.burst if math.isinf(self.rate) else max(1.0, self.burst * rate / self.rate)

    def take(self, key_id: str, cost: float = 1, rate: float | None = None) -> float:
        """Let a request in and return 0, or return the seconds after which it would be let in."""
        if not (cost >= 0 and math.isfinite(cost)):
            raise InputError(expected="a cost of 0 or more", found=repr(cost), todo="One request costs 1.")
        rate = self.rate if rate is None else rate
        if math.isinf(rate):
            return 0.0
        with self._lock:
            left = self._refilled(key_id, rate)
            missing = min(cost, self.burst_of(rate)) - left
            if missing < _ROUNDING:
                self._buckets[key_id] = (left - cost, self._buckets[key_id][1])
                return 0.0
        return missing / rate

    def _refilled(self, key_id: str, rate: float) -> float:
        """What the bucket holds now. It moves to the end of the line of those that will be forgotten."""
        now, burst = self._clock(), self.burst_of(rate)
        left, then = self._buckets.pop(key_id, (burst, now))
        left = min(burst, left + rate * max(0.0, now - then))
        self._buckets[key_id] = (left, now)
        if len(self._buckets) > self.size:
            self._buckets.popitem(last=False)
        return left
