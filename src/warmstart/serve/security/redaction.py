"""Secrets and people taken out of what is logged."""

from __future__ import annotations

import logging
import re
import traceback
from collections.abc import Collection, Mapping
from typing import Any, Final

MASK: Final = "[redacted]"
PERSON: Final = "[user]"
EMAIL: Final = "[e-mail]"

_TELLING = (
    r"(?:api[_-]?key|admin[_-]?key|token|secret|password|passwd|passphrase|pwd"
    r"|(?:proxy-)?authorization|(?:set-)?cookie)"
)
_HEADER = r"(?:(?:proxy-)?authorization|(?:set-)?cookie)"
_PERSON = r"(?:user_?id|visitor_?id|session_?id|anonymous_?id|client_?id|user|e-?mail)"
_SECRET_NAME = re.compile(rf"[\w-]{{0,64}}?{_TELLING}", re.IGNORECASE)
_PERSON_NAME = re.compile(_PERSON, re.IGNORECASE)

_QUOTE = r"""\\?["']"""
_IS = rf"(?:{_QUOTE}\s{{0,4}}[=:,]|\s{{0,4}}[=:])\s{{0,4}}b?"
"""Between a name and its value: = or : as in URLs, headers and JSON; a comma as in pairs of headers."""


_Rule = tuple[tuple[str, ...], re.Pattern[str], str]
"""Texts of which one is in every match, in lower case; what is looked for; what stands there afterwards."""


def _rule(hints: tuple[str, ...], pattern: str, instead: str) -> _Rule:
    return hints, re.compile(pattern, re.IGNORECASE | re.DOTALL), instead


def _pair(hints: tuple[str, ...], name: str, value: str, instead: str) -> _Rule:
    """A name and its value: in quotes up to the same quotes, and without them as far as `value` says."""
    return _rule(hints, rf"({name}{_IS})(?:({_QUOTE})(?:(?!\2).)*|{value})", rf"\1\2{instead}")


# In this order. Where something follows a repetition it is bounded, so that no line takes long to read.
_RULES: Final[tuple[_Rule, ...]] = (
    _rule(("ws_",), r"ws_([a-z2-7]{10})_[\w-]+", rf"ws_\1_{MASK}"),
    _rule(("eyj",), r"eyJ[\w-]{4,}(?:\.[\w-]*)+", MASK),
    _rule(
        ("bearer", "basic", "digest"),
        r"\b(bearer|basic|digest)(\s{1,4}|%20|\+)[^\s\"',;]{6,}",
        rf"\1\2{MASK}",
    ),
    _rule(("://",), r"(://[^\s/:@\"']{0,256}:)[^\s\"']{1,1024}@", rf"\1{MASK}@"),
    _pair(("authorization", "cookie"), _HEADER, r"[^\r\n]+", MASK),
    _pair(("key", "token", "secret", "pass", "pwd", "authorization", "cookie"), _TELLING, r"[^\s&]+", MASK),
    _rule(("/users/",), r"(/users/)(?!merge(?:[/?#\s\"']|$))[^\s/?#\"']+", rf"\1{PERSON}"),
    _pair(
        ("user", "visitor", "session", "anonymous", "client", "mail"),
        rf"\b{_PERSON}",
        r"[^\s\"'&;,]+",
        PERSON,
    ),
    _rule(("@", "%40"), r"[\w.+%-]{1,64}(?:@|%40)[\w-]{1,64}(?:\.[\w-]{1,64}){1,8}", EMAIL),
)


def redact(text: str, secrets: Collection[str] = ()) -> str:
    """The text without API keys, tokens, passwords, cookies, e-mails, and ids of users where they show.

    Ids of users are known by their place: in a path after /users/, or under a name such as user_id. A
    bare id in a sentence is not seen, so do not write one. `secrets` are further strings to take out.

    >>> redact("GET /v1/users/ann?api_key=123 with Bearer abcdefgh")
    'GET /v1/users/[user]?api_key=[redacted] with Bearer [redacted]'
    >>> redact("postgresql://shop:hunter2@db/shop")
    'postgresql://shop:[redacted]@db/shop'
    """
    for secret in secrets:
        text = text.replace(secret, MASK)
    folded = text.casefold()
    for hints, pattern, instead in _RULES:
        if any(hint in folded for hint in hints):
            text = pattern.sub(instead, text)
    return text


def redact_value(value: Any, secrets: Collection[str] = ()) -> Any:
    """The same for all texts in a value that JSON can hold; what stands under a telling name goes whole.

    >>> redact_value({"headers": {"Cookie": "a=b"}, "user_id": "ann", "took_ms": 3})
    {'headers': {'Cookie': '[redacted]'}, 'user_id': '[user]', 'took_ms': 3}
    """
    if isinstance(value, str):
        return redact(value, secrets)
    if isinstance(value, bytes):
        return redact(value.decode("utf-8", "replace"), secrets)
    if isinstance(value, Mapping):
        return {redact_value(name, secrets): _named(name, value[name], secrets) for name in value}
    if isinstance(value, list | tuple):
        inside = [redact_value(inner, secrets) for inner in value]
        return inside if isinstance(value, list) else tuple(inside)
    return value


def _named(name: object, value: Any, secrets: Collection[str]) -> Any:
    if isinstance(name, str) and value is not None:
        if _SECRET_NAME.fullmatch(name):
            return MASK
        if _PERSON_NAME.fullmatch(name):
            return PERSON
    return redact_value(value, secrets)


class RedactionFilter(logging.Filter):
    """Cleans every record that passes, with `redact`: message, traceback and added fields.

    Add it to handlers, not to loggers: a logger's filter does not see what its children log. `secrets`
    are those that the process was started with, such as WARMSTART_ADMIN_KEY; empty ones are passed over.

    Tracebacks are turned into text (`exc_text`), which logging's own formatters print; `exc_info` is None
    afterwards. Added fields are cleaned if JSON could hold them, other objects are left as they are.
    """

    def __init__(self, secrets: Collection[str | None] = ()) -> None:
        super().__init__()
        self._secrets = tuple(secret for secret in secrets if secret)

    def filter(self, record: logging.LogRecord) -> bool:
        """Clean a record; none is held back."""
        self._clean_message(record)
        self._clean_traceback(record)
        for name, value in vars(record).items():
            if name not in _STANDARD:
                setattr(record, name, _named(name, value, self._secrets))
        return True

    def _clean_message(self, record: logging.LogRecord) -> None:
        if record.name in _WITH_ARGUMENTS:
            record.args = redact_value(record.args, self._secrets)
        else:
            record.msg, record.args = redact(record.getMessage(), self._secrets), ()

    def _clean_traceback(self, record: logging.LogRecord) -> None:
        if record.exc_info and record.exc_info[0] and not record.exc_text:
            record.exc_text = "".join(traceback.format_exception(*record.exc_info)).rstrip("\n")
        record.exc_info = None
        if record.exc_text:
            record.exc_text = redact(record.exc_text, self._secrets)
        if record.stack_info:
            record.stack_info = redact(record.stack_info, self._secrets)


_STANDARD: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime"}
_WITH_ARGUMENTS: Final = frozenset({"uvicorn.access"})
"""Loggers whose formatter reads the arguments one by one."""
