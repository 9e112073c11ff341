"""Acknowledged means durable: what a call has said is there survives a kill, and nothing comes twice."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterable

import pytest

from tests.store.postgres_server import PostgresServer
from warmstart.roles.store import Store
from warmstart.store import open_store

LINES = 60


def storm(url: str, tenant: str, module: str = "storm") -> list[list[str]]:
    """The lines that a writing process printed before it was killed in the middle."""
    command = [sys.executable, "-m", f"tests.store.{module}", url, tenant]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        said = [child.stdout.readline() for _ in range(LINES)]
        child.send_signal(signal.SIGKILL)
        said += child.stdout.readlines()
    assert child.returncode == -signal.SIGKILL
    return [line.decode().split() for line in said if line.endswith(b"\n")]


def check(store: Store, said: Iterable[list[str]]) -> None:
    """Everything said is there under its number, whole calls only, and numbers have no gaps."""
    found = {entry.key: entry for entry in store.read()}
    items = {record.key: record.value for record in store.scan("items")}
    for what, key, *numbers in said:
        if what == "item":
            assert items[key] == int(numbers[0])
        else:
            assert [found[f"{key}-{j}"].number for j in range(len(numbers))] == [int(n) for n in numbers]
    assert [entry.number for entry in found.values()] == list(range(1, len(found) + 1))
    for entry in found.values():
        call, _, _ = str(entry.key).rpartition("-")
        assert all(f"{call}-{j}" in found for j in range(1 + entry.value % 3))


def test_a_killed_writer_loses_nothing_that_was_acknowledged_in_a_file(tmp_path):
    url = f"sqlite:///{tmp_path / 'shop.db'}"
    said: list[list[str]] = []
    for tenant in ("first", "second"):  # the second storm starts on what the first left behind
        lines = storm(url, tenant)
        assert len(lines) >= LINES
        with open_store(url, tenant=tenant) as store:
            check(store, lines)
        said = said or lines
    with open_store(url, tenant="first") as store:
        check(store, said)


def test_a_killed_writer_loses_nothing_that_was_acknowledged_on_a_server(postgres):
    lines = storm(postgres.url, "storm")
    with open_store(postgres.url, tenant="storm") as store:
        check(store, lines)


def check_removed(store: Store, said: list[list[str]]) -> None:
    """What was said to be gone is gone; a note tells of each deletion that happened, and of no other."""
    there = {entry.number for entry in store.read()}
    noted = [entry.value for entry in store.read(log="changes")]
    assert noted[: len(said)] == [int(number) for (number,) in said]
    assert len(noted) <= len(said) + 1
    assert there == {*range(1, store.describe().last["events"] + 1)}.difference(noted)


def test_a_killed_remover_leaves_no_deletion_without_its_note_in_a_file(tmp_path):
    url = f"sqlite:///{tmp_path / 'shop.db'}"
    lines = storm(url, "removing", "removing")
    with open_store(url, tenant="removing") as store:
        check_removed(store, lines)


def test_a_killed_remover_leaves_no_deletion_without_its_note_on_a_server(postgres):
    lines = storm(postgres.url, "removing", "removing")
    with open_store(postgres.url, tenant="removing") as store:
        check_removed(store, lines)


@pytest.mark.parametrize("times", [2])
def test_a_server_that_crashes_under_a_storm_loses_nothing_that_was_acknowledged(
    postgres: PostgresServer, times: int
):
    command = [sys.executable, "-m", "tests.store.storm", postgres.url, "crash"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as child:
        assert child.stdout is not None
        said = [child.stdout.readline() for _ in range(LINES)]
        for _ in range(times):
            postgres.stop()
            postgres.start()
        child.kill()
        said += child.stdout.readlines()
    with open_store(postgres.url, tenant="crash") as store:
        check(store, [line.decode().split() for line in said if line.endswith(b"\n")])
