"""What `deploy/` names is there: metrics, options, variables, paths, and files that can be read."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from typing import Any

import pytest

yaml = pytest.importorskip("yaml")

from tests.house.sources import ROOT, modules  # noqa: E402

DEPLOY = ROOT / "deploy"
FILES = sorted(path for path in DEPLOY.rglob("*") if path.is_file())
YAML = [path for path in FILES if path.suffix in (".yaml", ".yml")]
PAGES = [ROOT / "docs/how-to/deploy.md", ROOT / "docs/how-to/serve.md"]
OF_LIBRARIES = {
    "PGPASSWORD": "libpq",
    "OMP_NUM_THREADS": "BLAS",
    "PYTHONUNBUFFERED": "Python",
    "PYTHONDONTWRITEBYTECODE": "Python",
    "PATH": "the shell",
    "HF_HUB_OFFLINE": "huggingface-hub",
}
"""Variables that are read, but not by us."""


def documents() -> Iterator[Any]:
    """Every YAML document."""
    for path in YAML:
        yield from yaml.safe_load_all(path.read_text(encoding="utf-8"))


def containers() -> list[dict[str, Any]]:
    """Containers that run the service, of compose and of Kubernetes."""
    composed = [one for said in documents() for one in said.get("services", {}).values()]
    pods = [
        one
        for said in documents()
        if said.get("kind") == "Deployment"
        for one in said["spec"]["template"]["spec"]["containers"]
    ]
    return [one for one in (*composed, *pods) if str(one.get("image")).startswith("warmstart")]


def metrics() -> set[str]:
    """The names under which Prometheus sees what the service tells."""
    pytest.importorskip("prometheus_client")
    from warmstart.serve.metrics import Metrics

    endings = {
        "counter": ("_total",),
        "gauge": ("",),
        "histogram": ("_bucket", "_sum", "_count"),
    }
    families = Metrics().registry.collect()
    return {family.name + end for family in families for end in endings[family.type]}


def options() -> set[str]:
    """The options of `warmstart serve`."""
    from typer.main import get_command

    from warmstart.cli.main import app

    root: Any = get_command(app)
    return {name for parameter in root.commands["serve"].params for name in parameter.opts}


def dashed(words: list[str]) -> set[str]:
    return {word.split("=")[0] for word in words if word.startswith("--")}


def text_of(name: str) -> str:
    return (DEPLOY / name).read_text(encoding="utf-8")


def test_every_metric_that_is_watched_is_told():
    named = {
        name
        for path in FILES
        if path.parent.name != "systemd"
        for name in re.findall(r"\bwarmstart_[a-z_]+\b", path.read_text(encoding="utf-8"))
    }
    made = set(re.findall(r"name: \{as: (\w+)\}", text_of("kubernetes/autoscaling.yaml")))
    assert len(named) > 10
    assert named - made - metrics() == set()


def test_every_metric_that_is_told_is_on_the_dashboard():
    shown = text_of("grafana/warmstart.json")
    assert [name for name in metrics() if name not in shown and not name.endswith(("_sum", "_count"))] == []


def test_every_option_exists():
    used: list[list[str]] = [one.get("command") or one["args"] for one in containers()]
    assert len(used) == 2
    used += [
        json.loads(found) for found in re.findall(r"^CMD (\[.*\])$", text_of("Containerfile"), re.MULTILINE)
    ]
    starts = re.findall(r"^ExecStart=(.*)$", text_of("systemd/warmstart.service"), re.MULTILINE)
    pages = [
        line.split("  #")[0]
        for page in PAGES
        for line in page.read_text(encoding="utf-8").replace("\\\n", " ").splitlines()
        if line.startswith("warmstart serve ")
    ]
    used += [shlex.split(line) for line in (*starts, *pages)]
    assert len(used) > 5
    assert set[str]().union(*map(dashed, used)) <= options()


def test_every_variable_is_read():
    named = {
        name
        for one in containers()
        if isinstance(one.get("environment"), dict)
        for name in one["environment"]
    }
    named |= {said["name"] for one in containers() for said in one.get("env", ())}
    named |= set(re.findall(r"^(\w+)=", text_of("systemd/secrets.example"), re.MULTILINE))
    for line in re.findall(r"^Environment=(.*)$", text_of("systemd/warmstart.service"), re.MULTILINE):
        named |= {pair.partition("=")[0] for pair in line.split()}
    block = re.search(r"^ENV (.*(?:\\\n.*)*)", text_of("Containerfile"), re.MULTILINE)
    assert block is not None
    named |= set(re.findall(r"(\w+)=\S", block[1]))
    source = "".join(path.read_text(encoding="utf-8") for path in modules())
    assert {"WARMSTART_ADMIN_KEY", "PGPASSWORD"} <= named
    assert [name for name in sorted(named - set(OF_LIBRARIES)) if f'"{name}"' not in source] == []


def test_every_path_that_is_asked_exists():
    pytest.importorskip("fastapi")
    from warmstart.serve.app import create_app
    from warmstart.serve.settings import ServeSettings

    paths = set(create_app(ServeSettings()).openapi()["paths"])
    probed = {
        found
        for path in FILES
        for found in re.findall(r"(?:path: |8000|_path: )(/[a-z]+)\b", path.read_text(encoding="utf-8"))
    }
    assert {"/readyz", "/healthz", "/metrics"} <= probed
    assert probed <= paths
    routes = set(re.findall(r"/v1/[a-z]+", text_of("prometheus/alerts.yml"))) - {"/v1/admin"}
    assert routes <= paths


@pytest.mark.parametrize("path", YAML, ids=lambda path: path.name)
def test_every_file_can_be_read(path):
    said = [one for one in yaml.safe_load_all(path.read_text(encoding="utf-8")) if one]
    assert said


def test_the_dashboard_is_whole():
    board = json.loads(text_of("grafana/warmstart.json"))
    assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"])
    assert all(panel["title"] and panel["targets"][0]["expr"] for panel in board["panels"])
    names = {one["name"] for one in board["templating"]["list"]}
    used = set(re.findall(r"\$\{?(\w+)\}?", json.dumps(board["panels"]))) - {"__rate_interval"}
    assert used <= names


def test_kubernetes_names_agree():
    said = list(documents())
    kinds = {(one["kind"], one["metadata"]["name"]): one for one in said if "kind" in one}
    deployment = kinds["Deployment", "warmstart"]["spec"]
    labels = deployment["template"]["metadata"]["labels"]
    for kind in ("Service", "PodDisruptionBudget"):
        selector = kinds[kind, "warmstart"]["spec"]["selector"]
        assert selector.get("matchLabels", selector).items() <= labels.items()
    assert deployment["selector"]["matchLabels"].items() <= labels.items()
    target = kinds["HorizontalPodAutoscaler", "warmstart"]["spec"]["scaleTargetRef"]
    assert (target["kind"], target["name"]) in kinds
    for volume in deployment["template"]["spec"]["volumes"]:
        claim = volume.get("persistentVolumeClaim", {}).get("claimName")
        assert claim is None or ("PersistentVolumeClaim", claim) in kinds


def test_nobody_is_root_and_nothing_is_writable():
    pod = next(one for one in documents() if one.get("kind") == "Deployment")["spec"]["template"]["spec"]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert all(one["securityContext"]["readOnlyRootFilesystem"] for one in pod["containers"])
    composed = [one for one in containers() if "command" in one]
    assert all(one["read_only"] and one["cap_drop"] == ["ALL"] for one in composed)
    file = text_of("Containerfile")
    assert re.search(r"^USER [1-9]\d*:[1-9]\d*$", file, re.MULTILINE)
    assert "torch" not in file.split("\n", 1)[1]
