"""Requests that are refused when they come too often. Each is repeated until it is."""
from support.api import PASSWORD
from support.refusals import Refusal
from support.scene import NOBODY, Ask, knockable, login_body

BURST = 3
# So slow that nothing flows out while a test runs.
SLOW = {"per_second": 0.001, "burst_count": BURST}
SETTINGS = {
    "presence": {"enabled": True}, "login_via_existing_session": {"enabled": True},
    "rc_message": SLOW, "rc_registration": SLOW, "rc_registration_token_validity": SLOW,
    "rc_joins": {"local": SLOW}, "rc_invites": {"per_user": SLOW}, "rc_reports": SLOW,
    "rc_login": {"account": SLOW, "failed_attempts": SLOW}, "rc_presence": {"per_user": SLOW}}


def limited(make):
    return [Refusal(429, "M_LIMIT_EXCEEDED", "too often", make)]


def guessing(**body):
    """Somebody who does not know the password that is asked for."""
    def make(scene):
        user = scene.fresh()
        return Ask(body | {"auth": login_body(user) | {"password": "a guess"}}, by=user)
    return limited(make)


def own_name(user, body=None):
    return Ask(body, by=user, userId=user.id)


def own_presence(user):
    return Ask({"presence": "online"}, by=user, userId=user.id)


REFUSALS = {
    # Without a name, so that each gets one that is free.
    "register": limited(lambda s: Ask(
        {"password": PASSWORD, "auth": {"type": "m.login.dummy"}}, by=NOBODY)),
    "registration_token_validity": limited(lambda s: Ask(by=NOBODY, query="token=none")),
    "login": limited(lambda s: Ask(login_body(s.fresh()), by=NOBODY)),
    "login_token": guessing(),
    "change_password": guessing(new_password=PASSWORD),
    "deactivate_account": guessing(),
    "set_profile_field": limited(lambda s: own_name(s.fresh(), {"displayname": "n"})),
    "delete_profile_field": limited(lambda s: own_name(s.fresh())),
    "join_room": limited(lambda s: Ask({}, by=s.fresh(), roomId=s.room)),
    "join_room_by_id_or_alias": limited(lambda s: Ask({}, by=s.fresh())),
    "knock_room": limited(lambda s: Ask({}, by=s.fresh(), roomIdOrAlias=knockable(s))),
    "invite_user": limited(lambda s: Ask({"user_id": s.fresh().id})),
    "report_room": limited(lambda s: Ask({"reason": "r"}, by=s.fresh())),
    "report_user": limited(lambda s: Ask({"reason": "r"}, by=s.fresh())),
    "set_presence_status": limited(lambda s: own_presence(s.fresh())),
}
