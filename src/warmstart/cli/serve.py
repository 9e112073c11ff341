"""Put a shop behind HTTP."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.text import Text

from warmstart.cli.output import console, count, note
from warmstart.core.errors import InputError

if TYPE_CHECKING:
    from warmstart.data.dataset import Dataset
    from warmstart.serve.settings import ServeSettings

PAGES = "warmstart.web.app:worker"
"""Makes the service with its pages."""
Source = Annotated[
    Path | None,
    typer.Argument(
        metavar="[MODEL_OR_SHOP]",
        help="A fitted model or a shop to begin with; without it the shop begins empty, or goes on.",
        show_default=False,
    ),
]
Home = Annotated[Path, typer.Option("--home", metavar="FOLDER", help="Where facts and models are kept.")]
StoreUrl = Annotated[
    str,
    typer.Option(
        "--store",
        metavar="URL",
        help="sqlite:///FILE or postgresql://…; without it a file in the home folder.",
        show_default=False,
    ),
]
Encoder = Annotated[
    str,
    typer.Option("--encoder", help="By name or folder, as in 'warmstart fit'; used when a shop is fitted."),
]

Host = Annotated[str, typer.Option("--host", help="Address to listen on.")]
Port = Annotated[int, typer.Option("--port", min=0, max=65535)]
Workers = Annotated[int, typer.Option("--workers", min=1, max=64, help="Processes that answer.")]
OpenToAll = Annotated[
    bool, typer.Option("--open", help="Ask for no key; only on an address of this machine.")
]
Rate = Annotated[float, typer.Option("--rate", min=0.01, help="Requests a second for each key.")]
Burst = Annotated[float, typer.Option("--burst", min=1, help="Requests at once for each key.")]
Origins = Annotated[
    list[str] | None,
    typer.Option("--origin", help="Pages that browsers may call from. Repeat for more."),
]
RefitMinutes = Annotated[
    float,
    typer.Option("--refit-minutes", min=0, help="Learn anew at most so often; 0: only when asked."),
]
RelearnMinutes = Annotated[
    float,
    typer.Option(
        "--relearn-minutes",
        min=0,
        help="Count again without those who were forgotten at most so often; 0: each time.",
    ),
]
KeepDays = Annotated[
    float, typer.Option("--keep-days", min=0, help="Delete events after so many days; 0: never.")
]
DrainSeconds = Annotated[
    float, typer.Option("--drain-seconds", min=0, help="Say 'not ready' for so long before leaving.")
]
Pages = Annotated[
    bool,
    typer.Option(
        "--pages", help="A storefront at /shop too, for visitors without a key; a console at /console."
    ),
]
Cert = Annotated[Path | None, typer.Option("--tls-cert", help="Certificate, PEM.")]
CertKey = Annotated[Path | None, typer.Option("--tls-key", help="Its key, PEM.")]


def serve(
    source: Source = None,
    *,
    home: Home = Path("warmstart-home"),
    store: StoreUrl = "",
    encoder: Encoder = "auto",
    host: Host = "127.0.0.1",
    port: Port = 8000,
    workers: Workers = 1,
    open_to_all: OpenToAll = False,
    rate: Rate = 200.0,
    burst: Burst = 400.0,
    origin: Origins = None,
    refit_minutes: RefitMinutes = 10.0,
    relearn_minutes: RelearnMinutes = 10.0,
    keep_days: KeepDays = 0.0,
    drain_seconds: DrainSeconds = 0.0,
    pages: Pages = False,
    tls_cert: Cert = None,
    tls_key: CertKey = None,
) -> None:
    """Answer searches and recommendations over HTTP.

    Writes are on the disk before they are acknowledged, and count in the next
    answer. Begun without keys, it makes one for an administrator and shows it
    once. Interrupted or killed, it goes on where it was.

    [bold]Examples[/bold]

      warmstart serve my-shop
      warmstart serve my-shop --pages --open
      warmstart serve my-model --home /var/lib/warmstart --workers 2
      warmstart serve --store postgresql://shop@db/shop --host 0.0.0.0
    """
    from warmstart.core.extras import load_extra
    from warmstart.serve.settings import ServeSettings

    load_extra("fastapi", what="the service", extra="serve")
    settings = ServeSettings(
        home=home.resolve(),
        store=store,
        encoder=_lasting(encoder),
        host=host,
        port=port,
        workers=workers,
        open_to_all=open_to_all,
        rate=rate,
        burst=burst,
        origins=tuple(origin or ()),
        refit_minutes=refit_minutes,
        relearn_minutes=relearn_minutes,
        keep_days=keep_days,
        drain_seconds=drain_seconds,
    )
    _run(settings, source, pages=pages, tls=_tls(tls_cert, tls_key))


def _run(settings: ServeSettings, source: Path | None, *, pages: bool, tls: Mapping[str, Any]) -> None:
    """Take in what is to be served, say where it will be, and answer until the end."""
    from warmstart.serve.run import check_exposed, check_whole, first_key, run_service

    check_exposed(settings)
    if source is not None:
        _take(source, settings)
    check_whole(settings)
    if secret := first_key(settings):
        _show_key(secret)
    address = f"{'https' if tls else 'http'}://{settings.host}:{settings.port}"
    _say(f"Answering at {address}/v1, described at /openapi.json. Ctrl-C ends it.")
    if pages:
        _say(f"The storefront is at {address}/shop, the console at {address}/console.")
    run_service(settings, **tls, **({"factory": PAGES} if pages else {}))


def _lasting(encoder: str) -> str:
    """A folder by its whole path: the service may be started from elsewhere the next time."""
    kind, colon, folder = encoder.rpartition(":")
    return f"{kind}{colon}{Path(folder).resolve()}" if Path(folder).is_dir() else encoder


def _take(source: Path, settings: ServeSettings) -> None:
    """Bring a model or a shop into a store that is still empty."""
    from warmstart.data.reader import read_shop
    from warmstart.engine.engine import Engine
    from warmstart.serve.run import fit_model, take_model, take_shop

    if (source / "current.json").is_file():
        engine = Engine.load(source)
        shop, taken, what = engine.dataset, take_model(settings, engine), "model"
        if taken:
            _say(_imported(shop))
    else:
        note(f"Reading {source} …")
        shop, _ = read_shop(source)
        taken, what = take_shop(settings, shop), "shop"
        if taken:
            _say(_imported(shop))
            note(f"Learning {count(len(shop.items), 'item')} …")
        fit_model(settings)
    if not taken:
        _say(f"The store has items already: the {what} at {source} was left where it is.")


def _imported(shop: Dataset) -> str:
    """What came into the store, table by table; that there are no events is told, too."""
    more = {"profile": shop.users, "review": shop.reviews, "judgment": shop.judgments}
    always = [count(len(shop.items), "item"), count(len(shop.events), "event")]
    counts = [count(len(table), noun) for noun, table in more.items() if len(table)]
    return f"Imported: {', '.join([*always, *counts])}."


def _say(text: str) -> None:
    """Say it whoever reads: a terminal, or the log of a container."""
    console().print(Text(text), soft_wrap=True)


def _show_key(secret: str) -> None:
    view = console()
    view.print(Text.assemble("Your admin key, shown this once:  ", (secret, "bold")))
    view.print(
        Text("Send it as 'Authorization: Bearer KEY'. More keys: warmstart keys --help", style="dim")
    )


def _tls(cert: Path | None, key: Path | None) -> dict[str, Any]:
    if (cert is None) != (key is None):
        raise InputError(
            expected="--tls-cert and --tls-key together", found="one of them", todo="Pass both, or none."
        )
    return {} if cert is None else {"ssl_certfile": str(cert), "ssl_keyfile": str(key)}
