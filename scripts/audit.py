"""Ask OSV (https://osv.dev) whether a pinned version has a known vulnerability.

    make audit

The names and versions in constraints.txt are sent to it, nothing else. Ends with 1 when something was
found, and with 2 when nobody could be asked; `--if-reachable` makes of that a line and 0.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

ROOT = Path(__file__).resolve().parent.parent
SERVICE = "https://api.osv.dev/v1/querybatch"
SECONDS = 20
LET_BE: Mapping[str, str] = {}
"""Ids of vulnerabilities that do not reach us, each with the reason."""


def pins(text: str) -> list[tuple[str, str]]:
    """Names and versions in the text of constraints.txt.

    >>> pins("numpy==2.4.6")
    [('numpy', '2.4.6')]
    """
    parts = (line.partition("==") for line in text.splitlines() if not line.startswith("#"))
    return [(name, version) for name, equal, version in parts if equal]


def ask(wanted: list[tuple[str, str]], service: str = SERVICE) -> dict[str, list[str]]:
    """The ids of the vulnerabilities of each `name==version` that has any.

    Errors: `OSError`, `HTTPException` or `ValueError` when there is no whole answer.
    """
    queries = [{"package": {"name": n, "ecosystem": "PyPI"}, "version": v} for n, v in wanted]
    body = json.dumps({"queries": queries}).encode()
    request = Request(service, body, {"Content-Type": "application/json"}, method="POST")  # noqa: S310
    with urlopen(request, timeout=SECONDS) as reply:  # noqa: S310
        found: Any = json.load(reply)
    results = found.get("results") if isinstance(found, dict) else None
    if not isinstance(results, list) or len(results) != len(wanted):
        raise ValueError("an answer to something else")
    pairs = zip(wanted, results, strict=True)
    return {
        f"{n}=={v}": [one["id"] for one in result["vulns"]]
        for (n, v), result in pairs
        if result.get("vulns")
    }


def main(arguments: list[str] | None = None, service: str = SERVICE) -> int:
    """Ask, and say what was found."""
    parser = argparse.ArgumentParser(description="Ask OSV about the versions in constraints.txt.")
    parser.add_argument("--if-reachable", action="store_true", help="end with 0 when nobody can be asked")
    asked = parser.parse_args(arguments)
    wanted = pins((ROOT / "constraints.txt").read_text(encoding="utf-8"))
    try:
        found = ask(wanted, service)
    except (OSError, HTTPException, ValueError) as error:
        print(f"nothing is known: {service} could not be asked ({error})")
        return 0 if asked.if_reachable else 2
    open_ones = {pin: [one for one in ids if one not in LET_BE] for pin, ids in found.items()}
    open_ones = {pin: ids for pin, ids in open_ones.items() if ids}
    for pin, ids in open_ones.items():
        print(f"{pin}: {', '.join(ids)}")
    print(f"{len(wanted)} versions asked about, {len(open_ones)} with known vulnerabilities")
    return 1 if open_ones else 0


if __name__ == "__main__":
    sys.exit(main())
