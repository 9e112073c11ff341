"""Measure a live shop in a process of its own, and leave the report where the console finds it.

python -m warmstart.web.console.examining '{"store": "sqlite:///shop.db", "tenant": "default", …}'
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Final, Literal

from warmstart.core.artifact import write_json
from warmstart.evaluate.run import evaluate
from warmstart.serve.facts import read_shop_of
from warmstart.serve.refitting import live_with_parent
from warmstart.store.opening import open_store
from warmstart.web.console.reports import Reports

METHODS: Final = ("popularity", "content", "item-knn", "engine")
"""What everybody likes, what is alike, what is chosen together, and all that the engine does."""
_NICE: Final = 10
"""Answers come first."""
_BEAT: Final = 15.0
"""Seconds between two signs of life."""


@dataclass(frozen=True, kw_only=True)
class Examination:
    """What is to be measured: `sample` users of a shop, by a protocol of `warmstart evaluate`; one seed."""

    store: str
    tenant: str
    folder: str
    encoder: str = "auto"
    protocol: Literal["new-users", "new-items"] = "new-users"
    sample: int = 200


async def examine(task: Examination, reports: Reports) -> None:
    """Run what `Reports.begin` made room for, beside the answers."""
    trouble = "the service was stopped"
    try:
        trouble = await _run_in_process(task, reports)
    finally:
        reports.end(trouble)


async def _run_in_process(task: Examination, reports: Reports) -> str:
    """Empty where all went well, else the last line of what went wrong."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", __name__, json.dumps(asdict(task))),
        stdin=asyncio.subprocess.PIPE,  # ends when we do, and so the process knows
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    if process.stderr is None:
        return "the process cannot be heard"
    hearing = asyncio.create_task(process.stderr.read())
    while not hearing.done():
        await asyncio.wait([hearing], timeout=_BEAT)
        reports.live()
    lines = hearing.result().decode(errors="replace").strip().splitlines()
    return (lines[-1] if lines else "it was ended") if await process.wait() else ""


def run(task: Examination) -> Path:
    """Measure, and write the report; nobody is named in it. Errors: those of `evaluate`."""
    with open_store(task.store, tenant=task.tenant) as store:
        shop, _ = read_shop_of(store, task.tenant)
    done = evaluate(
        shop,
        task.protocol,
        seeds=(0,),
        methods=METHODS,
        encoder=task.encoder,
        sample=task.sample,
        command=f"console: {task.protocol}, {task.sample} users",
    )
    stamp = time.strftime("%Y-%m-%dT%H-%M-%S", time.gmtime())
    path = Path(task.folder) / f"{stamp}-{task.protocol}.json"
    write_json(path, replace(done, stories=()).to_dict())
    return path


if __name__ == "__main__":
    live_with_parent()
    os.nice(_NICE)
    run(Examination(**json.loads(sys.argv[1])))
