"""Put the CPU build of torch, as pinned in constraints.txt, into the environment that runs this file.

    .venv/bin/python scripts/install_cpu_torch.py

On Linux the build that PyPI gives brings several gigabytes of CUDA, so only the version marked `+cpu`
is asked for, which PyPI does not have and so can never come by mistake: first from the indexes and
folders that pip is set up with, then from the wheel index of the PyTorch project. Elsewhere PyPI's build
is the CPU one. An environment that has torch already is left as it is.

Exit status 0: torch is there. 1: it could not be had, and the message says what to do.
"""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from pathlib import Path

CONSTRAINTS = Path(__file__).resolve().parent.parent / "constraints.txt"
WHEELS = "https://download.pytorch.org/whl/cpu"
PATIENCE = ("--retries", "1", "--timeout", "20")


def pinned_version(constraints: Path = CONSTRAINTS) -> str:
    """The version of torch that constraints.txt names."""
    pin = re.search(r"^torch==(\S+)", constraints.read_text(encoding="utf-8"), re.MULTILINE)
    if pin is None:
        sys.exit(f"expected a line 'torch==VERSION' in {constraints}; found none. Run: make pins")
    return pin[1]


def requirement(version: str, platform: str) -> str:
    """What to ask pip for.

    >>> requirement("2.13.0", "linux"), requirement("2.13.0", "darwin")
    ('torch==2.13.0+cpu', 'torch==2.13.0')
    """
    return f"torch=={version}+cpu" if platform.startswith("linux") else f"torch=={version}"


def installed_build() -> str | None:
    """'cpu' or 'cuda' for the torch that is installed, None without one; torch is not imported."""
    spec = importlib.util.find_spec("torch")
    if spec is None or spec.origin is None:
        return None
    facts = (Path(spec.origin).parent / "version.py").read_text(encoding="utf-8")
    return "cpu" if re.search(r"^cuda\b[^=]*=\s*None", facts, re.MULTILINE) else "cuda"


def install(wanted: str, *options: str) -> str:
    """Install `wanted`; what pip complained of, or nothing when all went well."""
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--quiet", "--constraint", str(CONSTRAINTS)]
    done = subprocess.run([*pip, *options, wanted], capture_output=True, text=True, check=False)
    return done.stderr.strip() or "pip failed" if done.returncode else ""


def main() -> int:
    """Install torch unless it is there; the exit status says whether it is."""
    build = installed_build()
    if build is not None:
        print(f"torch is installed ({build} build)")
        return 0
    wanted = requirement(pinned_version(), sys.platform)
    print(f"installing {wanted} (about 200 MB)", flush=True)
    complaint = install(wanted) and install(wanted, *PATIENCE, "--extra-index-url", WHEELS)
    if not complaint:
        return 0
    python = ".".join(map(str, sys.version_info[:2]))
    print(
        f"expected {wanted} for Python {python} on an index of pip's or on {WHEELS}; found neither "
        f"({complaint.splitlines()[-1]}). Everything that needs torch is left out. "
        "Install a CPU build of torch by hand and run this again.",
        file=sys.stderr,
    )
    return 1


if __name__ == "__main__":
    sys.exit(main())
