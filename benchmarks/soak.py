"""Twenty minutes of life: questions, events, new products, refits, a restart, a kill; is all still there?

    python benchmarks/soak.py [--minutes 20]

A real service on a simulated shop. Four clients search, ask for recommendations, report events, add, change
and delete products without a pause of more than a fraction of a second. Every fifth of the time the shop is
learned anew, by force. After a third of the time the service is told to stop (SIGTERM) and started again,
after two thirds it is killed (SIGKILL) and started again; while it is down calls are tried again, as a shop
would. At the end every event that was acknowledged is looked for. Memory is that of the serving process,
every five seconds. Speeds are not measured here. Writes benchmarks/results/soak.json.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from common import HERE, RESULTS

from warmstart.client import Client, ProblemError, UnreachableError
from warmstart.core import columns as c
from warmstart.data.simulator import SimulatorSettings, simulate
from warmstart.serve.run import fit_model, take_shop
from warmstart.serve.settings import ServeSettings

CLIENTS, SEED, PAUSE = 4, 0, 0.15
REFITS = 5


@dataclass
class Life:
    """What the clients did and found, and whether the service is meant to be there."""

    port: int
    items: list[str]
    users: list[str]
    words: list[str]
    ended: threading.Event = field(default_factory=threading.Event)
    away: threading.Event = field(default_factory=threading.Event)
    calls: Counter[str] = field(default_factory=Counter)
    again: int = 0
    errors: list[str] = field(default_factory=list)
    acknowledged: dict[str, str] = field(default_factory=dict)
    """User by event_id."""

    def client(self) -> Client:
        return Client(f"http://127.0.0.1:{self.port}", retries=0)


def one_client(life: Life, number: int) -> None:
    """Call until the end; what fails while the service is away is called again."""
    chance = random.Random(SEED + number)
    with life.client() as client:
        while not life.ended.wait(chance.random() * 2 * PAUSE):
            kind = chance.choices(("search", "recommend", "event", "item"), (3, 3, 4, 1))[0]
            call = _call(life, client, chance, kind, number)
            while not _done(life, kind, call):
                if life.ended.wait(0.2):
                    return


def _call(life: Life, client: Client, chance: random.Random, kind: str, number: int) -> Any:
    user = chance.choice(life.users)
    if kind == "search":
        words = chance.choice(life.words)
        return lambda: client.search(words, user_id=user)
    if kind == "recommend":
        return lambda: client.recommend(user_id=user)
    made = f"{number}-{life.calls.total()}-{chance.random()}"
    if kind == "event":
        event = {
            "event_type": chance.choice(("view", "click", "purchase")),
            "user_id": user,
            "item_id": chance.choice(life.items),
            "event_id": made,
        }

        def tell() -> None:
            client.observe(event)
            life.acknowledged[made] = user

        return tell
    item = f"new-{number}-{chance.randrange(50)}"
    if chance.random() < 0.2:
        return lambda: client.delete_item(item)
    return lambda: client.add_items({"item_id": item, "title": f"{chance.choice(life.words)} {made}"})


def _done(life: Life, kind: str, call: Any) -> bool:
    try:
        call()
    except UnreachableError as error:
        if not life.away.is_set():
            life.errors.append(f"{kind}: {error}")
        life.again += 1
        return False
    except ProblemError as error:
        if error.status == 503 and life.away.is_set():
            life.again += 1
            return False
        life.errors.append(f"{kind}: {error}")
    life.calls[kind] += 1
    return True


def start(home: Path, port: int, log: Path) -> subprocess.Popen[bytes]:
    """The service, once it answers."""
    where = ["--home", str(home), "--port", str(port)]
    options = ["--open", "--rate", "100000", "--burst", "100000", "--refit-minutes", "0"]
    with log.open("ab") as said:
        child = subprocess.Popen(
            [sys.executable, "-m", "warmstart", "serve", *where, *options],
            stdout=said,
            stderr=said,
            cwd=HERE.parent,
        )
    with Client(f"http://127.0.0.1:{port}", retries=0) as client:
        for _ in range(600):
            try:
                client.suggest("a")
            except (UnreachableError, ProblemError):
                if child.poll() is not None:
                    raise SystemExit(log.read_text(encoding="utf-8")[-3000:]) from None
                time.sleep(0.2)
            else:
                return child
    raise SystemExit("expected a service that answers; found none")


def stop(life: Life, child: subprocess.Popen[bytes], number: int) -> None:
    """End the service, one way or another."""
    life.away.set()
    child.send_signal(number)
    child.wait(60)


def resident_mb(pid: int) -> float:
    """What the process itself holds."""
    for line in Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    return 0.0


def refit(port: int) -> str:
    """Have the shop learned anew; what came of it."""
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/v1/admin/refit",
        data=b'{"force": true}',
        headers={"Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=600) as answer:
            return "promoted" if json.load(answer)["promoted"] else "not promoted"
    except OSError as error:
        return str(error)


def lost(life: Life) -> tuple[int, int]:
    """How many acknowledged events are not there, and how many are there twice."""
    found: Counter[str] = Counter()
    with life.client() as client:
        for user in set(life.acknowledged.values()):
            found.update(
                event["event_id"] for event in client.export(user)["events"] if "event_id" in event
            )
    missing = sum(event_id not in found for event_id in life.acknowledged)
    return missing, sum(count > 1 for count in found.values())


def run(minutes: float) -> dict[str, Any]:
    """The whole life."""
    shop = simulate(SimulatorSettings(n_items=1500, n_users=800, seed=SEED)).dataset
    with tempfile.TemporaryDirectory() as folder:
        home, log = Path(folder) / "home", Path(folder) / "log"
        settings = ServeSettings(home=home, encoder="catalogue")
        take_shop(settings, shop)
        fit_model(settings)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = int(free.getsockname()[1])
        life = Life(
            port,
            items=list(shop.item_ids),
            users=shop.events[c.USER_ID].unique().sort().to_list()[:300],
            words=[title for title in shop.items[c.TITLE].to_list()[:200] if title],
        )
        return _live(life, home, log, minutes * 60)


def _live(life: Life, home: Path, log: Path, seconds: float) -> dict[str, Any]:
    child = start(home, life.port, log)
    clients = [threading.Thread(target=one_client, args=(life, number)) for number in range(CLIENTS)]
    for thread in clients:
        thread.start()
    began, memory, refits = time.monotonic(), list[tuple[float, int, float]](), list[str]()
    learning = [threading.Thread(target=lambda: refits.append(refit(life.port))) for _ in range(REFITS)]
    due = [(seconds * (i + 0.5) / REFITS, thread.start) for i, thread in enumerate(learning)]
    ways = {seconds / 3: signal.SIGTERM, 2 * seconds / 3: signal.SIGKILL}
    run_of = 0
    while (now := time.monotonic() - began) < seconds:
        while due and due[0][0] <= now:
            due.pop(0)[1]()
        for moment in [moment for moment in ways if moment <= now]:
            stop(life, child, ways.pop(moment))
            child = start(home, life.port, log)
            life.away.clear()
            run_of += 1
        memory.append((round(now, 1), run_of, round(resident_mb(child.pid), 1)))
        time.sleep(5)
    for thread in learning:
        thread.join(600)
    life.ended.set()
    for thread in clients:
        thread.join()
    missing, twice = lost(life)
    stop(life, child, signal.SIGTERM)
    return {
        "minutes": seconds / 60,
        "calls": dict(life.calls),
        "called_again": life.again,
        "errors": len(life.errors),
        "first_errors": life.errors[:5],
        "acknowledged": len(life.acknowledged),
        "lost": missing,
        "twice": twice,
        "refits": refits,
        "memory": memory,
        "load": [round(average, 1) for average in os.getloadavg()],
    }


def main() -> None:
    """Live, and write down how it was."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=20.0)
    asked = parser.parse_args()
    found = run(asked.minutes)
    said = {**found, "memory": found["memory"][:: max(len(found["memory"]) // 20, 1)]}
    print(json.dumps(said, indent=1))
    if asked.minutes >= 20:
        text = json.dumps({"command": "python benchmarks/soak.py", **found}, ensure_ascii=False)
        (RESULTS / "soak.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
