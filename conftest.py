"""Which modules cannot be looked through for examples, because they speak to a framework in an extra."""

from importlib.util import find_spec

SERVE = "src/warmstart/serve"
collect_ignore_glob = (
    []
    if find_spec("fastapi")
    else [f"{SERVE}/app.py", f"{SERVE}/door.py", f"{SERVE}/problems.py", f"{SERVE}/routes/*.py"]
)
