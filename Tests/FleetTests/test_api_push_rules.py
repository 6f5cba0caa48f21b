"""Push rules, unread counts, notifications and pushers: changed through one worker, told by all."""
import pytest

from support.api import PASSWORD, joined, quote
from support.deployment import unique
from support.waiting import until

DEPLOYMENTS = ("fleet", "monolith")

PREDEFINED = {
    "override": [
        ".m.rule.master", ".m.rule.suppress_notices", ".m.rule.invite_for_me",
        ".m.rule.member_event", ".m.rule.is_user_mention", ".m.rule.contains_display_name",
        ".m.rule.is_room_mention", ".m.rule.roomnotif", ".m.rule.tombstone", ".m.rule.reaction",
        ".m.rule.room.server_acl", ".m.rule.suppress_edits"],
    "content": [".m.rule.contains_user_name"], "room": [], "sender": [],
    "underride": [
        ".m.rule.call", ".m.rule.encrypted_room_one_to_one", ".m.rule.room_one_to_one",
        ".m.rule.message", ".m.rule.encrypted"],
}


@pytest.fixture
def room(people):
    """Three in a room, so that messages notify without a sound."""
    room = people[0].create_room(preset="public_chat")
    for user in people[1:]:
        user.act("join", room)
    return room


def rule(kind, name, *more):
    return "/".join(["/pushrules/global", kind, quote(name), *more])


def ids(rules):
    return {kind: [one["rule_id"] for one in listed] for kind, listed in rules.items()}


def told(response):
    """The content of m.push_rules in an answer of /sync, or None."""
    events = response.get("account_data", {}).get("events", [])
    return next((one["content"] for one in events if one["type"] == "m.push_rules"), None)


def unread(response, room):
    counts = joined(response, room).get("unread_notifications")
    return counts and (counts["notification_count"], counts["highlight_count"])


def event(user, room, content, kind="m.room.message"):
    transaction = f"p{next(user.transactions)}"
    return user.put(user.room(room, "send", kind, transaction), content)["event_id"]


def say(user, room, body, **more):
    """A message as present clients send it: who is meant stands in m.mentions."""
    return event(user, room, {"msgtype": "m.text", "body": body, "m.mentions": {}, **more})


def read(user, room, event_id, kind="m.read", **body):
    user.post(f"/rooms/{quote(room)}/receipt/{kind}/{quote(event_id)}", body)


def thread(root):
    return {"m.relates_to": {"rel_type": "m.thread", "event_id": root}}


def seen(user, room, event_id, **query):
    """The room's entry in the first answer that tells the event: workers may lag a little."""
    def look():
        entry = joined(user.sync(**query), room)
        events = entry.get("timeline", {}).get("events", [])
        return entry if any(one["event_id"] == event_id for one in events) else None

    return until(look, 10, "the event is told")


def counts(user, room, event_id):
    """(all, highlights) once the event is told."""
    found = seen(user, room, event_id)["unread_notifications"]
    return found["notification_count"], found["highlight_count"]


def becomes(expected, look):
    """What a receipt does may be told a moment later by another worker."""
    until(lambda: look() == expected, 10, f"counts become {expected}")


# ---- rules -------------------------------------------------------------------------------------


def test_everybody_has_the_predefined_rules(people):
    ann = people[0]
    for path in ("/pushrules", "/pushrules/"):
        assert ids(ann.get(path)["global"]) == PREDEFINED
    for path in ("/pushrules/global", "/pushrules/global/"):
        assert ids(ann.get(path)) == PREDEFINED
    assert told(ann.sync()) == ann.get("/pushrules/")
    data = f"/user/{quote(ann.id)}/account_data/m.push_rules"
    assert ann.get(data) == ann.get("/pushrules/"), "they are account data as well"
    people[1].refused(403, "M_FORBIDDEN", "GET", data)
    invited = ann.get(rule("override", ".m.rule.invite_for_me"))
    assert invited["default"] is True and invited["enabled"] is True
    assert invited["conditions"][2]["pattern"] == ann.id
    assert ann.get(rule("override", ".m.rule.master", "enabled")) == {"enabled": False}
    assert ann.get(rule("underride", ".m.rule.message", "actions")) == {"actions": ["notify"]}


def test_a_rule_lives_and_dies(people):
    ann = people[0]
    since = ann.sync()["next_batch"]
    ann.put(rule("content", "cake"), {"pattern": "cake*lie", "actions": ["notify"]})
    answer = ann.sync_until(told, since)
    wanted = {"rule_id": "cake", "pattern": "cake*lie", "actions": ["notify"], "default": False,
              "enabled": True}
    assert told(answer)["global"]["content"][0] == wanted
    assert ann.get(rule("content", "cake")) == wanted
    ann.put(rule("content", "cake", "enabled"), {"enabled": False})
    ann.put(rule("content", "cake", "actions"),
            {"actions": ["dont_notify", {"set_tweak": "highlight"}]})
    assert ann.get(rule("content", "cake", "enabled")) == {"enabled": False}
    assert ann.get(rule("content", "cake", "actions")) == {
        "actions": [{"set_tweak": "highlight"}]}
    ann.put(rule("content", "cake"), {"pattern": "tea", "actions": []})
    assert ann.get(rule("content", "cake")) == {
        **wanted, "pattern": "tea", "actions": [], "enabled": False}
    ann.delete(rule("content", "cake"))
    for method, path, body in (
            ("GET", rule("content", "cake"), None), ("DELETE", rule("content", "cake"), None),
            ("GET", rule("content", "cake", "enabled"), None),
            ("PUT", rule("content", "cake", "enabled"), {"enabled": True}),
            ("PUT", rule("content", "cake", "actions"), {"actions": []})):
        ann.refused(404, "M_NOT_FOUND", method, path, body)
    assert ids(ann.get("/pushrules/global/")) == PREDEFINED


def test_rules_are_put_in_order(people):
    ann = people[0]
    for name in ("one", "two"):
        ann.put(rule("override", name), {"actions": [], "conditions": []})
    body = {"actions": []}
    ann.api.call("PUT", "/_matrix/client/v3" + rule("override", "three"), body, ann.token,
                 {"before": "one", "after": "two"})
    ann.api.call("PUT", "/_matrix/client/v3" + rule("override", "four"), body, ann.token,
                 {"after": "one"})
    order = ids(ann.get("/pushrules/global/"))["override"]
    assert order == [".m.rule.master", "two", "three", "one", "four", *PREDEFINED["override"][1:]]
    for neighbour in ("nobody", ".m.rule.master"):
        ann.refused(400, "M_UNKNOWN", "PUT", rule("override", "five"), body, before=neighbour)


def test_wrong_rules_are_refused(people):
    ann = people[0]
    actions = {"actions": ["notify"]}
    for name in (".mine", "a/b", "a\\b"):
        ann.refused(400, "M_INVALID_PARAM", "PUT", rule("room", name), actions)
    ann.refused(400, "M_INVALID_PARAM", "PUT", rule("color", "x"), actions)
    ann.refused(400, "M_MISSING_PARAM", "PUT", rule("room", "x"), {})
    ann.refused(400, "M_MISSING_PARAM", "PUT", rule("content", "x"), actions)
    ann.refused(400, "M_INVALID_PARAM", "PUT", rule("room", "x"), {"actions": ["shout"]})
    ann.refused(400, "M_INVALID_PARAM", "PUT", rule("override", "x"),
                {"actions": [], "conditions": [{}]})
    ann.refused(400, "M_MISSING_PARAM", "PUT", rule("override", ".m.rule.master", "enabled"), {})
    ann.refused(404, "M_NOT_FOUND", "GET", rule("color", "x"))
    ann.refused(404, "M_NOT_FOUND", "DELETE", rule("override", ".m.rule.master"))
    ann.refused(404, "M_NOT_FOUND", "GET", rule("override", ".m.rule.message"))


# ---- counts ------------------------------------------------------------------------------------


def test_messages_are_counted_until_they_are_read(people, room):
    ann, ben, cid = people
    events = [say(ann, room, f"m{number}") for number in range(3)]
    last = events[-1]
    assert counts(ben, room, last) == (3, 0)
    assert counts(ann, room, last) == (0, 0)
    read(ben, room, events[1])
    becomes((1, 0), lambda: counts(ben, room, last))
    assert counts(cid, room, last) == (3, 0)
    read(cid, room, events[0])
    becomes((2, 0), lambda: counts(cid, room, last))
    read(cid, room, last, "m.read.private")
    becomes((0, 0), lambda: counts(cid, room, last))


def test_counts_come_with_the_event(people, room):
    ann, ben, _ = people
    since = ben.sync()["next_batch"]
    say(ann, room, "now")
    answer = ben.sync_until(
        lambda found: joined(found, room).get("timeline", {}).get("events"), since)
    assert unread(answer, room) == (1, 0)


def test_a_receipt_tells_the_new_counts(people, room):
    ann, ben, _ = people
    last = [say(ann, room, f"m{number}") for number in range(3)][-1]
    assert counts(ben, room, last) == (3, 0)
    since = ben.sync()["next_batch"]
    read(ben, room, last)
    ben.sync_until(lambda found: unread(found, room) == (0, 0), since)


def test_sending_means_having_read(people, room):
    ann, ben, cid = people
    say(ann, room, "one")
    last = say(cid, room, "two")
    assert counts(ben, room, last) == (2, 0)
    assert counts(ben, room, say(ben, room, "answer")) == (0, 0)
    assert counts(ben, room, say(ann, room, "three")) == (1, 0)


def test_mentions_stand_out(people, room):
    ann, ben, cid = people
    last = say(ann, room, "you", **{"m.mentions": {"user_ids": [ben.id]}})
    assert (counts(ben, room, last), counts(cid, room, last)) == ((1, 1), (1, 0))
    last = say(ann, room, "all", **{"m.mentions": {"room": True}})
    assert (counts(ben, room, last), counts(cid, room, last)) == ((2, 2), (2, 1))
    # Ben may not call everybody.
    last = say(ben, room, "all", **{"m.mentions": {"room": True}})
    assert counts(cid, room, last) == (3, 1)


def test_names_in_the_body_stand_out_where_clients_state_no_mentions(people, room):
    ann, ben, cid = people
    ben.put(f"/profile/{quote(ben.id)}/displayname", {"displayname": "Sir Ben"})
    name = cid.id[1:].split(":")[0]
    last = event(ann, room, {
        "msgtype": "m.text", "body": f"hey {name.upper()}, where is sir ben?"})
    assert (counts(ben, room, last), counts(cid, room, last)) == ((1, 1), (1, 1))
    last = say(ann, room, f"{name} and Sir Ben")
    assert (counts(ben, room, last), counts(cid, room, last)) == ((2, 1), (2, 1))


def test_what_does_not_notify_is_not_counted(people, room):
    ann, ben, _ = people
    event(ann, room, {"msgtype": "m.notice", "body": "beep", "m.mentions": {}})
    first = say(ann, room, "hello")
    event(ann, room, {"m.relates_to": {
        "rel_type": "m.annotation", "event_id": first, "key": "+"}}, "m.reaction")
    say(ann, room, "* hi", **{"m.relates_to": {"rel_type": "m.replace", "event_id": first}})
    last = ann.set_state(room, "m.room.topic", {"topic": "t"})["event_id"]
    assert counts(ben, room, last) == (1, 0)


def test_own_rules_decide(people, room):
    ann, ben, cid = people
    ben.put(rule("room", room), {"actions": []})
    cid.put(rule("content", "tea"), {
        "pattern": "tea", "actions": ["notify", {"set_tweak": "highlight"}]})
    cid.put(rule("sender", ben.id), {"actions": []})
    say(ann, room, "time for TEA")
    last = say(ann, room, "steam")
    assert (counts(ben, room, last), counts(cid, room, last)) == ((0, 0), (2, 1))
    assert counts(cid, room, say(ben, room, "hello")) == (2, 1)
    last = say(ann, room, "you", **{"m.mentions": {"user_ids": [ben.id]}})
    assert counts(ben, room, last) == (1, 1)
    # From now on Ben hears of everything again; what was muted stays so.
    ben.delete(rule("room", room))
    assert counts(ben, room, say(ann, room, "again")) == (2, 1)
    ben.put(rule("override", ".m.rule.master", "enabled"), {"enabled": True})
    last = say(ann, room, "silence", **{"m.mentions": {"user_ids": [ben.id]}})
    assert counts(ben, room, last) == (2, 1)


def test_ignored_users_are_not_heard(people, room):
    ann, ben, cid = people
    ben.put(f"/user/{quote(ben.id)}/account_data/m.ignored_user_list",
            {"ignored_users": {ann.id: {}}})
    last = say(ann, room, "you", **{"m.mentions": {"user_ids": [ben.id]}})
    assert counts(cid, room, last) == (1, 0)
    assert counts(ben, room, say(cid, room, "hello")) == (1, 0)


def test_threads_are_counted_apart(people, room):
    ann, ben, _ = people
    apart = '{"room":{"timeline":{"unread_thread_notifications":true}}}'

    def look(event_id):
        entry = seen(ben, room, event_id, filter=apart)
        main = entry["unread_notifications"]
        threads = {root: (found["notification_count"], found["highlight_count"])
                   for root, found in entry.get("unread_thread_notifications", {}).items()}
        return (main["notification_count"], main["highlight_count"]), threads

    root = say(ann, room, "root")
    first = say(ann, room, "in the thread", **thread(root))
    say(ann, room, "you", **thread(root), **{"m.mentions": {"user_ids": [ben.id]}})
    last = say(ann, room, "outside")
    assert look(last) == ((2, 0), {root: (2, 1)})
    assert counts(ben, room, last) == (4, 1)
    read(ben, room, last, thread_id="main")
    becomes(((0, 0), {root: (2, 1)}), lambda: look(last))
    read(ben, room, first, thread_id=root)
    becomes(((0, 0), {root: (1, 1)}), lambda: look(last))
    # What is related to an event of the thread is in the thread.
    last = event(ann, room, {
        "msgtype": "m.text", "body": "* x", "m.mentions": {"user_ids": [ben.id]},
        "m.relates_to": {"rel_type": "m.reference", "event_id": first}})
    assert look(last) == ((0, 0), {root: (2, 2)})
    read(ben, room, last)
    becomes(((0, 0), {}), lambda: look(last))


def test_counting_begins_with_joining(server, people, room):
    ann = people[0]
    for number in range(3):
        say(ann, room, f"before {number}")
    dan = server.rotating.register(unique("dan"))
    dan.act("join", room)
    assert counts(dan, room, say(ann, room, "after")) == (1, 0)
    dan.act("leave", room)
    say(ann, room, "gone")
    dan.act("join", room)
    assert counts(dan, room, say(ann, room, "back")) == (1, 0)


# ---- notifications -----------------------------------------------------------------------------


def test_notifications_are_listed(people, room):
    ann, ben, _ = people
    sent = [say(ann, room, f"m{number}") for number in range(3)]
    say(ben, room, "mine")
    loud = say(ann, room, "you", **{"m.mentions": {"user_ids": [ben.id]}})
    found = ben.get("/notifications")
    assert [one["event"]["event_id"] for one in found["notifications"]] == [loud, *sent[::-1]]
    assert [one["read"] for one in found["notifications"]] == [False, True, True, True]
    newest = found["notifications"][0]
    assert newest["room_id"] == room and isinstance(newest["ts"], int)
    assert {"set_tweak": "highlight"} in newest["actions"]
    assert found["notifications"][1]["actions"] == ["notify"]
    only = ben.get("/notifications", only="highlight")["notifications"]
    assert [one["event"]["event_id"] for one in only] == [loud]
    pages, token = [], {}
    while True:
        page = ben.get("/notifications", limit=2, **token)
        pages += [one["event"]["event_id"] for one in page["notifications"]]
        if "next_token" not in page:
            break
        token = {"from": page["next_token"]}
    assert pages == [loud, *sent[::-1]]
    ben.refused(400, "M_INVALID_PARAM", "GET", "/notifications", limit=0)
    ben.refused(400, "M_INVALID_PARAM", "GET", "/notifications", **{"from": "x"})


def test_invitations_are_notifications(server, people, room):
    ann = people[0]
    dan = server.rotating.register(unique("dan"))
    ann.act("invite", room, dan)
    found = dan.get("/notifications")["notifications"]
    assert [one["event"]["content"]["membership"] for one in found] == ["invite"]
    assert {"set_tweak": "sound", "value": "default"} in found[0]["actions"]


def test_a_message_between_two_has_a_sound(people):
    ann, ben, _ = people
    room = ann.create_room(invite=[ben.id])
    ben.act("join", room)
    say(ann, room, "psst")
    newest = ben.get("/notifications", limit=1)["notifications"][0]
    assert newest["actions"] == ["notify", {"set_tweak": "sound", "value": "default"}]


# ---- pushers -----------------------------------------------------------------------------------

PUSHER = {
    "kind": "http", "app_id": "org.example.app", "app_display_name": "App",
    "device_display_name": "Phone", "lang": "en", "profile_tag": "x",
    "data": {"url": "https://push.example.org/_matrix/push/v1/notify", "format": "event_id_only",
             "own": [1]},
}


def test_pushers_are_kept(people):
    ann, ben, _ = people
    key = unique("key")
    pusher = {**PUSHER, "pushkey": key}
    ann.post("/pushers/set", pusher)
    assert ann.get("/pushers") == {"pushers": [pusher]}
    ann.post("/pushers/set", {**pusher, "lang": "de"})
    assert [one["lang"] for one in ann.get("/pushers")["pushers"]] == ["de"]
    ben.post("/pushers/set", {**pusher, "append": True})
    assert len(ann.get("/pushers")["pushers"]) == 1
    ben.post("/pushers/set", pusher)
    assert ann.get("/pushers") == {"pushers": []}
    ben.post("/pushers/set", {"kind": None, "app_id": PUSHER["app_id"], "pushkey": key})
    assert ben.get("/pushers") == {"pushers": []}


def test_pushers_go_with_their_devices(server, people):
    ann = people[0]
    first, second, third = [server.rotating.login(ann.id) for _ in range(3)]
    keys = {one: unique("key") for one in (ann, first, second, third)}
    for one, key in keys.items():
        one.post("/pushers/set", {**PUSHER, "pushkey": key})

    def left():
        return {one["pushkey"] for one in ann.get("/pushers")["pushers"]}
    assert left() == set(keys.values())
    first.post("/logout")
    assert left() == {keys[ann], keys[second], keys[third]}
    auth = {"type": "m.login.password", "password": PASSWORD,
            "identifier": {"type": "m.id.user", "user": ann.id}}
    ann.post("/delete_devices", {"devices": [second.device], "auth": auth})
    assert left() == {keys[ann], keys[third]}
    ann.post("/account/password", {"new_password": "another one", "auth": auth,
                                   "logout_devices": False})
    assert left() == {keys[ann], keys[third]}
    ann.post("/account/password", {"new_password": PASSWORD, "auth": {
        **auth, "password": "another one"}})
    assert left() == {keys[ann]}


def test_wrong_pushers_are_refused(people):
    ann = people[0]
    pusher = {**PUSHER, "pushkey": unique("key")}

    def refused(code, **changes):
        body = {key: value for key, value in {**pusher, **changes}.items() if value is not ...}
        ann.refused(400, code, "POST", "/pushers/set", body)

    refused("M_MISSING_PARAM", kind=...)
    refused("M_MISSING_PARAM", lang=..., data=...)
    refused("M_INVALID_PARAM", kind="pigeon")
    refused("M_THREEPID_NOT_FOUND", kind="email", app_id="m.email", pushkey="a@example.org")
    refused("M_MISSING_PARAM", data={})
    refused("M_INVALID_PARAM", data={"url": "https://push.example.org/"})
    refused("M_INVALID_PARAM", data={"url": "gopher://push.example.org/_matrix/push/v1/notify"})
    refused("M_INVALID_PARAM", app_id="x" * 65)
    refused("M_INVALID_PARAM", pushkey="x" * 513)
    assert ann.get("/pushers") == {"pushers": []}
