"""Keys while workers and Postgres are killed: no key is given out twice, and no acknowledged change
of devices is kept from those who share a room.

    APUS_KEY_FAULT_SECONDS   how long (20)
    APUS_FAULT_SEED          repeats a run's choices; each run prints its own
"""
import collections
import http.client
import os
import random
import signal
import threading
import time

import pytest

from support.api import Unexpected
from support.deployment import unique
from support.waiting import until

SECONDS = float(os.environ.get("APUS_KEY_FAULT_SECONDS", "20"))
SEED = int(os.environ.get("APUS_FAULT_SEED", random.SystemRandom().randrange(10**6)))
ALGORITHM = "signed_curve25519"
DEVICES, CLAIMERS, BATCH = 3, 6, 20
FAULT_PAUSE_SECONDS = (0.5, 2.0)
RECOVERY_SECONDS = 60
FAILURES = (Unexpected, http.client.HTTPException, OSError)


@pytest.fixture
def fleet_of_its_own(deployments):
    server = deployments.start(None)
    yield server
    server.fleet.stop()


def keys(first, count):
    return {f"{ALGORITHM}:k{number}": {"key": f"v{number}", "signatures": {}}
            for number in range(first, first + count)}


def insist(act):
    """Tries until it is acknowledged, as clients do."""
    answers = []

    def is_acknowledged():
        try:
            answers.append(act())
        except FAILURES:
            return False
        return True
    until(is_acknowledged, RECOVERY_SECONDS, "the fleet recovers")
    return answers[0]


class Run:
    """Uploads and claims by many until the time is over."""

    def __init__(self, server):
        self.server, self.end = server, time.monotonic() + SECONDS
        api = server.rotating
        self.devices = [api.register(unique("holder")) for _ in range(DEVICES)]
        self.claimers = [api.register(unique("claimer")) for _ in range(CLAIMERS)]
        self.uploaded = collections.Counter()
        self.given, self.lock = collections.Counter(), threading.Lock()
        self.renamed = {}

    def is_over(self):
        return time.monotonic() > self.end

    def upload(self, device):
        """Batches of keys, each sent again until it is acknowledged."""
        while not self.is_over():
            batch = keys(self.uploaded[device.id], BATCH)
            self.uploaded[device.id] += BATCH
            # An upload that was acknowledged may also come a second time, late.
            for _ in range(2):
                insist(lambda: device.post("/keys/upload", {"one_time_keys": batch}))

    def claim(self, claimer):
        while not self.is_over():
            try:
                self.take(claimer)
            except FAILURES:
                pass  # what was given out is lost, and must not come again

    def take(self, claimer):
        answer = claimer.post("/keys/claim", {"one_time_keys": {
            one.id: {one.device: ALGORITHM} for one in self.devices}})
        names = [(user, name) for user, found in answer["one_time_keys"].items()
                 for given in found.values() for name in given]
        with self.lock:
            self.given.update(names)
        return names

    def rename(self, device):
        number = 0
        while not self.is_over():
            number += 1
            name = f"name {number}"
            insist(lambda: device.put("/devices/" + device.device, {"display_name": name}))
            self.renamed[device.id] = name

    def fault(self, chance):
        fleet = self.server.fleet
        workers = [one.name for one in fleet.plan.of_app("generic_worker")]
        while not self.is_over():
            name = chance.choice(workers + [fleet.plan.main.name, "postgres"])
            if fleet.children[name].running:
                fleet.signal(name, signal.SIGQUIT if name == "postgres" else signal.SIGKILL)
            time.sleep(chance.uniform(*FAULT_PAUSE_SECONDS))

    def whole(self):
        failures = []

        def guarded(act, *arguments):
            try:
                act(*arguments)
            except Exception as error:  # told by the test itself
                failures.append(error)

        jobs = ([(self.upload, one) for one in self.devices]
                + [(self.claim, one) for one in self.claimers]
                + [(self.rename, self.devices[0]), (self.fault, random.Random(SEED))])
        threads = [threading.Thread(target=guarded, args=job) for job in jobs]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not failures, failures


def test_no_key_is_given_twice_and_no_change_is_lost(fleet_of_its_own, say):
    say(f"seed {SEED}: APUS_FAULT_SEED={SEED} repeats this run")
    run = Run(fleet_of_its_own)
    watcher, holder = run.claimers[0], run.devices[0]
    holder.post("/keys/upload", {"device_keys": {
        "user_id": holder.id, "device_id": holder.device, "algorithms": [], "keys": {},
        "signatures": {}}})
    room = watcher.create_room(preset="public_chat")
    holder.act("join", room)
    since = watcher.sync()["next_batch"]
    run.whole()
    # What is left is given out too, each key once.
    until(lambda: insist(lambda: not run.take(watcher)), RECOVERY_SECONDS, "all keys are taken")
    say(f"{sum(run.uploaded.values())} keys uploaded, {sum(run.given.values())} given out")
    twice = [one for one, count in run.given.items() if count > 1]
    assert not twice, f"given out twice: {twice[:10]}"
    assert sum(run.given.values()) > 0
    answer = insist(lambda: watcher.sync_until(
        lambda found: holder.id in found.get("device_lists", {}).get("changed", ()), since))
    assert answer
    found = insist(lambda: watcher.post("/keys/query", {"device_keys": {holder.id: []}}))
    unsigned = found["device_keys"][holder.id][holder.device]["unsigned"]
    assert unsigned == {"device_display_name": run.renamed[holder.id]}


def test_comings_and_goings_before_a_restart_are_told_exactly(fleet_of_its_own):
    """No worker remembers them, so they are looked up, in rooms of several writers."""
    api, fleet = fleet_of_its_own.rotating, fleet_of_its_own.fleet
    ann, ben, cat, dan, eve = (api.register(unique(name))
                               for name in ("ann", "ben", "cat", "dan", "eve"))
    rooms = [ann.create_room(preset="public_chat") for _ in range(6)]
    for user in (ben, dan, eve):
        for room in rooms:
            user.act("join", room)
    since = ann.sync()["next_batch"]
    for room in rooms:
        ben.act("leave", room)
    for room in rooms[1:]:
        eve.act("leave", room)  # but not the first
    cat.act("join", rooms[3])
    cat.act("leave", rooms[3])
    cat.act("join", rooms[4])
    dan.act("leave", rooms[5])
    dan.act("join", rooms[5])
    eve.put(f"/profile/{eve.id}/displayname", {"displayname": "Eve"})
    for child in fleet.servers:
        fleet.signal(child.name, signal.SIGKILL)
    answer = insist(lambda: ann.sync(since))
    assert answer["device_lists"] == {"changed": [cat.id], "left": [ben.id]}
    for _ in api.urls:
        told = insist(lambda: ann.get("/keys/changes", **{
            "from": since, "to": answer["next_batch"]}))
        assert told == {"changed": [cat.id], "left": [ben.id]}
    assert "device_lists" not in insist(lambda: ann.sync(answer["next_batch"]))
