"""What can go wrong in a running fleet, and how it is made to."""
import asyncio
import random
import signal
from dataclasses import dataclass, field

from support.waiting import until

LEASE_SECONDS = 10.0
PATIENCE_SECONDS = 60.0
REDIS_PAUSE_SECONDS = 10.0
PERSISTER_PAUSE_SECONDS = LEASE_SECONDS + 4.0


@dataclass(frozen=True)
class Fault:
    """`inject` makes the fault and returns when it is over. While it lasts longer than a moment,
    the rooms of `unharmed(rooms)` must go on."""

    name: str
    inject: object = field(repr=False)
    unharmed: object = field(default=None, repr=False)


def all_faults(fleet, owner_of):
    """Each kind once; which of several equal workers is hit is drawn at the time.

    `owner_of(room)` names the event persister of a room.
    """
    apps = sorted({one.app for one in fleet.plan.workers})
    kinds = [kill(fleet, [fleet.plan.main.name])]
    kinds += [kill(fleet, [one.name for one in fleet.plan.workers if one.app == app])
              for app in apps]
    kinds += [kill(fleet, ["nginx"]), kill(fleet, ["redis"]), flush(fleet), pause_redis(fleet),
              crash_postgres(fleet)]
    kinds += [pause_persister(fleet, one.name, owner_of)
              for one in fleet.plan.of_app("event_persister")]
    return kinds


def kill(fleet, names):
    """kill -9 of one of some processes; the supervisor starts it again."""
    async def inject(chance):
        name = chance.choice(names)
        await running(fleet, name)
        fleet.signal(name, signal.SIGKILL)
        return name
    return Fault(f"kill -9 of {' or '.join(names)}", inject)


def flush(fleet):
    async def inject(chance):
        await asyncio.to_thread(until, fleet.redis.is_up, PATIENCE_SECONDS, "Redis is up")
        await asyncio.to_thread(fleet.redis.call, "FLUSHALL")
    return Fault("FLUSHALL of Redis", inject)


def crash_postgres(fleet):
    """SIGQUIT is an immediate shutdown: sessions are cut, the log is replayed at the start."""
    async def inject(chance):
        await running(fleet, "postgres")
        fleet.signal("postgres", signal.SIGQUIT)
    return Fault("immediate restart of Postgres", inject)


def pause_redis(fleet):
    async def inject(chance):
        await pause(fleet, "redis", REDIS_PAUSE_SECONDS)
    return Fault(f"Redis paused for {REDIS_PAUSE_SECONDS:.0f} s", inject, lambda rooms: rooms)


def pause_persister(fleet, name, owner_of):
    """Past its lease; the rooms of the others must not wait for it."""
    async def inject(chance):
        await pause(fleet, name, PERSISTER_PAUSE_SECONDS)
    return Fault(f"{name} paused for {PERSISTER_PAUSE_SECONDS:.0f} s", inject,
                 lambda rooms: [room for room in rooms if owner_of(room) != name])


async def running(fleet, name):
    """Wait for a process that an earlier fault has ended."""
    await asyncio.to_thread(
        until, lambda: fleet.children[name].running, PATIENCE_SECONDS, f"{name} runs")


async def pause(fleet, name, seconds):
    await running(fleet, name)
    fleet.signal(name, signal.SIGSTOP)
    try:
        await asyncio.sleep(seconds)
    finally:
        fleet.signal(name, signal.SIGCONT)


def schedule(faults, seed):
    """Every fault once in a random order, then at random for ever: (fault, pause before it)."""
    chance = random.Random(f"faults/{seed}")
    first = chance.sample(faults, len(faults))
    while True:
        fault = first.pop() if first else chance.choice(faults)
        yield fault, chance.uniform(0.3, 2.0)
