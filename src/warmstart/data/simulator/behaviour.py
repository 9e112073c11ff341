"""How a shopper reacts to a list: one model for the recorded events and for step-by-step experiments."""

from __future__ import annotations

import numpy as np

from warmstart.data.simulator.products import Array

_CLICK_AT, _CART_AT, _BUY_AT = 2.2, 3.3, 3.2


def attention(slots: Array) -> Array:
    """Chance that a place in a list (0 = top) is looked at: falls off as in most click models."""
    return np.asarray(1.0 / (1.0 + 0.22 * slots), dtype=np.float64)


def sigmoid(x: Array) -> Array:
    """The logistic function."""
    return np.asarray(1.0 / (1.0 + np.exp(-x)), dtype=np.float64)


def click_probability(utility: Array, slots: Array) -> Array:
    """Chance to open an item of this utility seen in this place."""
    return attention(slots) * sigmoid(1.6 * (utility - _CLICK_AT))


def cart_probability(utility: Array) -> Array:
    """Chance that an opened item goes into the cart."""
    return 0.7 * sigmoid(1.2 * (utility - _CART_AT))


def buy_probability(utility: Array) -> Array:
    """Chance that an item in the cart is bought."""
    return 0.25 + 0.6 * sigmoid(1.0 * (utility - _BUY_AT))


def stars(quality: Array, fit: Array, noise: Array) -> Array:
    """Rating from 1 to 5: mostly how good the item is, partly how well it suits."""
    return np.clip(np.round(3.9 + 0.9 * quality + 0.25 * (fit - _BUY_AT) + 0.95 * noise), 1.0, 5.0)
