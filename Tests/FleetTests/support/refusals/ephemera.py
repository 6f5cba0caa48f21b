"""Account data, receipts, presence, push rules and pushers."""
from support.api import quote
from support.deployment import SERVER_NAME
from support.refusals import Refusal
from support.scene import PUSHER, Ask, push_rule

NO_RULE = {"kind": "content", "ruleId": "none"}
RULE = {"pattern": "p", "actions": []}


def writing(**place):
    """Refusals of what is written into account data."""
    return [
        Refusal(400, "M_NOT_JSON", "no JSON", lambda s: Ask(b"{", **place)),
        Refusal(400, "M_BAD_JSON", "no object", lambda s: Ask([], **place)),
        Refusal(403, "M_FORBIDDEN", "somebody else's", lambda s: Ask(
            {}, userId=s.ben.id, **place)),
        Refusal(405, "M_BAD_JSON", "set in another way: marker", lambda s: Ask(
            {}, type="m.fully_read", **place)),
        Refusal(405, "M_BAD_JSON", "set in another way: rules", lambda s: Ask(
            {}, type="m.push_rules", **place)),
    ]


def reading():
    return [
        Refusal(403, "M_FORBIDDEN", "somebody else's", lambda s: Ask(userId=s.ben.id)),
        Refusal(404, "M_NOT_FOUND", "none of this type", lambda s: Ask(type="org.example.none")),
    ]


def thread(value, **place):
    return lambda s: Ask({"thread_id": value}, **place)


def outside_its_thread(scene):
    """The event stands in no thread, and here it is said to be in one."""
    root, other = (scene.ann.send(scene.room, text) for text in ("root", "other"))
    return Ask({"thread_id": root}, eventId=other)


def in_its_thread_not_main(scene):
    root = scene.ann.send(scene.room, "root")
    answer = scene.ann.put(scene.ann.room(scene.room, "send", "m.room.message", quote(
        f"in{root}")), {"msgtype": "m.text", "body": "in", "m.relates_to": {
            "rel_type": "m.thread", "event_id": root}})
    return Ask({"thread_id": "main"}, eventId=answer["event_id"])


def strangers(scene):
    return Ask(userId=scene.fresh().id)


def no_rule(body=None):
    return [
        Refusal(404, "M_NOT_FOUND", "no such rule", lambda s: Ask(body, **NO_RULE)),
        Refusal(404, "M_NOT_FOUND", "no such kind", lambda s: Ask(
            body, kind="none", ruleId="none")),
    ]


REFUSALS = {
    "set_account_data": writing(),
    "set_room_account_data": [
        *writing(),
        Refusal(400, "M_INVALID_PARAM", "not a room", lambda s: Ask({}, roomId="none")),
    ],
    "account_data": reading(),
    "room_account_data": [
        *reading(),
        Refusal(400, "M_INVALID_PARAM", "not a room", lambda s: Ask(roomId="none")),
    ],
    "send_receipt": [
        Refusal(400, "M_INVALID_PARAM", "no text", thread(5)),
        Refusal(400, "M_INVALID_PARAM", "empty", thread("")),
        Refusal(400, "M_INVALID_PARAM", "a marker has no thread", thread(
            "main", receiptType="m.fully_read")),
        Refusal(400, "M_INVALID_PARAM", "of no thread", outside_its_thread),
        Refusal(400, "M_INVALID_PARAM", "of another thread", in_its_thread_not_main),
    ],
    "presence_status": [
        Refusal(403, "M_FORBIDDEN", "no room in common", strangers),
        Refusal(403, "M_FORBIDDEN", "no such user", lambda s: Ask(
            userId=f"@nobody-there:{SERVER_NAME}")),
    ],
    "push_rule": no_rule(),
    "delete_push_rule": [
        *no_rule(),
        Refusal(404, "M_NOT_FOUND", "one of the server's", lambda s: Ask()),
    ],
    "set_push_rule": [
        Refusal(400, "M_UNKNOWN", "no such neighbour", lambda s: Ask(
            RULE, query="before=none", **push_rule(s))),
        Refusal(400, "M_INVALID_PARAM", "a name of the server's", lambda s: Ask(
            RULE, kind="content", ruleId=".mine")),
    ],
    "push_rule_enabled": no_rule(),
    "set_push_rule_enabled": no_rule({"enabled": True}),
    "push_rule_actions": no_rule(),
    "set_push_rule_actions": no_rule({"actions": []}),
    "set_pusher": [
        Refusal(400, "M_MISSING_PARAM", "no language, no data", lambda s: Ask(
            {key: value for key, value in PUSHER.items() if key not in ("lang", "data")})),
    ],
}
