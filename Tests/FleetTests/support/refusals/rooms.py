"""Making rooms, who is in them, what is sent to them, and their names."""
from support.deployment import SERVER_NAME, unique
from support.refusals import Refusal
from support.scene import Ask, in_another_room, knockable, with_alias, with_member

NO_ROOM = f"!none:{SERVER_NAME}"
NO_ALIAS = f"#nowhere-at-all:{SERVER_NAME}"
# The last version in which a room's creator can be without power.
BEFORE_PRIVILEGED_CREATORS = "11"


def without_power(scene):
    """A room of ben's in which ann can do nothing, and somebody who is there too."""
    room, other = in_another_room(scene, "join"), scene.fresh()
    other.act("join", room)
    return room, other


def banned(scene):
    """A public room of ben's from which ann is banned."""
    room = in_another_room(scene)
    scene.ben.act("ban", room, scene.ann)
    return room


def restricted(scene):
    """A room for the members of a room in which ann is not."""
    return scene.ben.create_room(initial_state=[{"type": "m.room.join_rules", "content": {
        "join_rule": "restricted",
        "allow": [{"type": "m.room_membership", "room_id": scene.ben.create_room()}]}}])


def blocking(scene):
    """Somebody who does not want to be invited."""
    user = scene.fresh()
    user.put(f"/user/{user.id}/account_data/m.invite_permission_config",
             {"default_action": "block"})
    return user


def on(make_target):
    """An action of ann's on somebody in a room of hers."""
    return lambda s: Ask({"user_id": make_target(s).id}, roomId=s.ann.create_room())


def without_power_over(scene):
    room, other = without_power(scene)
    return Ask({"user_id": other.id}, roomId=room)


def from_outside(scene):
    return Ask({"user_id": scene.ben.id}, roomId=in_another_room(scene))


def of_a_member(action=None):
    """ann's own room with ben in it, or put out of it."""
    return lambda s: Ask({"user_id": s.ben.id}, roomId=with_member(s, action))


def unban_without_power(scene):
    room, other = without_power(scene)
    scene.ben.act("ban", room, other)
    return Ask({"user_id": other.id}, roomId=room)


def join_refusals(key):
    """`key` is the parameter of the path that names the room."""
    return [
        Refusal(403, "M_FORBIDDEN", "not invited", lambda s: Ask(
            {}, **{key: s.ben.create_room()})),
        Refusal(403, "M_FORBIDDEN", "banned", lambda s: Ask({}, **{key: banned(s)})),
        Refusal(403, "M_FORBIDDEN", "not in the other room", lambda s: Ask(
            {}, **{key: restricted(s)})),
    ]


def taken_alias(scene):
    name = unique("taken")
    scene.ann.create_room(room_alias_name=name)
    return Ask({"room_alias_name": name})


def powerless_creator(scene):
    return Ask({"room_version": BEFORE_PRIVILEGED_CREATORS, "name": "n",
                "power_level_content_override": {"users": {scene.ann.id: 0}}})


def second_reaction(scene):
    content = {"m.relates_to": {"rel_type": "m.annotation", "event_id": scene.event, "key": "k"}}
    user = scene.fresh()
    user.act("join", scene.room)
    user.put(user.room(scene.room, "send", "m.reaction", "once"), content)
    return Ask(content, by=user, eventType="m.reaction")


def canonical_alias(content):
    return lambda s: Ask(content(s), roomId=s.ann.create_room(),
                         eventType="m.room.canonical_alias")


def invitation_by_state(scene):
    return Ask({"membership": "invite"}, roomId=scene.ann.create_room(),
               eventType="m.room.member", stateKey=blocking(scene).id)


def banned_knocker(scene):
    room = knockable(scene)
    scene.ben.act("ban", room, scene.ann)
    return room


def closed_to_inviters(scene):
    """A room of ben's in which ann may not invite."""
    room = scene.ben.create_room(preset="public_chat", power_level_content_override={
        "invite": 50})
    scene.ann.act("join", room)
    return room


REFUSALS = {
    "create_room": [
        Refusal(400, "M_NOT_JSON", "no JSON", lambda s: Ask(b"{")),
        Refusal(400, "M_BAD_JSON", "a name of another kind", lambda s: Ask({"name": 5})),
        Refusal(400, "M_ROOM_IN_USE", "a taken alias", taken_alias),
        Refusal(400, "M_INVALID_ROOM_STATE", "no power to name it", powerless_creator),
        Refusal(400, "M_UNSUPPORTED_ROOM_VERSION", "no such version", lambda s: Ask(
            {"room_version": "none"})),
        Refusal(403, "M_INVITE_BLOCKED", "somebody wants no invitation", lambda s: Ask(
            {"invite": [blocking(s).id]})),
    ],
    "join_room": join_refusals("roomId"),
    "join_room_by_id_or_alias": join_refusals("roomIdOrAlias"),
    "knock_room": [
        Refusal(403, "M_FORBIDDEN", "not that kind of room", lambda s: Ask(
            {}, roomIdOrAlias=s.ben.create_room())),
        Refusal(403, "M_FORBIDDEN", "banned", lambda s: Ask({}, roomIdOrAlias=banned_knocker(s))),
        Refusal(404, "M_NOT_FOUND", "no such room", lambda s: Ask({}, roomIdOrAlias=NO_ROOM)),
        Refusal(404, "M_NOT_FOUND", "no such alias", lambda s: Ask({}, roomIdOrAlias=NO_ALIAS)),
    ],
    "forget_room": [
        Refusal(400, "M_UNKNOWN", "still in it", lambda s: Ask({}, roomId=s.room)),
    ],
    "invite_user": [
        Refusal(400, "M_NOT_JSON", "no JSON", lambda s: Ask(b"{")),
        Refusal(400, "M_BAD_JSON", "a user of another kind", lambda s: Ask({"user_id": 5})),
        Refusal(403, "M_FORBIDDEN", "banned", of_a_member("ban")),
        Refusal(403, "M_FORBIDDEN", "a member already", of_a_member()),
        Refusal(403, "M_FORBIDDEN", "from outside", from_outside),
        Refusal(403, "M_FORBIDDEN", "no power", lambda s: Ask(
            {"user_id": s.admin.id}, roomId=closed_to_inviters(s))),
        Refusal(403, "M_INVITE_BLOCKED", "no invitation is wanted", on(blocking)),
    ],
    "kick_user": [
        Refusal(403, "M_FORBIDDEN", "from outside", from_outside),
        Refusal(403, "M_FORBIDDEN", "not a member", on(lambda s: s.ben)),
        Refusal(403, "M_FORBIDDEN", "no power", without_power_over),
    ],
    "ban_user": [
        Refusal(403, "M_FORBIDDEN", "from outside", from_outside),
        Refusal(403, "M_FORBIDDEN", "no power", without_power_over),
    ],
    "unban_user": [Refusal(403, "M_FORBIDDEN", "no power", unban_without_power)],
    "send_message": [
        Refusal(400, "M_NOT_JSON", "no JSON", lambda s: Ask(b"{")),
        Refusal(400, "M_DUPLICATE_ANNOTATION", "said before", second_reaction),
        Refusal(403, "M_FORBIDDEN", "from outside", lambda s: Ask({}, by=s.ben)),
    ],
    "send_state": [
        Refusal(400, "M_INVALID_PARAM", "not an alias", canonical_alias(
            lambda s: {"alt_aliases": ["not an alias"]})),
        Refusal(400, "M_BAD_ALIAS", "an alias of another room", canonical_alias(
            lambda s: {"alias": with_alias(s)})),
        Refusal(403, "M_FORBIDDEN", "no power", lambda s: Ask(
            {"name": "n"}, roomId=without_power(s)[0], eventType="m.room.name")),
        Refusal(403, "M_INVITE_BLOCKED", "no invitation is wanted", invitation_by_state),
    ],
    "upgrade_room": [
        Refusal(400, "M_UNSUPPORTED_ROOM_VERSION", "no such version", lambda s: Ask(
            {"new_version": "none"})),
        Refusal(403, "M_FORBIDDEN", "no power", lambda s: Ask(
            {"new_version": "11"}, roomId=without_power(s)[0])),
        Refusal(403, "M_FORBIDDEN", "from outside", lambda s: Ask(
            {"new_version": "11"}, roomId=s.ben.create_room())),
    ],
    "put_alias": [
        Refusal(400, "M_INVALID_PARAM", "not an alias", lambda s: Ask(
            {"room_id": s.room}, roomAlias="none")),
        Refusal(409, "M_UNKNOWN", "a taken alias", lambda s: Ask(
            {"room_id": s.room}, roomAlias=with_alias(s))),
    ],
    "get_alias": [
        Refusal(400, "M_INVALID_PARAM", "not an alias", lambda s: Ask(roomAlias="none")),
        Refusal(404, "M_NOT_FOUND", "no such alias", lambda s: Ask(roomAlias=NO_ALIAS)),
    ],
    "delete_alias": [
        Refusal(404, "M_NOT_FOUND", "no such alias", lambda s: Ask(roomAlias=NO_ALIAS)),
    ],
    "room_aliases": [
        Refusal(400, "M_INVALID_PARAM", "not a room", lambda s: Ask(roomId="none")),
        Refusal(403, "M_FORBIDDEN", "from outside", lambda s: Ask(roomId=s.ben.create_room())),
    ],
    "report_room": [
        Refusal(404, "M_NOT_FOUND", "no such room", lambda s: Ask(
            {"reason": "r"}, roomId=NO_ROOM)),
    ],
    "report_event": [
        Refusal(404, "M_NOT_FOUND", "no such event", lambda s: Ask({}, eventId="$none")),
        Refusal(404, "M_NOT_FOUND", "from outside", lambda s: Ask({}, by=s.ben)),
    ],
    "report_user": [
        Refusal(404, "M_NOT_FOUND", "no such user", lambda s: Ask(
            {"reason": "r"}, userId=f"@nobody-there:{SERVER_NAME}")),
    ],
}
