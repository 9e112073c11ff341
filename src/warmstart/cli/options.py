"""Arguments and options that several commands share, spelled once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Model = Annotated[
    Path, typer.Argument(metavar="MODEL", help="Folder of a fitted model (see 'warmstart fit').")
]
Shop = Annotated[
    Path, typer.Argument(metavar="SHOP", help="Folder with an items file, or a shop.toml that names files.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON and nothing else.")]
N = Annotated[int, typer.Option("-n", "--n", min=1, max=1000, help="How many items to show.")]
User = Annotated[
    str | None,
    typer.Option("--user", "-u", metavar="ID", help="Whose taste to use; an unknown id is a new visitor."),
]
KnownUser = Annotated[str, typer.Option("--user", "-u", metavar="ID", help="The user's id.")]
Filters = Annotated[
    list[str] | None,
    typer.Option(
        "--filter",
        "-f",
        metavar="RULE",
        help="Keep only items that meet this, such as brand=HP or price<=100. Repeat to combine.",
    ),
]
Excluded = Annotated[
    list[str] | None,
    typer.Option("--exclude", "-x", metavar="ITEM", help="Leave this item out. Repeat for more."),
]
Events = Annotated[
    list[str] | None,
    typer.Option(
        "--event",
        "-e",
        metavar="TYPE:ITEM",
        help="Something this visitor just did, such as click:42. Oldest first; not kept. Repeat for more.",
    ),
]
Diversity = Annotated[
    float | None,
    typer.Option(
        "--diversity",
        min=0.0,
        max=1.0,
        metavar="SHARE",
        help="How unlike each other the items are to be, from 0 to 1; 0.2 is a light hand.",
    ),
]
Encoder = Annotated[
    str,
    typer.Option(
        "--encoder",
        metavar="NAME",
        help="What reads the text: auto takes the best one installed ('warmstart doctor' says which).",
    ),
]
StoreUrl = Annotated[
    str,
    typer.Option(
        "--store",
        metavar="URL",
        envvar="WARMSTART_STORE",
        show_envvar=False,
        help="sqlite:///shop.db, or postgresql://user@host/database; also from WARMSTART_STORE.",
    ),
]
Tenant = Annotated[str, typer.Option("--tenant", metavar="NAME", help="Which shop of those in the store.")]
