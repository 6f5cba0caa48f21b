"""Every error that the specification documents for an endpoint is answered by every generic
worker as documented; support/refusals says how each is come by, and which never are."""
import itertools

import pytest

from support.api import CLIENT, Api, User
from support.documented import documented_errors
from support.refusals import (
    accounts, closed, ephemera, guests, history, keys, limits, never, rooms)
from support.scene import TOKENLESS, Ask, Scene, registry

OPEN = {
    "presence": {"enabled": True}, "allow_guest_access": True,
    "login_via_existing_session": {"enabled": True}}
# How often a request may be let through before it has to be refused.
TRIES = 3 * limits.BURST
ANY_SERVER = (accounts, rooms, history, ephemera, keys)


def rows(*modules):
    """A parameter for each refusal, named by what it is."""
    return [pytest.param(route, one, id=f"{route}, {one}") for module in modules
            for route, refusals in module.REFUSALS.items() for one in refusals]


def started(deployments, settings):
    server = deployments.start({"generic_worker": 2}, overrides=settings)
    yield Scene(server, Api(server.workers))
    server.fleet.stop()


@pytest.fixture(scope="module")
def open_scene(deployments):
    yield from started(deployments, OPEN)


@pytest.fixture(scope="module")
def limited_scene(deployments):
    yield from started(deployments, limits.SETTINGS)


@pytest.fixture(scope="module")
def closed_scene(deployments):
    yield from started(deployments, closed.SETTINGS)


@pytest.fixture(scope="module")
def routes(deployments):
    return {one["id"]: one for one in registry(deployments.programs)}


def refused_by_all(scene, route, refusal, ask):
    """The same request, on every generic worker: what was refused has changed nothing."""
    for url in scene.server.workers:
        answer = ask.send(scene.api, route, scene, url)
        assert answer.status == refusal.status, answer
        if refusal.errcode is None:
            assert answer.json["flows"] and answer.json["session"], answer
        else:
            assert answer.errcode == refusal.errcode, answer


@pytest.mark.parametrize(("route", "refusal"), rows(*ANY_SERVER))
def test_refusals(open_scene, routes, route, refusal):
    refused_by_all(open_scene, routes[route], refusal, refusal.make(open_scene))


@pytest.mark.parametrize(("route", "refusal"), rows(closed))
def test_refusals_of_a_closed_server(closed_scene, routes, route, refusal):
    refused_by_all(closed_scene, routes[route], refusal, refusal.make(closed_scene))


@pytest.mark.parametrize(("route", "refusal"), rows(limits))
def test_too_many_requests(limited_scene, routes, route, refusal):
    ask = refusal.make(limited_scene)
    statuses = (ask.send(limited_scene.api, routes[route], limited_scene).status
                for _ in range(TRIES))
    let_through = list(itertools.takewhile(lambda status: status != 429, statuses))
    assert 0 < len(let_through) < TRIES
    refused_by_all(limited_scene, routes[route], refusal, ask)


# ---- guests --------------------------------------------------------------------------------

def of_users(routes):
    """The routes of the client API at which somebody has to say who they are."""
    return [one for one in routes.values() if one["surface"] == "client" and not TOKENLESS.match(
        one["id"]) and one["id"] not in never.TOKENS_OF_ADDRESSES]


def test_guests_are_refused_what_is_not_for_them(open_scene, routes):
    may, wrong = {*guests.AS_SPECIFIED, *guests.BESIDES}, []
    assert may <= set(routes)
    room = open_scene.ben.create_room(preset="public_chat", **guests.OPEN_TO_GUESTS)
    for route in of_users(routes):
        guest = User(open_scene.api, open_scene.api.call(
            "POST", CLIENT + "/register", {}, query={"kind": "guest"}))
        body = {} if route["method"].upper() in ("POST", "PUT") else None
        ask = Ask(body, by=guest, query="timeout=0", roomId=room, roomIdOrAlias=room,
                  userId=guest.id, deviceId=guest.device)
        for url in open_scene.server.workers:
            answer = ask.send(open_scene.api, route, open_scene, url)
            refused = (answer.status, answer.errcode) == (403, "M_GUEST_ACCESS_FORBIDDEN")
            if refused == (route["id"] in may):
                wrong.append(f"{route['id']} at {url}: {answer.status} {answer.body[:120]!r}")
    assert not wrong, "\n".join(wrong)


# ---- nothing is left out -------------------------------------------------------------------

@pytest.fixture(scope="module")
def documented(routes):
    if not Api.spec:
        pytest.skip("the specification's files are not at hand")
    return documented_errors(Api.spec, routes.values())


def provoked():
    """{(route, status, errcode)}, and with None for where no errcode is documented."""
    found = {(route, one.status, one.errcode)
             for route, one in (row.values for row in rows(*ANY_SERVER, closed, limits))}
    return found | {(route, status, None) for route, status, _ in found}


def excepted():
    return [error for errors in never.NEVER.values() for error in errors]


def test_every_documented_error_is_provoked_or_excepted(documented):
    assert documented - provoked() - set(excepted()) == set()


def test_exceptions_are_documented_and_not_provoked(documented):
    assert len(excepted()) == len(set(excepted()))
    assert set(excepted()) - documented == set(), "the specification no longer has these"
    assert set(excepted()) & provoked() == set(), "these are given after all"
