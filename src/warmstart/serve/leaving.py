"""Leave so that nobody notices."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
import threading
from types import FrameType

from warmstart.serve.state import Service


def drain_on_term(service: Service, seconds: float) -> None:
    """On SIGTERM say 'not ready' for so long, and answer on; then do what was to be done on SIGTERM.

    Whatever sends requests here looks at /readyz now and then; it has that long to see, and to send them
    elsewhere. A second SIGTERM, and Ctrl-C, end the waiting. Only for the main thread of a process.
    """
    if not seconds or threading.current_thread() is not threading.main_thread():
        return
    loop = asyncio.get_running_loop()
    leave = signal.getsignal(signal.SIGTERM)

    def now(number: int, frame: FrameType | None) -> None:
        if callable(leave):
            leave(number, frame)

    def begin(number: int, frame: FrameType | None) -> None:
        if service.is_stopping:
            now(number, frame)
            return
        service.is_stopping = True
        loop.call_soon_threadsafe(loop.call_later, seconds, now, number, None)

    signal.signal(signal.SIGTERM, begin)


def leave_with_parent() -> None:
    """Leave as on SIGTERM once whoever started this worker is gone, however they went.

    The system closes a pipe when its holder dies, so this needs no clock and nobody to ask. It does nothing
    in a process that no other one started as its worker.
    """
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def wait() -> None:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait, name="parent", daemon=True).start()
