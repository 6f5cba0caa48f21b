"""Events that say nothing join the ends of a history; clients are not told that they are there."""
from support.api import Api, bodies, joined, quote, timeline
from support.waiting import until

DEPLOYMENTS = ("fleet", "monolith")
PEOPLE = ("ann", "ben")
DUMMY = "org.matrix.dummy_event"


def say_nothing(user, room, **content):
    transaction = f"n{next(user.transactions)}"
    path = user.room(room, "send", DUMMY, transaction)
    return user.put(path, content)["event_id"]


def newer(user, path, **query):
    return user.api.call("GET", "/_matrix/client/v1" + path, None, user.token, query)


def test_what_pages_and_looks_up_passes_over_it(server, people, room):
    ann, ben = people
    first = ann.send(room, "first")
    hidden = say_nothing(ann, room, **{
        "m.relates_to": {"rel_type": "m.reference", "event_id": first}})
    last = ann.send(room, "last")
    for user in (ann, ben.through(server.rotating)):
        forwards = user.messages(room, "f", limit=50)["chunk"]
        for events in (user.history(room), forwards):
            assert DUMMY not in {one["type"] for one in events}
        assert bodies(forwards) == ["first", "last"]
        around = user.get(user.room(room, "context", quote(first)), limit=2)
        assert [one["event_id"] for one in around["events_after"]] == [last]
        for what in ("event", "context"):
            user.refused(404, "M_NOT_FOUND", "GET", user.room(room, what, quote(hidden)))
        assert newer(user, user.room(room, "relations", quote(first)))["chunk"] == []
    time = ben.get(ben.room(room, "event", quote(last)))["origin_server_ts"]
    path = ben.room(room, "timestamp_to_event")
    assert newer(ben, path, ts=time, dir="b")["event_id"] == last


def test_sync_does_not_tell_it(server, people, room):
    ann, ben = people
    everywhere = [ben.through(Api([url])) for url in server.entries]
    places = [one.sync()["next_batch"] for one in everywhere]  # every worker follows the room
    say_nothing(ann, room)
    ann.send(room, "spoken")
    for one, since in zip(everywhere, places):
        news = one.sync_until(lambda answer: timeline(answer, room), since)
        assert [event["type"] for event in timeline(news, room)] == ["m.room.message"]
        assert not joined(news, room)["timeline"]["limited"]
        whole = timeline(one.sync(), room)
        assert DUMMY not in {event["type"] for event in whole} and bodies(whole) == ["spoken"]


def test_alone_it_is_no_news(people, room):
    ann, ben = people
    since = ben.sync()["next_batch"]
    say_nothing(ann, room)
    elsewhere = ann.create_room(preset="public_chat")
    ben.act("join", elsewhere)
    news = ben.sync_until(lambda answer: joined(answer, elsewhere), since)
    assert room not in news["rooms"]["join"]


def unread(user, room):
    return joined(user.sync(), room)["unread_notifications"]["notification_count"]


def test_it_notifies_nobody_and_marks_nothing_as_read(people, room):
    ann, ben = people
    ben.put(f"/pushrules/global/room/{quote(room)}", {"actions": ["notify"]})
    ann.send(room, "one")
    ann.send(room, "two")
    until(lambda: unread(ben, room) == 2, 10, "both messages are unread")
    say_nothing(ann, room)
    say_nothing(ben, room)
    ann.send(room, "three")
    until(lambda: unread(ben, room) > 2, 10, "the next message is unread too")
    assert unread(ben, room) == 3
    listed = ben.get("/notifications")["notifications"]
    assert DUMMY not in {one["event"]["type"] for one in listed}


def test_state_of_that_type_is_state_like_any_other(people, room):
    ann, ben = people
    ann.set_state(room, DUMMY, {"a": 1})
    assert ben.state(room, DUMMY) == {"a": 1}
    assert ben.history(room)[-1]["type"] == DUMMY
