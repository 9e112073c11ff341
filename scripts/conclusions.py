"""What a shop should conclude from each table of docs/benchmarks.md, written after reading it."""

from __future__ import annotations

from typing import Final

CONCLUSIONS: Final = {
    "beauty-new-users": "",
    "beauty-new-items": "",
    "beauty-new-both": "",
    "beauty-warm": "",
    "ml100k-new-users": "",
    "ml100k-new-items": "",
    "ml100k-new-both": "",
    "ml100k-warm": "",
    "ml100k-new-users-temporal": "",
    "ml100k-new-items-temporal": "",
    "ml1m_melu-ratings": "",
    "ml100k-ratings": "",
    "icecat-search": "",
    "banking77-few-shot-text": "",
    "clinc150-few-shot-text": "",
    "eprstmt_zh-few-shot-text": "",
}
