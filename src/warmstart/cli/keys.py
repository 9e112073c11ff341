"""API keys: make, list and revoke them."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from warmstart.cli import options as o
from warmstart.cli.output import console, facts_table, print_json, show_value, warn
from warmstart.cli.stores import open_existing, open_kept

if TYPE_CHECKING:
    from warmstart.roles.store import Store
    from warmstart.serve.security.keys import ApiKey

HELP = "API keys of the service: create, list, revoke."

Scopes = Annotated[
    list[str],
    typer.Option(
        "--scope", metavar="SCOPE", help="What the key may do: read, write or admin. Repeat for more."
    ),
]
Name = Annotated[str, typer.Option("--name", metavar="TEXT", help="What it is for, for people.")]
Rate = Annotated[
    float | None,
    typer.Option("--rate", metavar="NUMBER", help="Requests a second, instead of the limit of all."),
]
Days = Annotated[float | None, typer.Option("--days", min=0.0, help="The key ends after so many days.")]
KeyId = Annotated[
    str, typer.Argument(metavar="ID", help="The ten characters after ws_, as 'list' shows them.")
]


def create(
    store: o.StoreUrl,
    tenant: o.Tenant = "default",
    *,
    scope: Scopes,
    name: Name = "",
    rate: Rate = None,
    days: Days = None,
    as_json: o.AsJson = False,
) -> None:
    """Make a key and show it, once.

    Only a hash is kept, so a key that is lost is replaced by a new one.

    [bold]Examples[/bold]

      warmstart keys create --store sqlite:///shop.db --scope read --name website
      warmstart keys create --store sqlite:///shop.db --scope write --days 90
    """
    from warmstart.serve.security.keys import SYSTEM_TENANT, KeyRing

    ends = None if days is None else time.time() + days * 86_400
    with open_kept(store, SYSTEM_TENANT) as kept:
        secret, key = KeyRing(kept).create(
            tenant=tenant, scopes=scope, name=name, rate=rate, expires_at=ends
        )
        _audit(kept, "key.create", key)
    if as_json:
        print_json({"secret": secret, **key.as_dict()})
        return
    view = console()
    view.print(Text.assemble(("✓ ", "bold green"), "made ", (secret, "bold")), soft_wrap=True)
    view.print(facts_table(_facts(key)))
    warn(["It is not shown again. Send it as 'Authorization: Bearer KEY'."])


def list_keys(store: o.StoreUrl, *, as_json: o.AsJson = False) -> None:
    """List the keys that are valid, without their secrets.

    [bold]Example[/bold]

      warmstart keys list --store sqlite:///shop.db
    """
    from warmstart.serve.security.keys import SYSTEM_TENANT, KeyRing

    with open_existing(store, SYSTEM_TENANT) as kept:
        keys = KeyRing(kept).list()
    if as_json:
        print_json({"keys": [key.as_dict() for key in keys]})
        return
    table = Table(box=None, header_style="bold", padding=(0, 2, 0, 0))
    for row in [_facts(key) for key in keys]:
        if not table.columns:
            for heading in row:
                table.add_column(heading, overflow="fold")
        table.add_row(*(Text(show_value(value)) for value in row.values()))
    console().print(table if keys else "There are no keys.")


def revoke(key_id: KeyId, store: o.StoreUrl, *, as_json: o.AsJson = False) -> None:
    """End a key.

    Servers that run notice it within seconds.

    [bold]Example[/bold]

      warmstart keys revoke k7dq2mzx4a --store sqlite:///shop.db
    """
    from warmstart.serve.security.keys import SYSTEM_TENANT, KeyRing

    with open_existing(store, SYSTEM_TENANT) as kept:
        key = KeyRing(kept).revoke(key_id)
        _audit(kept, "key.revoke", key)
    if as_json:
        print_json({"revoked": key.as_dict()})
        return
    console().print(Text.assemble(("✓ ", "bold green"), f"revoked {key.key_id} of {key.tenant}"))


def _audit(kept: Store, action: str, key: ApiKey) -> None:
    """Whoever may open the store is its administrator."""
    from warmstart.serve.security.audit import Audit
    from warmstart.serve.security.callers import SCOPES, Caller

    caller = Caller("command-line", kept.name, SCOPES)
    Audit(kept).record(caller, action, id=key.key_id, tenant=key.tenant, scopes=sorted(key.scopes))


def _facts(key: ApiKey) -> dict[str, Any]:
    return {
        "id": key.key_id,
        "tenant": key.tenant,
        "scopes": ", ".join(sorted(key.scopes)),
        "name": key.name or None,
        "rate": key.rate,
        "made": _day(key.created_at),
        "ends": _day(key.expires_at),
    }


def _day(seconds: float | None) -> str | None:
    return None if seconds is None else f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M} UTC"


COMMANDS = {"create": create, "list": list_keys, "revoke": revoke}
