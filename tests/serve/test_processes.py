"""Real services: killed, told to stop, and two workers that answer as one."""

from __future__ import annotations

import json
import signal
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from itertools import count

import pytest

pytest.importorskip("uvicorn")
pytest.importorskip("httpx")

import httpx

from tests.serve.conftest import ADMIN, ITEMS
from tests.serve.process import Process
from warmstart.serve.leases import Lease
from warmstart.serve.replica import LEARNING
from warmstart.store import open_store

WRITERS = 4


def click(user_id: str, item_id: str, event_id: str):
    return {"event_type": "click", "user_id": user_id, "item_id": item_id, "event_id": event_id}


def write_until_it_ends(service: Process, name: str, told: threading.Semaphore) -> list[str]:
    """Write events for ever; the ids of those that were acknowledged."""
    acknowledged: list[str] = []
    with service.new_client() as client:
        for i in count():
            events = [
                click(name, str(ITEMS[i % 5]["item_id"]), f"{name}-{i}-{j}") for j in range(1 + i % 3)
            ]
            try:
                answer = client.post("/v1/events", json=events)
            except httpx.TransportError:
                return acknowledged
            assert answer.status_code == 200
            acknowledged += [event["event_id"] for event in events]
            told.release()
    raise AssertionError


def export(service: Process, user_id: str) -> list[str]:
    answer = service.client.get(f"/v1/users/{user_id}/export")
    return [event["event_id"] for event in answer.json()["events"]]


def _head(body: bytes, *more: str) -> bytes:
    said = ["POST /v1/events HTTP/1.1", "Host: x", f"X-API-Key: {ADMIN}", f"Content-Length: {len(body)}"]
    return "\r\n".join([*said, *more, "", ""]).encode()


def test_a_service_killed_in_a_storm_of_writes_loses_nothing_that_it_acknowledged(tmp_path):
    names = [f"w{i}" for i in range(WRITERS)]
    told = threading.Semaphore(0)
    with ThreadPoolExecutor(WRITERS) as pool:
        with Process(tmp_path) as service:
            service.ask("/v1/items", ITEMS)
            writers = [pool.submit(write_until_it_ends, service, name, told) for name in names]
            for _ in range(100):
                assert told.acquire(timeout=60)
            service.kill()
        acknowledged = {name: set(each.result()) for name, each in zip(names, writers, strict=True)}
    with Process(tmp_path) as service:
        found = {name: export(service, name) for name in names}
        for name in names:
            assert acknowledged[name] <= set(found[name])
            assert len(set(found[name])) == len(found[name])
            assert service.ask("/v1/recommend", {"user_id": name})["warnings"] == []
        status = service.client.get("/v1/admin/status").json()
        assert status["model"]["events"] == sum(map(len, found.values())) >= 100
        one = "tea"
        service.ask("/v1/events", [click("w0", one, event_id) for event_id in found["w0"]])
        assert export(service, "w0") == found["w0"]


def test_workers_whose_parent_was_killed_finish_what_they_began_and_leave(tmp_path):
    body = json.dumps([click("ann", "tea", f"e{i}") for i in range(200)]).encode()
    with Process(tmp_path, "--workers", "2") as service:
        service.ask("/v1/items", ITEMS)
        address = httpx.URL(service.url)
        with socket.create_connection((address.host, address.port), timeout=60) as caller:
            caller.sendall(_head(body, "Expect: 100-continue"))
            assert caller.recv(100).startswith(b"HTTP/1.1 100")  # a worker has begun with it
            service.kill()
            service.hear("Shutting down", 2)
            caller.sendall(body)
            answer = caller.makefile("rb").read()
        service.hear_end()
        with pytest.raises(httpx.ConnectError):
            service.client.get("/healthz")
    assert answer.startswith(b"HTTP/1.1 200")


def take_back_until_it_ends(service: Process, name: str, told: threading.Semaphore) -> set[str]:
    """Write two events and take the second back, for ever; the ids of those that are said to be gone."""
    gone: set[str] = set()
    with service.new_client() as client:
        for i in count():
            pair = [click(name, "tea", f"{name}-{i}-stays"), click(name, "rod", f"{name}-{i}-goes")]
            try:
                number = client.post("/v1/events", json=pair).json()["numbers"][1]
                answer = client.delete(f"/v1/events/{number}", params={"user_id": name})
            except httpx.TransportError:
                return gone
            assert answer.json()["deleted"] == {"events": 1}
            gone.add(pair[1]["event_id"])
            told.release()
    raise AssertionError


def test_a_service_killed_while_events_are_taken_back_loses_those_alone(tmp_path):
    names = ["w0", "w1"]
    told = threading.Semaphore(0)
    with ThreadPoolExecutor(2) as pool:
        with Process(tmp_path) as service:
            service.ask("/v1/items", ITEMS)
            takers = [pool.submit(take_back_until_it_ends, service, name, told) for name in names]
            for _ in range(30):
                assert told.acquire(timeout=60)
            service.kill()
        gone = {name: each.result() for name, each in zip(names, takers, strict=True)}
    with Process(tmp_path) as service:
        found = {name: export(service, name) for name in names}
        for name in names:
            assert gone[name].isdisjoint(found[name])
            rounds = [event_id for event_id in found[name] if event_id.endswith("stays")]
            assert rounds == [f"{name}-{i}-stays" for i in range(len(rounds))]
            assert len(rounds) >= len(gone[name])
            assert len(found[name]) <= len(rounds) + 1  # of the last round both may be there
        status = service.client.get("/v1/admin/status").json()
        assert status["model"]["events"] == sum(map(len, found.values()))


def test_told_to_stop_it_says_so_first_and_drops_nothing(tmp_path):
    told = threading.Semaphore(0)

    def balanced(service: Process, name: str) -> list[int]:
        """As a load balancer sends: as long as it is ready, and no more after that."""
        codes: list[httpx.Response] = []
        with service.new_client() as client:
            while client.get("/readyz").status_code == 200:
                codes.append(client.post("/v1/events", json=click(name, "tea", f"{name}-{len(codes)}")))
                codes.append(client.post("/v1/search", json={"query": "green tea"}))
                told.release()
            assert client.get("/readyz").json()["status"] == "stopping"
        return [answer.status_code for answer in codes]

    with (
        Process(tmp_path, "--drain-seconds", "2") as service,
        ThreadPoolExecutor(WRITERS) as pool,
    ):
        service.ask("/v1/items", ITEMS)
        asking = [pool.submit(balanced, service, f"u{i}") for i in range(WRITERS)]
        for _ in range(20):
            assert told.acquire(timeout=60)
        service.child.send_signal(signal.SIGTERM)
        codes = [each.result() for each in asking]
        service.child.wait(60)
    assert {code for each in codes for code in each} == {200}
    with open_store(f"sqlite:///{tmp_path / 'store.db'}", tenant="default") as store:
        assert store.describe().entries["events"] == sum(map(len, codes)) / 2


def test_what_has_begun_is_finished_though_it_was_told_to_stop(tmp_path):
    body = json.dumps([click("ann", "tea", f"e{i}") for i in range(200)]).encode()
    with Process(tmp_path) as service:
        service.ask("/v1/items", ITEMS)
        address = httpx.URL(service.url)
        with socket.create_connection((address.host, address.port), timeout=60) as caller:
            caller.sendall(_head(body, "Expect: 100-continue"))
            assert caller.recv(100).startswith(b"HTTP/1.1 100")  # it has been seen
            caller.sendall(body[:1000])
            service.child.send_signal(signal.SIGTERM)
            service.hear("Shutting down")
            caller.sendall(body[1000:])
            answer = caller.makefile("rb").read()
        assert answer.startswith(b"HTTP/1.1 200")
        service.child.wait(60)
    with open_store(f"sqlite:///{tmp_path / 'store.db'}", tenant="default") as store:
        assert store.describe().entries["events"] == 200


class Two:
    """Two workers behind one address; a connection stays with the one that took it."""

    def __init__(self, service: Process) -> None:
        self.service = service
        workers: dict[str, httpx.Client] = {}
        while len(workers) < 2:
            client = service.new_client()
            line = service.hear(client.get("/healthz").headers["x-request-id"])
            if workers.setdefault(line.split()[2], client) is not client:
                client.close()
        self.one, self.other = workers.values()

    def close(self) -> None:
        self.one.close()
        self.other.close()


def ask(worker: httpx.Client, path: str, body: object):
    answer = worker.post(path, json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


def ids(worker: httpx.Client, path: str, body: object) -> list[str]:
    return [item["item_id"] for item in ask(worker, path, body)["items"]]


@pytest.fixture(scope="module")
def two(tmp_path_factory):
    """A service of two workers with six items."""
    home = tmp_path_factory.mktemp("two")
    with Process(home, "--workers", "2") as service:
        found = Two(service)
        ask(found.one, "/v1/items", ITEMS)
        assert ids(found.other, "/v1/search", {"query": "green tea", "n": 1}) == ["tea"]
        yield found
        found.close()


def test_items_written_through_one_worker_are_the_other_ones_next_answer(two):
    for i, (one, other) in enumerate([(two.one, two.other), (two.other, two.one)]):
        ask(one, "/v1/items", {"item_id": f"whisk{i}", "title": f"Bamboo whisk nr{i}"})
        assert ids(other, "/v1/search", {"query": f"bamboo whisk nr{i}", "n": 1}) == [f"whisk{i}"]
        one.patch(f"/v1/items/whisk{i}", json={"price": 1.25})
        cheap = {"query": "bamboo whisk", "filter": {"price": {"lte": 2}}}
        assert ids(other, "/v1/search", cheap) == [f"whisk{i}"]
        one.delete(f"/v1/items/whisk{i}")
        assert f"whisk{i}" not in ids(other, "/v1/search", {"query": "bamboo whisk"})
        assert other.post("/v1/similar", json={"item_id": f"whisk{i}"}).status_code == 404


def test_people_of_one_worker_are_those_of_the_other(two):
    for i, (one, other) in enumerate([(two.one, two.other), (two.other, two.one)]):
        visitor, user = f"v{i}", f"ann{i}"
        nobody = ids(other, "/v1/recommend", {"user_id": user})
        ask(one, "/v1/events", click(visitor, "tea", f"e{i}"))
        tasteful = ids(other, "/v1/recommend", {"visitor_id": visitor})
        assert tasteful != nobody
        assert ids(one, "/v1/recommend", {"visitor_id": visitor}) == tasteful
        wrong = ask(one, "/v1/events", click(visitor, "rod", f"wrong{i}"))["numbers"][0]
        assert ids(other, "/v1/recommend", {"visitor_id": visitor}) != tasteful
        one.delete(f"/v1/events/{wrong}", params={"user_id": visitor})
        assert ids(other, "/v1/recommend", {"visitor_id": visitor}) == tasteful
        ask(one, "/v1/users/merge", {"visitor_id": visitor, "user_id": user})
        assert ids(other, "/v1/recommend", {"user_id": user}) == tasteful
        assert ids(other, "/v1/recommend", {"visitor_id": visitor}) == nobody
        assert one.delete(f"/v1/users/{user}").status_code == 200
        assert ids(other, "/v1/recommend", {"user_id": user}) == nobody


def test_keys_made_by_one_worker_open_the_other(two):
    made = ask(two.one, "/v1/admin/keys", {"scopes": ["read"]})
    headers = {"Authorization": f"Bearer {made['secret']}"}
    for worker in (two.other, two.one):
        assert worker.post("/v1/suggest", json={"prefix": "te"}, headers=headers).status_code == 200


def test_one_of_all_workers_learns_at_a_time_and_both_take_what_came_of_it(two):
    with open_store(f"sqlite:///{two.service.home / 'store.db'}", tenant="default") as store:
        lease = Lease(store, LEARNING)
        while not lease.take():  # whoever was forgotten before this is being forgotten
            two.service.client.get("/healthz")
        for worker in (two.one, two.other):
            found = ask(worker, "/v1/admin/refit", {"force": True})
            assert "already" in found["why"]
        lease.release()
    version = ""
    while not version:
        found = ask(two.one, "/v1/admin/refit", {"force": True})
        version = found.get("version", "")
    while ask(two.other, "/v1/search", {"query": "tea"})["model"] < version:
        two.service.client.get("/healthz")
    assert ids(two.other, "/v1/search", {"query": "green tea", "n": 1}) == ["tea"]
