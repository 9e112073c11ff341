"""A real service in a process of its own."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from tests.serve.conftest import ADMIN

if TYPE_CHECKING:
    import httpx

_ADDRESS = re.compile(r"running on (http://127\.0\.0\.1:\d+)")


class Process:
    """`warmstart serve` on a free port; says what it logs."""

    def __init__(self, home: Path, *options: str) -> None:
        self.home = home
        self.lines: list[str] = []
        self._said, self._has_ended = threading.Condition(), False
        self._workers = int(options[options.index("--workers") + 1]) if "--workers" in options else 1
        command = [sys.executable, "-m", "warmstart", "serve", "--home", str(home), "--port", "0"]
        self.child = subprocess.Popen(
            [*command, "--encoder", "catalogue", "--rate", "100000", "--burst", "100000", *options],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "WARMSTART_ADMIN_KEY": ADMIN},
        )
        self._reading = threading.Thread(target=self._read, daemon=True)
        self._reading.start()

    def _read(self) -> None:
        assert self.child.stderr is not None
        for line in self.child.stderr:
            with self._said:
                self.lines.append(line)
                self._said.notify_all()
        with self._said:
            self._has_ended = True
            self._said.notify_all()

    def hear(self, words: str, times: int = 1) -> str:
        """Wait until it has logged something so often; the last line of those."""
        with self._said:
            self._said.wait_for(lambda: self._has_ended or len(self._with(words)) >= times, 60)
        found = self._with(words)
        assert len(found) >= times, "".join(self.lines)
        return found[-1]

    def hear_end(self) -> None:
        """Wait until nobody is left who could log anything: neither it nor its workers."""
        with self._said:
            assert self._said.wait_for(lambda: self._has_ended, 60)

    def _with(self, words: str) -> list[str]:
        return [line for line in self.lines if words in line]

    def __enter__(self) -> Self:
        self.hear("Application startup complete", self._workers)
        found = _ADDRESS.search(self.hear("running on http"))
        assert found
        self.url = found[1]
        self.client = self.new_client()
        assert self.client.get("/readyz").status_code == 200
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self.client.close()
        self.end()

    def new_client(self) -> httpx.Client:
        """A client with the admin key; each thread takes one."""
        import httpx

        headers = {"Authorization": f"Bearer {ADMIN}"}
        return httpx.Client(base_url=self.url, headers=headers, timeout=60, trust_env=False)

    def ask(self, path: str, body: Any) -> Any:
        answer = self.client.post(path, json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def kill(self) -> None:
        """As the system does it when memory runs out."""
        self.child.kill()
        self.child.wait()

    def end(self, number: int = signal.SIGTERM) -> int:
        """Told to stop; how it ended."""
        if self.child.poll() is None:
            self.child.send_signal(number)
        code = self.child.wait(60)
        self._reading.join(60)
        if self.child.stderr is not None:
            self.child.stderr.close()
        return code
