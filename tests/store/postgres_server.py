"""A PostgreSQL server of our own, on a socket in a folder of its own."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from pathlib import Path


def binaries() -> Path | None:
    """The folder of PostgreSQL's programs, newest version first; Debian keeps it off the PATH."""
    found = shutil.which("initdb")
    if found is not None:
        return Path(found).resolve().parent
    folders = Path("/usr/lib/postgresql").glob("*/bin/initdb")
    return max((path.parent for path in folders), key=lambda path: int(path.parent.name), default=None)


def _other_user() -> str | None:
    """PostgreSQL refuses to run as root: who it runs as then."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


class PostgresServer:
    """Started on a Unix socket: no port, so that several test runs do not meet."""

    def __init__(self, programs: Path) -> None:
        self._programs, self._user = programs, _other_user()
        self._folder = Path(
            tempfile.mkdtemp(prefix="warmstart-pg-", dir="/tmp")
        )  # sockets need short paths
        if self._user is not None:
            shutil.chown(self._folder, self._user)
        self.url = f"postgresql://warmstart@/postgres?host={self._folder}"
        self._run("initdb", "-A", "trust", "-U", "warmstart", "-E", "UTF8", "--locale=C", "--no-sync")

    def _run(self, program: str, *arguments: str) -> None:
        with (self._folder.parent / f"{self._folder.name}.out").open("ab") as out:
            subprocess.run(
                [self._programs / program, "-D", str(self._folder / "data"), *arguments],
                check=True,
                user=self._user,
                cwd=self._folder,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                timeout=120,
            )

    def start(self) -> None:
        """Start it and wait until it answers. It never syncs: only a crash of the machine would tell."""
        options = f"-F -c listen_addresses= -c unix_socket_directories={self._folder} -c max_connections=40"
        options += (
            " -c shared_buffers=16MB -c max_wal_size=256MB -c autovacuum=off -c deadlock_timeout=20ms"
        )
        self._run("pg_ctl", "-w", "-l", str(self._folder / "log"), "-o", options, "start")

    def stop(self) -> None:
        """Stop it at once, as a crash would."""
        self._run("pg_ctl", "-w", "-m", "immediate", "stop")

    def remove(self) -> None:
        """Stop it and delete all it has."""
        if (self._folder / "data" / "postmaster.pid").exists():
            self.stop()
        shutil.rmtree(self._folder, ignore_errors=True)
        (self._folder.parent / f"{self._folder.name}.out").unlink(missing_ok=True)
