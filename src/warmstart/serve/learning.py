"""Have a process of its own learn a shop, and watch over it."""

from __future__ import annotations

import asyncio
import json
import logging
import sys
from collections.abc import Awaitable, Callable
from typing import Any, Final

from warmstart.serve.leases import SECONDS, Lease
from warmstart.serve.refitting import Task

log = logging.getLogger(__name__)

OnDisk = Callable[[Callable[[], Any]], Awaitable[Any]]
_RENEWED: Final = SECONDS / 3


async def learn(task: Task, lease: Lease, on_disk: OnDisk) -> dict[str, Any] | None:
    """What came of a task, None where its process failed; while it lives, the lease does."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "warmstart.serve.refitting",
        task.as_json(),
        stdin=asyncio.subprocess.PIPE,  # ends when we do, and so the process knows
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        out, said = await _said(process, lease, on_disk)
    except BaseException:
        if process.returncode is None:
            process.kill()
            await process.wait()
        raise
    if process.returncode:
        log.error("learning anew failed: %s", said.decode(errors="replace")[-2000:])
        return None
    return dict(json.loads(out.splitlines()[-1]))


async def _said(process: asyncio.subprocess.Process, lease: Lease, on_disk: OnDisk) -> tuple[bytes, bytes]:
    assert process.stdout is not None  # noqa: S101  # for the type checker
    assert process.stderr is not None  # noqa: S101  # for the type checker
    reading = asyncio.gather(process.stdout.read(), process.stderr.read())
    while not (await asyncio.wait([reading], timeout=_RENEWED))[0]:
        await on_disk(lease.renew)
    await process.wait()
    out, said = reading.result()
    return out, said
