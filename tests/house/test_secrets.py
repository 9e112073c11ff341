"""No file of the project holds a secret, whatever its kind."""

import re
from pathlib import Path

import pytest

from tests.house.sources import OWN_FOLDERS, ROOT, name_of

FORMS = {
    "a key of ours": r"\bws_[a-z2-7]{10}_[A-Za-z0-9_-]{43}",
    "a private key": r"-----BEGIN [A-Z ]*PRIVATE KEY-----",
    "a signed token": r"\beyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]{20,}",
    "a key of AWS": r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b",
    "a key of Google": r"\bAIza[\w-]{35}",
    "a token of GitHub": r"\b(?:gh[pousr]_[A-Za-z0-9]{36}|github_pat_\w{40})",
    "a token of GitLab": r"\bglpat-[\w-]{20}",
    "a token of Hugging Face": r"\bhf_[A-Za-z0-9]{30}",
    "a token of PyPI": r"\bpypi-AgE[\w-]{50}",
    "a token of Slack": r"\bxox[abprs]-[\w-]{10,}",
    "a key of Stripe": r"\b[rs]k_live_[A-Za-z0-9]{16}",
    "a key of a language model": r"\bsk-(?:[a-z]+-)*[A-Za-z0-9_]{20,}",
    "a random text under a telling name": (
        r"(?i:password|passwd|secret|token|api_?key)[\"']?\s*[=:]\s*[\"']"
        r"(?=[^\"']*[0-9])(?=[^\"']*[a-z])(?=[^\"']*[A-Z])[A-Za-z0-9+/_=-]{32,}[\"']"
    ),
    "a password in a URL": r"://[^\s/:@\"'{}<>$]+:(?!(?:%s)@)[^\s/:@\"'{}<>$\[\]]+@",
}
MADE_UP = ("p", "hun", "hunter2", "very-secret")
"""Passwords of examples and tests; nobody has them."""
PATTERNS = {
    what: re.compile(form.replace("%s", "|".join(map(re.escape, MADE_UP)))) for what, form in FORMS.items()
}
LARGEST = 2_000_000
NAMES = re.compile(
    r"\.env(?!\.example$)(\..*)?|.*\.(pem|key|p12|pfx|keystore)|id_(rsa|ecdsa|ed25519)|\.(netrc|pgpass|pypirc)"
)


def files() -> list[Path]:
    """All files of the project, also those that are no text."""
    inside = [path for folder in OWN_FOLDERS for path in (ROOT / folder).rglob("*")]
    return [p for p in [*ROOT.glob("*"), *inside] if p.is_file() and "__pycache__" not in p.parts]


def secrets_in(text: str) -> list[str]:
    """What the text holds that looks like a secret."""
    return [what for what, pattern in PATTERNS.items() if pattern.search(text)]


def test_no_file_holds_a_secret():
    found = {
        name_of(path): secrets_in(path.read_bytes().decode("utf-8", "replace"))
        for path in files()
        if path.stat().st_size <= LARGEST
    }
    assert {name: what for name, what in found.items() if what} == {}


def test_no_file_is_of_a_kind_that_is_there_to_hold_secrets():
    assert [name_of(path) for path in files() if NAMES.fullmatch(path.name)] == []


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("ws_" + "abcdefghij" + "_" + "Ab3-" * 10 + "xyz", "a key of ours"),
        ("-----BEGIN RSA " + "PRIVATE KEY-----", "a private key"),
        ("eyJ" + "hbGciOiJI" + ".eyJ" + "zdWIiOiJhbm4" + "." + "c2ln" * 8, "a signed token"),
        ("AKIA" + "ABCDEFGHIJKLMNOP", "a key of AWS"),
        ("AIza" + "b" * 35, "a key of Google"),
        ("ghp_" + "a1" * 18, "a token of GitHub"),
        ("glpat-" + "a" * 20, "a token of GitLab"),
        ("hf_" + "aB" * 17, "a token of Hugging Face"),
        ("pypi-AgE" + "a" * 60, "a token of PyPI"),
        ("xoxb-" + "1234567890", "a token of Slack"),
        ("sk_live_" + "a" * 24, "a key of Stripe"),
        ("sk-proj-" + "a1B2" * 6, "a key of a language model"),
        ('API_KEY = "' + "aB3" * 12 + '"', "a random text under a telling name"),
        ("postgresql://shop:" + "Tr0ub4dor" + "@db/shop", "a password in a URL"),
    ],
)
def test_a_secret_is_noticed(text, what):
    assert what in secrets_in(f"x {text} y")


@pytest.mark.parametrize(
    "text",
    [
        "postgresql://user@host/database",
        "postgresql://shop:${POSTGRES_PASSWORD}@db/shop",
        "http://127.0.0.1:8000/v1/items?q=a@b",
        'token = "not random, only long enough to be looked at"',
        "warmstart keys revoke k7dq2mzx4a",
        "risk-adjusted_and_very_long_word",
    ],
)
def test_what_is_no_secret_is_let_be(text):
    assert secrets_in(text) == []


@pytest.mark.parametrize("name", [".env", ".env.local", "server.pem", "id_ed25519", "tls.key", ".pgpass"])
def test_a_file_for_secrets_is_noticed(name):
    assert NAMES.fullmatch(name)
    assert not NAMES.fullmatch(".env.example")
