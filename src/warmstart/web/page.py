"""What storefront and console have in common: their frame, their files, and what a browser may do."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from html import escape
from importlib.resources.abc import Traversable
from typing import Annotated, Final, Self

from fastapi import HTTPException, Path, Request, Response

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
Name = Annotated[str, Path(max_length=60)]
_KEPT: Final = "public, max-age=31536000, immutable"
_TYPES: Final = {
    "js": "text/javascript",
    "css": "text/css",
    "json": "application/json",
    "svg": "image/svg+xml",
}


@dataclass(frozen=True, kw_only=True)
class Asset:
    """A file as it is and packed, and what it is."""

    body: bytes
    packed: bytes
    kind: str


@dataclass(frozen=True, kw_only=True)
class Assets:
    """The files of a page by name. `version` is a digest of all of them: it stands in their addresses."""

    files: Mapping[str, Asset]
    version: str

    @classmethod
    def of(cls, files: Iterable[Traversable]) -> Self:
        """Those of the files that a page can ask for."""
        kinds = ((file, _TYPES.get(file.name.rpartition(".")[2])) for file in files)
        read = {file.name: (file.read_bytes(), kind) for file, kind in sorted(kinds, key=_name) if kind}
        digest = hashlib.sha256()
        for name, (body, _) in read.items():
            digest.update(f"{name} {len(body)}\n".encode() + body)
        packed = {
            name: Asset(body=body, packed=gzip.compress(body, mtime=0), kind=kind)
            for name, (body, kind) in read.items()
        }
        return cls(files=packed, version=digest.hexdigest()[:12])

    def served(self, request: Request, version: str, name: str) -> Response:
        """One of the files; 404 for any other name.

        A browser keeps it for good, as other contents have another address. Whoever asks for a version
        that is gone gets what there is now, and is told not to keep it.
        """
        if name not in self.files:
            raise HTTPException(404, "There is no such file.")
        found = self.files[name]
        headers = {**HEADERS, "Vary": "Accept-Encoding"}
        if version == self.version:
            headers["Cache-Control"] = _KEPT
        if "gzip" not in request.headers.get("accept-encoding", ""):
            return Response(found.body, media_type=found.kind, headers=headers)
        headers["Content-Encoding"] = "gzip"
        return Response(found.packed, media_type=found.kind, headers=headers)


def _name(pair: tuple[Traversable, str | None]) -> str:
    return pair[0].name


def framed(
    *, tag: str, language: str, words: Mapping[str, str], base: str, name: str, said: str, assets: Assets
) -> str:
    """The HTML of a page whose script `name`.js builds what is in it.

    `base` is the path below which the files are; `words` say title, skip and noscript, those of the
    script are in the file `said`; `tag` is the language for the browser.
    """
    base = f"{base}/{assets.version}"
    own = {key: escape(words[key]) for key in ("title", "skip", "noscript")}
    modules = "\n".join(
        f'<link rel="modulepreload" href="{base}/{module}">'
        for module in sorted(assets.files)
        if module.endswith(".js") and module not in (f"{name}.js", "theme.js")
    )
    return f"""<!doctype html>
<html lang="{tag}" data-language="{language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{own["title"]}</title>
<link rel="icon" href="{base}/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="{base}/{name}.css">
<script src="{base}/theme.js"></script>
<link rel="preload" as="fetch" crossorigin href="{base}/{said}">
{modules}
<script type="module" src="{base}/{name}.js"></script>
</head>
<body>
<a class="skip" href="#main">{own["skip"]}</a>
<header id="top" class="top"></header>
<main id="main" tabindex="-1"><noscript><p class="notice">{own["noscript"]}</p></noscript></main>
<footer id="foot" class="foot"></footer>
<div id="live" class="unseen" role="status" aria-live="polite"></div>
</body>
</html>
"""
