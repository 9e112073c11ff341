"""How quick the pages are in a real browser; writes results/pages.json.

    python benchmarks/pages.py [--models FOLDER] [--rounds N] [SHOP ...]  default: demo icecat beauty 100000

Each shop is served with `--pages --open` by a process of its own, and Chromium (through Playwright, extra
'browser') loads each page: once as somebody who was never there, then again with what it kept. Times are ms
since the navigation began, as the browser's own clock has them: `paint` is the first contentful paint,
`complete` when the page says that all it asked for is shown. `first` is the first page that the service
gives at all, `first_search` what its first search takes. Browser and service share the machine.
`--models` holds fitted models named as the shops; what is not there is fitted. The slow network is that of
browsers' tools: 400 ms and 400 kbit/s ("slow 3G").
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any, Final

from common import RESULTS
from serve import shop_of

from warmstart.data.dataset import Dataset
from warmstart.data.reader import read_shop
from warmstart.data.simulator import SimulatorSettings, simulate
from warmstart.engine.engine import Engine

SHOPS: Final = ("demo", "icecat", "beauty", "100000")
QUERIES: Final = {"demo": "kettle", "icecat": "laser printer", "beauty": "dry shampoo"}
SLOW: Final = {"offline": False, "latency": 400, "downloadThroughput": 50_000, "uploadThroughput": 50_000}
_WATCH: Final = """
new MutationObserver((_, all) => {
  if (document.documentElement?.hasAttribute("data-ready")) {
    window.complete ??= performance.now();
    all.disconnect();
  }
}).observe(document, { subtree: true, attributes: true, childList: true });
"""
_SEEN: Final = """
async () => {
  const painted = () => performance.getEntriesByName("first-contentful-paint")[0];
  while (!window.complete || !painted()) await new Promise((go) => setTimeout(go, 20));
  const loaded = ["navigation", "resource"].flatMap((kind) => performance.getEntriesByType(kind));
  return {
    paint: painted().startTime,
    complete: window.complete,
    bytes: loaded.reduce((sum, one) => sum + one.transferSize, 0),
    requests: loaded.filter((one) => one.transferSize > 0).length,
  };
}
"""
Seen = dict[str, float]


# -- shops and services -----------------------------------------------------------------------------


def dataset_of(name: str) -> Dataset:
    """The demo's shop, one of the shared ones, or icecat grown to so many products."""
    if name == "demo":
        return simulate(SimulatorSettings(seed=0, n_items=600, n_users=800)).dataset
    if name == "beauty":
        return read_shop(Path(os.environ.get("WARMSTART_DATA", "../shared/data")) / name)[0]
    return shop_of(None if name == "icecat" else int(name))


def model_of(name: str, models: Path) -> Path:
    """A fitted model, from before or fitted now."""
    if not (models / name / "current.json").is_file():
        print(f"fitting {name}", flush=True)
        Engine().fit(dataset_of(name)).save(models / name)
    return models / name


@contextmanager
def served(model: Path) -> Iterator[str]:
    """The address of a service of this model, in a process of its own."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    base = f"http://127.0.0.1:{port}"
    with tempfile.TemporaryDirectory() as home:
        command = [sys.executable, "-m", "warmstart", "serve", str(model), "--home", home, "--pages"]
        process = subprocess.Popen(
            [*command, "--open", "--port", str(port), "--refit-minutes", "0"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            _wait(base, process)
            yield base
        finally:
            process.terminate()
            process.wait()


def _wait(base: str, process: subprocess.Popen[bytes]) -> None:
    while process.poll() is None:
        try:
            with urllib.request.urlopen(f"{base}/readyz", timeout=5):
                return
        except OSError:
            time.sleep(0.2)
    raise SystemExit("expected a service; it ended")


# -- a browser --------------------------------------------------------------------------------------


def load(browser: Any, address: str, *, slow: bool = False) -> tuple[Seen, Seen]:
    """Load a page as a stranger, and once more with what the browser kept."""
    context = browser.new_context(locale="en-US")
    context.add_init_script(_WATCH)
    page = context.new_page()
    page.set_default_timeout(180_000)
    if slow:
        network = context.new_cdp_session(page)
        network.send("Network.enable")
        network.send("Network.emulateNetworkConditions", SLOW)
    found = []
    for _ in range(2):
        page.goto(address)
        found.append(page.evaluate(_SEEN))
    context.close()
    return found[0], found[1]


def measured(browser: Any, address: str, rounds: int, *, slow: bool = False) -> dict[str, Any]:
    """Medians over the rounds, and the slowest, for both kinds of loads."""
    pairs = [load(browser, address, slow=slow) for _ in range(rounds)]
    cold, warm = zip(*pairs, strict=True)
    return {"cold": _sum(cold), "warm": _sum(warm)}


def _sum(loads: Sequence[Seen]) -> Seen:
    names = ("paint", "complete", "bytes", "requests")
    found = {name: round(median(one[name] for one in loads), 1) for name in names}
    return {**found, "slowest": round(max(one["complete"] for one in loads), 1)}


def pages_of(base: str, name: str) -> dict[str, str]:
    """What to load: of the storefront, and the heavier views of the console."""
    query = QUERIES.get(name, QUERIES["icecat"]).replace(" ", "+")
    with urllib.request.urlopen(f"{base}/shop/api/search?q={query}", timeout=300) as answer:
        item = json.load(answer)["items"][0]["id"]
    return {
        "home": "/shop",
        "search": f"/shop/search?q={query}",
        "product": f"/shop/item?id={item}",
        "console": "/console",
        "console search": f"/console/search?q={query}",
        "console users": "/console/users",
        "console data": "/console/data",
    }


def report_on(browser: Any, name: str, models: Path, rounds: int) -> dict[str, Any]:
    """One shop."""
    with served(model_of(name, models)) as base:
        first, _ = load(browser, f"{base}/shop")  # nobody has asked anything yet
        searching = time.perf_counter()
        pages = pages_of(base, name)
        searched = round(1e3 * (time.perf_counter() - searching), 1)
        rows = []
        for page, path in pages.items():
            rows.append({"page": page, **measured(browser, base + path, rounds)})
            cold, warm = rows[-1]["cold"], rows[-1]["warm"]
            print(f"{name:8} {page:15} {cold} {warm}", flush=True)
        slow = measured(browser, f"{base}/shop", 3, slow=True) if name == "demo" else None
        with urllib.request.urlopen(f"{base}/console/api/overview", timeout=60) as answer:
            items = json.load(answer)["model"]["items"]
    return {
        "shop": name,
        "items": items,
        "first": _sum([first]),
        "first_search": searched,
        "pages": rows,
        "slow": slow,
    }


def main() -> None:
    """Measure the shops that were asked for; others keep what was found before."""
    from playwright.sync_api import sync_playwright

    parser = argparse.ArgumentParser()
    parser.add_argument("shops", nargs="*", default=SHOPS)
    parser.add_argument("--models", type=Path)
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    path: Path = RESULTS / "pages.json"
    before = json.loads(path.read_text(encoding="utf-8"))["shops"] if path.is_file() else []
    found = {shop["shop"]: shop for shop in before}
    with tempfile.TemporaryDirectory() as made, sync_playwright() as playwright:
        chromium = shutil.which("chromium") or shutil.which("google-chrome")
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for name in options.shops:
            found[name] = report_on(browser, name, options.models or Path(made), options.rounds)
        report = {
            "command": "python benchmarks/pages.py",
            "rounds": options.rounds,
            "browser": f"Chromium {browser.version}",
            "cpu_count": os.cpu_count(),
            "load": os.getloadavg(),
            "shops": [found[name] for name in SHOPS if name in found],
        }
        browser.close()
    path.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
