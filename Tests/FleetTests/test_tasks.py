"""Scheduled tasks on two background workers while these are killed and paused and Postgres is
restarted: each task has its effect once, none starts early, few start late.

    APUS_TASKS          how many (1000)
    APUS_TASK_SECONDS   over how long they are due (14); faults come at even distances in it
    APUS_TASK_SEED      repeats a run's choices; each run prints its own
    APUS_PUNCTUAL       set: on a quiet machine, with programs built for release
"""
import os
import random
import signal
import time
from dataclasses import dataclass

import pytest

from fleet.postgres import DATABASE
from support.deployment import unique
from support.waiting import until

ADMIN = "/_synapse/admin/v1"
COUNT = int(os.environ.get("APUS_TASKS", "1000"))
SECONDS = float(os.environ.get("APUS_TASK_SECONDS", "14"))
SEED = int(os.environ.get("APUS_TASK_SEED", random.SystemRandom().randrange(10**6)))
COUNTS = {"generic_worker": 1, "background_tasks": 2}
RUNNERS = ["background_tasks1", "background_tasks2"]
# Cheap, and known to be through with one step: nothing in these rooms is to be cleaned.
ACTION = "clean_room_state"
LEAD_SECONDS = 2.0  # from the making of the tasks to the first that is due
PAUSE_SECONDS = 6.5  # past the lease of 5 s
CATCH_UP_SECONDS = 15.0  # after a restart of Postgres, until nothing is overdue any more
# For 99 of 100. A busy machine is slow to catch up after a fault.
LATE_SECONDS = 1.0 if os.environ.get("APUS_PUNCTUAL") else 10.0
RESUMED_SECONDS = 10.0
PATIENCE_SECONDS = 60.0

# What happens to tasks is noted in the same transaction: launches, effects (the first progress
# that is stored, in the step's transaction) and ends. Some steps are made to take a while, so
# that a fault meets them.
SLOW = "hashtext({id}) % 20 = 0"
OBSERVER = """
CREATE TABLE observed (task text, what text, runner text, at bigint, due_at bigint);
CREATE FUNCTION observe() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
  IF NEW.token <> OLD.token THEN
    INSERT INTO observed VALUES (NEW.id, 'launch', NEW.runner, apus_milliseconds(), NEW.due_at);
  ELSIF NEW.status <> OLD.status THEN
    INSERT INTO observed
    VALUES (NEW.id, NEW.status, NEW.runner, apus_milliseconds(), NEW.due_at);
  ELSIF NEW.result IS DISTINCT FROM OLD.result THEN
    INSERT INTO observed VALUES (NEW.id, 'effect', NEW.runner, apus_milliseconds(), NEW.due_at);
    IF {slow} THEN PERFORM pg_sleep(0.2); END IF;
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER observe AFTER UPDATE ON scheduled_tasks FOR EACH ROW EXECUTE FUNCTION observe();
"""

MAKE = """
INSERT INTO scheduled_tasks (id, action, status, due_at, changed_at, resource_id)
SELECT 'task' || n, '{action}', 'scheduled',
  apus_milliseconds() + {lead} + (random() * {span})::bigint, apus_milliseconds(), '!' || n || ':x'
FROM generate_series(1, {count}) AS n
"""

BUSY = f"""
SELECT count(*) FROM scheduled_tasks
WHERE status = 'active' AND runner = '{{runner}}' AND {SLOW.format(id='id')}
"""
OVERDUE = """
SELECT count(*) FROM scheduled_tasks
WHERE status = 'scheduled' AND due_at < apus_milliseconds() - 100
"""


@pytest.fixture(scope="module")
def server(deployments):
    """One of its own: its workers are killed."""
    made = deployments.start(COUNTS)
    yield made
    made.fleet.stop()


@pytest.fixture(scope="module")
def admin(server):
    return administrator(server)


def administrator(server):
    """The access token of a new one."""
    reply = server.api.register_with_secret(server.shared_secret, unique("admin"), admin=True)
    return reply["access_token"]


def query(server, statement):
    """The rows of a statement."""
    output = server.fleet.postgres.psql(DATABASE, statement)
    return [line.split("|") for line in output.splitlines()]


def number(server, statement):
    return int(query(server, statement)[0][0])


def tasks(server, admin, **filters):
    path = ADMIN + "/scheduled_tasks"
    return server.rotating.call("GET", path, None, admin, filters)["scheduled_tasks"]


# ---- the admin API -----------------------------------------------------------------------------

def test_recurring_clean_up_exists_once(server, admin):
    """Although two runners and a main process have started."""
    found = [one["action"] for one in tasks(server, admin, job_status="scheduled")]
    expected = {"remove_finished_tasks", "remove_expired_sessions", "remove_ended_tokens",
                "remove_old_transactions", "rotate_push_actions", "remove_unreferenced_state",
                "remove_old_device_message_transactions", "remove_messages_of_deleted_devices"}
    assert expected <= set(found)
    assert len(found) == len(set(found))


@pytest.mark.parametrize("turn", (1, 2))
def test_messages_of_deleted_devices_go(server, turn):
    """In every round, though the one before has come to the end."""
    task = "action = 'remove_messages_of_deleted_devices'"
    waits = f"SELECT count(*) FROM scheduled_tasks WHERE {task} AND status = 'scheduled'"
    until(lambda: number(server, waits) == 1, 30, "the round before is over")
    server.fleet.postgres.psql(
        DATABASE, "INSERT INTO device_messages (inbox, stream_id, writer, event)"
        f" VALUES (1000000000000, {turn}, 1, '{{}}')")
    server.fleet.postgres.psql(
        DATABASE, f"UPDATE scheduled_tasks SET due_at = 0 WHERE {task}")
    left = "SELECT count(*) FROM device_messages WHERE inbox = 1000000000000"
    until(lambda: number(server, left) == 0, 30, "the messages are gone")


def test_tasks_are_for_administrators_only(server):
    user = server.api.register(unique("user"))
    for method, path in [
            ("GET", "/scheduled_tasks"), ("POST", "/scheduled_tasks/x/cancel"),
            ("DELETE", "/scheduled_tasks/x"), ("GET", "/background_updates/enabled"),
            ("POST", "/background_updates/enabled"), ("GET", "/background_updates/status"),
            ("POST", "/background_updates/start_job")]:
        server.api.refused(403, "M_FORBIDDEN", method, ADMIN + path, {}, user.token)
        server.api.refused(401, "M_MISSING_TOKEN", method, ADMIN + path, {})


def test_a_task_is_found_and_cancelled(server, admin):
    server.fleet.postgres.psql(
        DATABASE, "INSERT INTO scheduled_tasks (id, action, status, due_at, changed_at,"
        f" resource_id) VALUES ('later', '{ACTION}', 'scheduled', 4000000000000, 0, '!later:x')")
    task, = tasks(server, admin, resource_id="!later:x", action_name=ACTION)
    assert (task["id"], task["status"], task["timestamp_ms"]) == ("later", "scheduled", 4 * 10**12)
    assert tasks(server, admin, resource_id="!later:x", max_timestamp=4 * 10**12) == []
    assert tasks(server, admin, resource_id="!later:x", job_status="complete") == []
    cancel = ADMIN + "/scheduled_tasks/later/cancel"
    assert server.rotating.call("POST", cancel, {}, admin)["status"] == "cancelled"
    server.rotating.refused(400, "M_UNKNOWN", "POST", cancel, {}, admin)
    server.rotating.call("DELETE", ADMIN + "/scheduled_tasks/later", None, admin)
    server.rotating.refused(404, "M_NOT_FOUND", "POST", cancel, {}, admin)


def test_bad_filters_are_refused(server, admin):
    path = ADMIN + "/scheduled_tasks"
    for bad in [{"job_status": "running"}, {"max_timestamp": "soon"}, {"resource_id": "a\0b"},
                {"action_name": "\0"}]:
        server.api.refused(400, "M_INVALID_PARAM", "GET", path, None, admin, bad)


def test_background_updates_come_to_their_end(server, admin):
    """The indexes that this version wants, built beside the running server."""
    path = ADMIN + "/background_updates"
    until(lambda: server.rotating.call("GET", path + "/status", None, admin)
          == {"enabled": True, "current_updates": {}, "pending": []}, 20, "all updates are done")
    invalid = "SELECT count(*) FROM pg_index WHERE NOT indisvalid"
    assert number(server, invalid) == 0
    for wanted in (False, True):
        body = {"enabled": wanted}
        assert server.rotating.call("POST", path + "/enabled", body, admin) == body
        assert server.rotating.call("GET", path + "/enabled", None, admin) == body
    server.api.refused(400, "M_UNKNOWN", "POST", path + "/start_job", {"job_name": "x"}, admin)
    server.api.refused(400, "M_MISSING_PARAM", "POST", path + "/start_job", {}, admin)


def test_main_runs_tasks_that_nobody_else_is_named_for(deployments):
    server = deployments.get("monolith")
    admin = administrator(server)
    until(lambda: tasks(server, admin, action_name="background_updates", job_status="complete"),
          20, "main has made the background updates")
    done, = tasks(server, admin, action_name="background_updates")
    assert done["runner"] == "main"


# ---- faults ------------------------------------------------------------------------------------

@dataclass
class Outage:
    """Of Postgres, until what was due meanwhile has started; milliseconds of its clock."""

    start: float
    end: float


def now():
    """As the database has it, which runs on this machine."""
    return time.time() * 1000


def test_every_task_has_its_effect_once(server, say):
    say(f"seed {SEED}: APUS_TASK_SEED={SEED} repeats this run")
    chance = random.Random(SEED)
    server.fleet.postgres.psql(DATABASE, OBSERVER.format(slow=SLOW.format(id="NEW.id")))
    server.fleet.postgres.psql(DATABASE, MAKE.format(
        action=ACTION, lead=int(LEAD_SECONDS * 1000), span=int(SECONDS * 1000), count=COUNT))
    events, outages = break_things(server, chance, time.monotonic() + LEAD_SECONDS)
    unfinished = (f"SELECT count(*) FROM scheduled_tasks WHERE action = '{ACTION}'"
                  " AND status <> 'complete'")
    until(lambda: number(server, unfinished) == 0, SECONDS + PATIENCE_SECONDS, "all tasks ended")
    check(server, events, outages, say)


def break_things(server, chance, start):
    """Faults at even distances: kills, a crash of Postgres, a pause past the lease."""
    events, outages = [(now(), "the start")], []
    faults = ["kill", "crash", "kill", "pause"] * max(1, round(SECONDS / 60))
    for index, fault in enumerate(faults):
        at = start + SECONDS * (index + 0.5) / len(faults)
        time.sleep(max(0.0, at - time.monotonic()))
        name = chance.choice(RUNNERS)
        until(lambda name=name: server.fleet.children[name].running, 20, f"{name} runs")
        until(lambda name=name: number(server, BUSY.format(runner=name)), 20, f"{name} is busy")
        victim = "Postgres" if fault == "crash" else name
        events.append((now(), f"{fault} of {victim}"))
        if fault == "kill":
            server.fleet.crash(name)
        elif fault == "pause":
            pause(server, name)
        else:
            began = now()
            server.fleet.signal("postgres", signal.SIGQUIT)
            until(lambda: server.fleet.postgres.psql(DATABASE, "SELECT 1", check=False) == "1",
                  PATIENCE_SECONDS, "Postgres is back")
            until(lambda: number(server, OVERDUE) == 0, CATCH_UP_SECONDS, "nothing is overdue")
            outages.append(Outage(began, now()))
    return events, outages


def pause(server, name):
    server.fleet.signal(name, signal.SIGSTOP)
    try:
        time.sleep(PAUSE_SECONDS)
    finally:
        server.fleet.signal(name, signal.SIGCONT)


def check(server, events, outages, say):
    seen = query(server, "SELECT task, what, runner, at, due_at FROM observed ORDER BY at")
    launches, counts, first = {}, {"effect": {}, "complete": {}}, {}

    def meets_outage(start, end):
        return any(one.start <= end and start <= one.end for one in outages)

    for task, what, runner, at, due in seen:
        if not task.startswith("task"):
            continue
        if what == "launch":
            first.setdefault(task, (int(at), int(due)))
            launches.setdefault(task, []).append((int(at), runner))
        elif what in counts:
            counts[what][task] = counts[what].get(task, 0) + 1
    assert len(launches) == COUNT
    for what, tally in counts.items():
        wrong = {task: times for task, times in tally.items() if times != 1}
        assert not wrong and len(tally) == COUNT, f"{what}: {wrong or len(tally)}"
    early = {task: due - at for task, (at, due) in first.items() if at < due}
    assert not early, f"started early by milliseconds: {early}"
    late = sorted((at - due, at) for at, due in first.values() if not meets_outage(due, at))
    (most, when), late = late[-1], [one for one, _ in late]
    before = max(event for event in events if event[0] <= when)
    p99 = late[int(len(late) * 0.99)]
    resumed = [again - before for times in launches.values()
               for (before, _), (again, _) in zip(times, times[1:])
               if not meets_outage(before, again)]
    workers = {runner for times in launches.values() for _, runner in times}
    say(f"{COUNT} tasks, {len(resumed)} launched again, after {max(resumed, default=0)} ms at the "
        f"most; late p50 {late[len(late) // 2]} ms, p99 {p99} ms, most {most} ms, "
        f"{when - before[0]:.0f} ms after {before[1]}")
    assert workers == set(RUNNERS)
    assert p99 < LATE_SECONDS * 1000
    assert max(resumed, default=0) < RESUMED_SECONDS * 1000
    assert resumed, "no fault met a task; the test shows less than it should"
