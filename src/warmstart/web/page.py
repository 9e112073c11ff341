"""What storefront and console have in common: their frame, their files, and what a browser may do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape
from importlib.resources.abc import Traversable
from typing import Final

from fastapi import HTTPException, Response

POLICY: Final = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
"""Nothing runs or is loaded but what the package brought; no page may frame ours."""
HEADERS: Final = {
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
_TYPES: Final = {
    "js": "text/javascript",
    "css": "text/css",
    "json": "application/json",
    "svg": "image/svg+xml",
}

Assets = Mapping[str, tuple[bytes, str]]
"""Files by name, each with its type."""


def read_assets(files: Iterable[Traversable]) -> Assets:
    """Those of the files that a page can ask for."""
    kinds = ((file, _TYPES.get(file.name.rpartition(".")[2])) for file in files)
    return {file.name: (file.read_bytes(), kind) for file, kind in kinds if kind}


def served(assets: Assets, name: str) -> Response:
    """One of the files; 404 for any other name."""
    if name not in assets:
        raise HTTPException(404, "There is no such file.")
    body, kind = assets[name]
    return Response(body, media_type=kind, headers=HEADERS)


def framed(
    *, tag: str, language: str, words: Mapping[str, str], base: str, name: str, assets: Assets
) -> str:
    """The HTML of a page whose script `name`.js builds what is in it.

    `base` is the path below which the files are; `words` say title, skip and noscript; `tag` is the
    language for the browser.
    """
    said = {key: escape(words[key]) for key in ("title", "skip", "noscript")}
    modules = "\n".join(
        f'<link rel="modulepreload" href="{base}/{module}">'
        for module in sorted(assets)
        if module.endswith(".js") and module not in (f"{name}.js", "theme.js")
    )
    return f"""<!doctype html>
<html lang="{tag}" data-language="{language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{said["title"]}</title>
<link rel="icon" href="{base}/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="{base}/{name}.css">
<script src="{base}/theme.js"></script>
{modules}
<script type="module" src="{base}/{name}.js"></script>
</head>
<body>
<a class="skip" href="#main">{said["skip"]}</a>
<header id="top" class="top"></header>
<main id="main" tabindex="-1"><noscript><p class="notice">{said["noscript"]}</p></noscript></main>
<footer id="foot" class="foot"></footer>
<div id="live" class="unseen" role="status" aria-live="polite"></div>
</body>
</html>
"""
