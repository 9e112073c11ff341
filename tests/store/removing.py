"""A process that removes one entry after the other until it is killed, and says which are gone."""

from __future__ import annotations

import os
import sys
from itertools import count

from warmstart.roles.store import Entry
from warmstart.store import open_store


def main(url: str, tenant: str) -> None:
    """Write two, remove the first of them, for ever; the number is printed after the call returned."""
    store = open_store(url, tenant=tenant)
    for i in count():
        number, _ = store.append([Entry(value=i, user_id="ann"), Entry(value=i, user_id="ann")])
        note = Entry(value=number)
        if store.remove([number], user_id="ann", noted=note, noted_in="changes") == [number]:
            os.write(1, f"{number}\n".encode())


if __name__ == "__main__":
    main(*sys.argv[1:])
