"""What is read of rooms: of events and state, around them and before."""
from support.deployment import SERVER_NAME
from support.refusals import Refusal
from support.scene import Ask

NO_EVENT = "$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
NO_ROOM = f"!none:{SERVER_NAME}"
FUTURE = (1 << 53) - 1  # milliseconds since the epoch


def hidden(scene, **options):
    """A room of ben's of which ann may know nothing, and an event in it."""
    room = scene.ben.create_room()
    return Ask(roomId=room, eventId=scene.ben.send(room, "hidden"), **options)


def not_found(**options):
    """For an endpoint of one event: there is none, or it is not for the reader."""
    return [
        Refusal(404, "M_NOT_FOUND", "no such event", lambda s: Ask(eventId=NO_EVENT, **options)),
        Refusal(404, "M_NOT_FOUND", "not an event's id", lambda s: Ask(
            eventId="none", **options)),
        Refusal(404, "M_NOT_FOUND", "of a hidden room", lambda s: hidden(s, **options)),
    ]


def banned_reader(scene):
    room = scene.ben.create_room(preset="public_chat")
    scene.ben.act("ban", room, scene.ann)
    return Ask(roomId=room)


def outside(**options):
    return Refusal(403, "M_FORBIDDEN", "from outside", lambda s: hidden(s, **options))


REFUSALS = {
    "room_event": not_found(),
    "event_context": not_found()[:2] + [outside()],
    "event_relations": [
        *not_found(pattern=0),
        *not_found(pattern=2, eventType="m.reaction"),
        *not_found(pattern=4, eventType="m.reaction"),
    ],
    "single_event": not_found(),
    "event_by_time": [
        Refusal(404, "M_NOT_FOUND", "nothing after that time", lambda s: Ask(
            query=f"ts={FUTURE}&dir=f")),
        Refusal(404, "M_NOT_FOUND", "nothing before that time", lambda s: Ask(
            query="ts=0&dir=b")),
    ],
    "room_state": [outside()],
    "room_state_event": [
        outside(eventType="m.room.create"),
        Refusal(404, "M_NOT_FOUND", "no such state", lambda s: Ask(eventType="org.example.none")),
    ],
    "room_members": [outside()],
    "joined_members": [outside()],
    "room_messages": [outside(query="dir=b")],
    "room_initial_sync": [outside()],
    "room_threads": [
        Refusal(400, "M_INVALID_PARAM", "not a token", lambda s: Ask(query="from=none")),
        outside(),
        Refusal(403, "M_FORBIDDEN", "banned", banned_reader),
        Refusal(403, "M_FORBIDDEN", "no such room", lambda s: Ask(roomId=NO_ROOM)),
    ],
    "event_stream": [
        Refusal(400, "M_INVALID_PARAM", "not a token", lambda s: Ask(query="from=none")),
    ],
    "sync": [
        Refusal(400, "M_INVALID_PARAM", "not a token", lambda s: Ask(query="since=none")),
    ],
    "get_filter": [
        Refusal(404, "M_NOT_FOUND", "no such filter", lambda s: Ask(filterId="100000")),
        Refusal(404, "M_NOT_FOUND", "not a filter's id", lambda s: Ask(filterId="none")),
    ],
}
