"""Documented errors that this server never gives, and why. What is not here must be provoked."""

NOT_LIMITED = """No `rc_` setting is for these requests: they read, or they write little that is
    the user's own and is bounded in number."""
UNLIMITED_ROUTES = """
    capabilities whoami login_flows turn_server openid_token refresh register_available
    room_aliases room_threads event_by_time
    set_typing send_receipt set_read_markers set_pusher set_push_rule
    create_key_backup current_key_backup key_backup update_key_backup delete_key_backup
    store_all_backup_keys all_backup_keys delete_all_backup_keys
    store_backup_keys_of_room backup_keys_of_room delete_backup_keys_of_room
    store_backup_key backup_key delete_backup_key
    """.split()
TOKENS_OF_ADDRESSES = [f"{purpose}_{medium}_token" for purpose in (
    "register", "password", "threepid") for medium in ("email", "msisdn")]

# {why: [(route, status, errcode)]}
NEVER = {
    NOT_LIMITED: [(route, 429, "M_LIMIT_EXCEEDED") for route in UNLIMITED_ROUTES],
    """Who leaves or forgets a room was let into it before, which is what is limited.""": [
        ("leave_room", 429, "M_LIMIT_EXCEEDED"), ("forget_room", 429, "M_LIMIT_EXCEEDED")],
    """Addresses cannot be verified, so every one is refused before anything else is looked at:
    whose it is, whether it is well formed, by whom it was checked, and who asks.""": [
        *((route, 400, "M_SERVER_NOT_TRUSTED") for route in TOKENS_OF_ADDRESSES),
        *((route, 403, "M_THREEPID_DENIED") for route in TOKENS_OF_ADDRESSES),
        *((route, 400, "M_THREEPID_IN_USE") for route in TOKENS_OF_ADDRESSES
          if not route.startswith("password")),
        ("threepid_email_token", 400, "M_INVALID_PARAM"),
        ("threepid_msisdn_token", 400, "M_INVALID_PARAM"),
        ("add_threepid", 401, None), ("add_threepid", 429, "M_LIMIT_EXCEEDED"),
        ("bind_threepid", 429, "M_LIMIT_EXCEEDED"),
        ("add_threepid_deprecated", 403, "M_THREEPID_AUTH_FAILED")],
    """There are no application services yet.""": [
        ("register", 400, "M_EXCLUSIVE"), ("register_available", 400, "M_EXCLUSIVE"),
        ("register", 400, "M_APPSERVICE_LOGIN_UNSUPPORTED"),
        ("login", 400, "M_APPSERVICE_LOGIN_UNSUPPORTED"), ("whoami", 403, "M_FORBIDDEN")],
    """Passwords are always checked here, never by another server in the place of /login.""": [
        ("login_flows", 404, "M_UNRECOGNIZED")],
    """Everybody may read profiles: no setting hides them.""": [
        ("profile", 403, "M_FORBIDDEN"), ("profile_field", 403, "M_FORBIDDEN")],
    """The request has no body that could be malformed.""": [
        ("delete_profile_field", 400, "M_BAD_JSON")],
    """Only users of this server can be invited, which knows the versions of its rooms.""": [
        ("invite_user", 400, "M_UNSUPPORTED_ROOM_VERSION")],
    """Every user that somebody may see has a presence, if only that of being away; of others 403
    does not tell whether they exist.""": [("presence_status", 404, None)],
    """The request makes the rule that does not exist.""": [("set_push_rule", 404, "M_NOT_FOUND")],
    """Who has a token exists. The description speaks of an avatar, which is not asked for.""": [
        ("initial_sync", 404, None)],
}
