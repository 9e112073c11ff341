"""A process that writes from several threads until it is killed, and says what was acknowledged."""

from __future__ import annotations

import os
import sys
import threading
from itertools import count

from warmstart.roles.store import Entry, Record, Store
from warmstart.store import open_store

THREADS = 4


def write(store: Store, name: str) -> None:
    """Write for ever; a line says what is durable, and is printed after the call returned."""
    for i in count():
        key = f"{name}-{i}"
        if i % 5 == 4:
            store.put("items", [Record(key=key, value=i)])
            line = f"item {key} {i}\n"
        else:
            batch = [Entry(value=i, user_id=name, key=f"{key}-{j}") for j in range(1 + i % 3)]
            numbers = store.append(batch)
            line = f"events {key} {' '.join(map(str, numbers))}\n"
        os.write(1, line.encode())


def main(url: str, tenant: str) -> None:
    """Start the storm."""
    store = open_store(url, tenant=tenant)
    for i in range(THREADS):
        threading.Thread(target=write, args=(store, f"w{i}")).start()


if __name__ == "__main__":
    main(*sys.argv[1:])
