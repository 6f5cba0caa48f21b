"""Events that belong to others: edits, reactions, references and threads, on every worker."""
import itertools

import pytest

from support.api import quote, timeline
from support.waiting import until

DEPLOYMENTS = ("fleet", "monolith")
V1 = "/_matrix/client/v1"
COUNT = itertools.count(1)


def send(user, room, content, kind="m.room.message", transaction=None):
    transaction = transaction or f"r{next(COUNT)}"
    return user.put(user.room(room, "send", kind, transaction), content)["event_id"]


def relate(user, room, parent, rel_type, body="", kind="m.room.message", **more):
    relation = {"rel_type": rel_type, "event_id": parent}
    if "key" in more:
        relation["key"] = more.pop("key")
    return send(user, room, {"msgtype": "m.text", "body": body, "m.relates_to": relation, **more},
                kind)


def reply(user, room, root, body):
    return relate(user, room, root, "m.thread", body)


def edit(user, room, parent, body, **more):
    return relate(user, room, parent, "m.replace", f"* {body}",
                  **{"m.new_content": {"msgtype": "m.text", "body": body}, **more})


def react(user, room, parent, key="+"):
    return relate(user, room, parent, "m.annotation", kind="m.reaction", key=key)


def redact(user, room, event):
    user.put(user.room(room, "redact", quote(event), f"r{next(COUNT)}"))


def related(user, room, parent, *path, **query):
    where = user.room(room, "relations", quote(parent), *[quote(part) for part in path])
    return user.api.call("GET", V1 + where, None, user.token, query)


def threads(user, room, **query):
    return user.api.call("GET", V1 + user.room(room, "threads"), None, user.token, query)


def ids(events):
    return [one["event_id"] for one in events]


def event(user, room, one):
    return user.get(user.room(room, "event", quote(one)))


def bundle(user, room, one):
    return event(user, room, one)["unsigned"].get("m.relations", {})


def test_children_of_every_kind(people, room):
    ann, ben, _ = people
    parent = ann.send(room, "parent")
    children = [react(ben, room, parent), edit(ann, room, parent, "new"),
                reply(ben, room, parent, "in thread"),
                relate(ben, room, parent, "m.reference", "see there")]
    other = ann.send(room, "of no concern")
    relate(ben, room, other, "m.reference", "elsewhere")
    found = related(ben, room, parent)
    assert ids(found["chunk"]) == children[::-1]
    assert "next_batch" not in found and "prev_batch" not in found
    assert "recursion_depth" not in found
    assert ids(related(ben, room, parent, dir="f")["chunk"]) == children
    assert ids(related(ben, room, parent, "m.thread")["chunk"]) == [children[2]]
    assert ids(related(ben, room, parent, "m.annotation", "m.reaction")["chunk"]) == [children[0]]
    assert related(ben, room, parent, "m.annotation", "m.room.message")["chunk"] == []
    assert all(one["room_id"] == room for one in found["chunk"])


@pytest.mark.parametrize("direction", ["b", "f"])
def test_pages(people, room, direction):
    ann, ben, _ = people
    parent = ann.send(room, "parent")
    children = [relate(ben, room, parent, "m.reference", str(n)) for n in range(7)]
    pages, query = [], {"limit": 3, "dir": direction}
    while True:
        page = related(ann, room, parent, **query)
        pages.append(ids(page["chunk"]))
        if "next_batch" not in page:
            break
        assert page.get("prev_batch") == query.get("from")
        query["from"] = page["next_batch"]
    assert [len(page) for page in pages] == [3, 3, 1]
    told = sum(pages, [])
    assert told == (children if direction == "f" else children[::-1])
    stop = related(ann, room, parent, limit=3, dir=direction)["next_batch"]
    assert ids(related(ann, room, parent, to=stop, dir=direction)["chunk"]) == pages[0]


def test_a_token_of_sync_starts_a_page(people, room):
    ann, ben, _ = people
    parent = ann.send(room, "parent")
    first = relate(ben, room, parent, "m.reference", "first")
    since = ann.sync_until(
        lambda found: first in str(found.get("rooms")), None)["next_batch"]
    second = relate(ben, room, parent, "m.reference", "second")
    assert ids(related(ann, room, parent, **{"from": since})["chunk"]) == [first]
    assert ids(related(ann, room, parent, **{"from": since, "dir": "f"})["chunk"]) == [second]


def test_recursion(people, room):
    ann, ben, _ = people
    root = ann.send(room, "root")
    child = reply(ben, room, root, "reply")
    grandchild = edit(ben, room, child, "reply 2")
    reaction = react(ann, room, child)
    deep = relate(ben, room, grandchild, "m.reference", "third step")
    relate(ben, room, deep, "m.reference", "fourth step")
    page = related(ann, room, root, recurse="true")
    assert ids(page["chunk"]) == [deep, reaction, grandchild, child]
    assert page["recursion_depth"] == 3
    assert ids(related(ann, room, root, recurse="false")["chunk"]) == [child]
    only = related(ann, room, root, "m.annotation", recurse="true")
    assert only["chunk"] == [], "what does not match leads nowhere"


def test_the_latest_edit_is_bundled_everywhere(people, room):
    ann, ben, _ = people
    parent = ann.send(room, "one")
    edit(ann, room, parent, "two")
    latest = edit(ann, room, parent, "three")
    edit(ben, room, parent, "somebody else's")
    edit(ann, room, parent, "without new content", **{"m.new_content": None})
    edit(ann, room, parent, "of another type", kind="m.sticker")
    edit(ann, room, latest, "edit of an edit")

    def is_told(one):
        told = one["unsigned"]["m.relations"]["m.replace"]
        assert told["event_id"] == latest
        assert told["content"]["m.new_content"]["body"] == "three"
        assert one["content"]["body"] == "one", "the original stays as it was"
        return True
    assert is_told(event(ben, room, parent))
    pages = [ben.messages(room, "b", limit=50)["chunk"], ben.messages(room, "f", limit=50)["chunk"]]
    for page in pages:
        assert is_told(next(one for one in page if one["event_id"] == parent))
        assert "m.relations" not in next(
            one for one in page if one["event_id"] == latest)["unsigned"]
    context = ben.get(ben.room(room, "context", quote(parent)), limit=10)
    assert is_told(context["event"])
    around = ben.get(ben.room(room, "context", quote(latest)), limit=10)
    assert is_told(next(one for one in around["events_before"] if one["event_id"] == parent))


FIVE = '{"room":{"timeline":{"limit":5}}}'


def synced(user, room, last, since=None):
    """The events of the first timeline that has `last`, by their ids, and whether it is cut."""
    response = user.sync_until(
        lambda found: last in ids(timeline(found, room)), since, filter=FIVE)
    told = response["rooms"]["join"][room]["timeline"]
    return {one["event_id"]: one for one in told["events"]}, told["limited"]


def test_a_timeline_that_is_cut_has_bundles(people, room):
    ann, ben, _ = people
    since = ben.sync(filter=FIVE)["next_batch"]
    for number in range(5):
        ann.send(room, f"before {number}")
    parent, other = ann.send(room, "one"), ann.send(room, "other")
    latest = edit(ann, room, parent, "two")
    last = reply(ann, room, other, "last")
    for place in (None, since):
        for _ in ben.api.urls:
            told, is_cut = synced(ben, room, last, place)
            assert is_cut
            relations = told[parent]["unsigned"]["m.relations"]
            assert relations["m.replace"]["event_id"] == latest
            thread = told[other]["unsigned"]["m.relations"]["m.thread"]
            assert (thread["count"], thread["latest_event"]["event_id"]) == (1, last)
            assert "m.relations" not in told[last]["unsigned"]


def test_a_timeline_that_is_not_cut_has_none(people, room):
    ann, ben, _ = people
    since = ben.sync(filter=FIVE)["next_batch"]
    parent = ann.send(room, "one")
    told, is_cut = synced(ben, room, edit(ann, room, parent, "two"), since)
    assert not is_cut and not any("m.relations" in one["unsigned"] for one in told.values())


def test_redactions_break_relations(people, room):
    ann, ben, _ = people
    parent = ann.send(room, "one")
    first, second = edit(ann, room, parent, "two"), edit(ann, room, parent, "three")
    reference = relate(ben, room, parent, "m.reference", "there")
    answers = [reply(ben, room, parent, str(n)) for n in range(3)]
    redact(ann, room, second)
    assert bundle(ann, room, parent)["m.replace"]["event_id"] == first
    redact(ben, room, answers[2])
    thread = bundle(ann, room, parent)["m.thread"]
    assert (thread["count"], thread["latest_event"]["event_id"]) == (2, answers[1])
    redact(ben, room, reference)
    assert "m.reference" not in bundle(ann, room, parent)
    assert ids(related(ann, room, parent)["chunk"]) == [answers[1], answers[0], first]
    redact(ann, room, parent)
    assert set(bundle(ann, room, parent)) == {"m.thread"}, "a redacted event is not edited"
    for answer in answers[:2]:
        redact(ben, room, answer)
    assert bundle(ann, room, parent) == {}
    assert threads(ann, room)["chunk"] == []


def test_threads_and_references_are_bundled(people, room):
    ann, ben, cid = people
    cid.act("join", room)
    root = ann.send(room, "root")
    reply(ben, room, root, "first")
    last = reply(ben, room, root, "last")
    edited = edit(ben, room, last, "last, edited")
    references = [relate(ben, room, root, "m.reference", str(n)) for n in range(2)]
    react(ben, room, root)
    told = bundle(cid, room, root)
    assert set(told) == {"m.thread", "m.reference"}, "reactions are not bundled"
    thread = told["m.thread"]
    assert thread["count"] == 2 and thread["current_user_participated"] is False
    assert thread["latest_event"]["event_id"] == last
    assert thread["latest_event"]["room_id"] == room
    assert thread["latest_event"]["unsigned"]["m.relations"]["m.replace"]["event_id"] == edited
    assert told["m.reference"] == {"chunk": [{"event_id": one} for one in references]}
    assert bundle(ann, room, root)["m.thread"]["current_user_participated"] is True
    assert bundle(ben, room, root)["m.thread"]["current_user_participated"] is True


def test_the_list_of_threads(people, room):
    ann, ben, cid = people
    cid.act("join", room)
    roots = [ann.send(room, f"root {n}") for n in range(4)]
    for root in roots:
        reply(ben, room, root, "one")
    reply(cid, room, roots[1], "again")
    order = [roots[1], roots[3], roots[2], roots[0]]
    first = threads(cid, room, limit=3)
    assert ids(first["chunk"]) == order[:3]
    rest = threads(cid, room, limit=3, **{"from": first["next_batch"]})
    assert ids(rest["chunk"]) == order[3:] and "next_batch" not in rest
    assert first["chunk"][0]["unsigned"]["m.relations"]["m.thread"]["count"] == 2
    assert ids(threads(cid, room, include="participated")["chunk"]) == [roots[1]]
    assert ids(threads(ann, room, include="participated")["chunk"]) == order
    assert ids(threads(ann, room, include="all")["chunk"]) == order


def test_what_ignored_users_add_is_not_counted(people, room):
    ann, ben, cid = people
    cid.act("join", room)
    root, other = ann.send(room, "root"), cid.send(room, "root of an ignored user")
    heard = reply(ben, room, root, "heard")
    reply(cid, room, root, "ignored")
    shown = relate(ben, room, root, "m.reference", "shown")
    relate(cid, room, root, "m.reference", "hidden")
    reply(ben, room, other, "in it")
    lonely = ben.send(room, "answered by the ignored user only")
    reply(cid, room, lonely, "alone")
    ann.put(f"/user/{quote(ann.id)}/account_data/m.ignored_user_list",
            {"ignored_users": {cid.id: {}}})
    workers = len(ann.api.urls)
    until(lambda: all(
        bundle(ann, room, root)["m.thread"]["count"] == 1 for _ in range(workers)),
          10, "every worker knows whom ann ignores")
    told = bundle(ann, room, root)
    assert told["m.thread"]["latest_event"]["event_id"] == heard
    assert told["m.reference"] == {"chunk": [{"event_id": shown}]}
    assert ids(related(ann, room, root)["chunk"]) == [shown, heard]
    listed = threads(ann, room)["chunk"]
    assert ids(listed) == [other, root]
    assert listed[0]["content"] == {}, "what an ignored user began is shown without content"
    assert bundle(ben, room, root)["m.thread"]["count"] == 2


def test_who_left_is_told_nothing_of_what_came_later(people, room):
    ann, ben, cid = people
    cid.act("join", room)
    root = ann.send(room, "root")
    seen = reply(ben, room, root, "seen")
    cid.act("leave", room)
    reply(ben, room, root, "unseen")
    edit(ann, room, root, "unseen")
    relate(ben, room, root, "m.reference", "unseen")
    told = bundle(cid, room, root)
    assert set(told) == {"m.thread"}
    assert (told["m.thread"]["count"], told["m.thread"]["latest_event"]["event_id"]) == (1, seen)
    assert ids(related(cid, room, root)["chunk"]) == [seen]
    late = ann.send(room, "root that is not seen")
    reply(ben, room, late, "unseen")
    assert ids(threads(cid, room)["chunk"]) == [root]


def test_an_annotation_is_made_once(people, room):
    ann, ben, _ = people
    parent = ann.send(room, "parent")
    path = ann.room(room, "send", "m.reaction", "once")
    content = {"m.relates_to": {"rel_type": "m.annotation", "event_id": parent, "key": "+"}}
    first = ann.put(path, content)["event_id"]
    assert ann.put(path, content)["event_id"] == first, "the same request again"
    again = ann.room(room, "send", "m.reaction", "twice")
    ann.refused(400, "M_DUPLICATE_ANNOTATION", "PUT", again, content)
    react(ben, room, parent)
    react(ann, room, parent, "-")
    relate(ann, room, parent, "m.annotation", kind="org.example.vote", key="+")
    redact(ann, room, first)
    react(ann, room, parent)


def test_keys_that_only_look_the_same_are_two(people, room):
    ann, _, _ = people
    parent = ann.send(room, "parent")
    react(ann, room, parent, "e\u0301")
    react(ann, room, parent, "\u00e9")
    react(ann, room, parent, "with a NUL \x00")
    assert len(related(ann, room, parent)["chunk"]) == 3


def test_a_thread_begins_at_an_event_that_belongs_to_no_other(people, room):
    ann, ben, _ = people
    root = ann.send(room, "root")
    child = reply(ben, room, root, "child")
    ann.refused(400, "M_UNKNOWN", "PUT", ann.room(room, "send", "m.room.message", "nested"), {
        "body": "nested", "msgtype": "m.text",
        "m.relates_to": {"rel_type": "m.thread", "event_id": child}})
    plain = send(ben, room, {"msgtype": "m.text", "body": "> reply", "m.relates_to": {
        "m.in_reply_to": {"event_id": root}}})
    reply(ann, room, plain, "a rich reply may be a root")
    assert bundle(ann, room, plain)["m.thread"]["count"] == 1


def test_relations_of_another_room_are_none(people, room):
    ann, ben, _ = people
    elsewhere = ann.create_room(preset="public_chat")
    parent = ann.send(room, "parent")
    edit(ann, elsewhere, parent, "from elsewhere")
    reply(ann, elsewhere, parent, "from elsewhere")
    assert bundle(ann, room, parent) == {}
    assert related(ann, room, parent)["chunk"] == []
    assert threads(ann, room)["chunk"] == [] and threads(ann, elsewhere)["chunk"] == []


def test_what_is_not_there_or_not_seen(people, room):
    ann, ben, cid = people
    parent = ann.send(room, "parent")
    where = "/rooms/{}/relations/{}".format
    for user, at, one in ((ann, room, "$nobody"), (cid, room, parent), (ann, "!no:where", parent)):
        user.api.refused(404, "M_NOT_FOUND", "GET", V1 + where(quote(at), quote(one)), None,
                         user.token)
    cid.api.refused(403, "M_FORBIDDEN", "GET", V1 + cid.room(room, "threads"), None, cid.token)
    for query in ({"dir": "x"}, {"limit": "-1"}, {"limit": "x"}, {"from": "x"}, {"to": "t"},
                  {"recurse": "perhaps"}):
        ann.api.refused(400, "M_INVALID_PARAM", "GET", V1 + where(quote(room), quote(parent)),
                        None, ann.token, query)
    for query in ({"include": "none"}, {"limit": "0"}, {"from": "nowhere"}):
        ann.api.refused(400, "M_INVALID_PARAM", "GET", V1 + ann.room(room, "threads"), None,
                        ann.token, query)
    assert related(ann, room, parent, "\x01odd", "*")["chunk"] == []


@pytest.mark.parametrize("relation", [
    None, [], "text", {}, {"rel_type": 1}, {"rel_type": "m.thread"},
    {"rel_type": "m.thread", "event_id": 5}, {"rel_type": "m.thread", "event_id": "no id"},
    {"rel_type": "", "event_id": "$x"}, {"rel_type": "x" * 300, "event_id": "$x"},
    {"rel_type": "nul\x00", "event_id": "$x"},
    {"rel_type": "m.annotation", "event_id": "$x", "key": {}},
    {"rel_type": "m.annotation", "event_id": "$x"}])
def test_what_is_no_relation_is_a_message(people, room, relation):
    ann, _, _ = people
    sent = send(ann, room, {"body": "odd", "msgtype": "m.text", "m.relates_to": relation})
    assert event(ann, room, sent)["content"]["m.relates_to"] == relation


def test_a_key_that_is_too_long(people, room):
    ann, _, _ = people
    parent = ann.send(room, "parent")
    react(ann, room, parent, "\U0001f600" * 500)
    ann.refused(400, "M_INVALID_PARAM", "PUT", ann.room(room, "send", "m.reaction", "long"), {
        "m.relates_to": {"rel_type": "m.annotation", "event_id": parent, "key": "x" * 501}})
