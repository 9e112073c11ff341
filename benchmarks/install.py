"""What an installation costs: size and seconds of the plain package, and seconds of `import warmstart`.

    python benchmarks/install.py

Makes a clean virtual environment in a temporary folder, installs this checkout there without extras and
with the pins of constraints.txt, and writes benchmarks/results/install.json.
"""

from __future__ import annotations

import json
import platform
import re
import statistics
import subprocess
import tempfile
import time
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RESULT = ROOT / "benchmarks" / "results" / "install.json"
IMPORTS = ("import warmstart", "import warmstart; warmstart.Engine, warmstart.read_shop")
RUNS = 10


def main() -> None:
    """Measure, print and write."""
    with tempfile.TemporaryDirectory() as folder:
        python = _empty_environment(Path(folder))
        before = _megabytes(Path(folder))
        seconds = _install(python)
        result = {
            "command": "python benchmarks/install.py",
            "install_s": round(seconds, 1),
            "installed_mb": round(_megabytes(Path(folder)) - before, 1),
            "packages": len(json.loads(_run(python, "-m", "pip", "list", "--format=json"))) - 1,
            "largest_mb": _largest(Path(folder)),
            "import_ms": {statement: _import_ms(python, statement) for statement in IMPORTS},
            "import_runs": RUNS,
            "environment": {
                "python": platform.python_version(),
                "system": platform.platform(terse=True),
                "machine": platform.machine(),
            },
        }
    text = json.dumps(result, indent=2)
    RESULT.parent.mkdir(parents=True, exist_ok=True)
    RESULT.write_text(text + "\n", encoding="utf-8")
    print(text)


def _empty_environment(folder: Path) -> Path:
    venv.create(folder, with_pip=True, symlinks=True)
    return folder / "bin" / "python"


def _install(python: Path) -> float:
    begun = time.perf_counter()
    quiet = ("--quiet", "--quiet", "--disable-pip-version-check")
    _run(python, "-m", "pip", "install", *quiet, "--constraint", str(ROOT / "constraints.txt"), str(ROOT))
    return time.perf_counter() - begun


def _run(python: Path, *arguments: str) -> str:
    done = subprocess.run([str(python), *arguments], check=True, stdout=subprocess.PIPE, text=True)
    return done.stdout


def _megabytes(folder: Path) -> float:
    return sum(path.lstat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6


def _largest(folder: Path) -> dict[str, float]:
    """The five largest packages, by folder."""
    (site,) = folder.glob("lib/python*/site-packages")
    sizes = {path.name: round(_megabytes(path), 1) for path in site.iterdir() if path.is_dir()}
    return dict(sorted(sizes.items(), key=lambda pair: -pair[1])[:5])


def _import_ms(python: Path, statement: str) -> float:
    """Median over runs of what `-X importtime` says of the whole statement, in milliseconds."""
    _run(python, "-c", statement)  # writes the bytecode
    return round(statistics.median(_one_import_ms(python, statement) for _ in range(RUNS)), 1)


def _one_import_ms(python: Path, statement: str) -> float:
    command = [str(python), "-X", "importtime", "-c", statement]
    told = subprocess.run(command, check=True, stderr=subprocess.PIPE, text=True).stderr
    names = re.findall(r"^import time:\s+(\d+) \|\s+\d+ \|( *)(\S+)", told, re.MULTILINE)
    start = next(i for i, (_, _, name) in enumerate(names) if name == "site") + 1
    return sum(int(own) for own, _, _ in names[start:]) / 1_000


if __name__ == "__main__":
    main()
