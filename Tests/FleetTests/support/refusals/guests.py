"""What guests may ask for. Everything else that takes a token refuses them."""

# spec: client-server-api#guest-access
AS_SPECIFIED = """
    room_state event_context room_event room_state_event room_messages room_members
    room_initial_sync sync event_stream
    join_room leave_room send_message send_state send_to_device
    set_profile_field delete_profile_field devices device rename_device whoami
    upload_keys query_keys claim_keys
    """.split()
# What a client that is let do that cannot do without.
BESIDES = """
    join_room_by_id_or_alias event_relations room_threads
    account_data set_account_data room_account_data set_room_account_data push_rules_account_data
    set_typing presence_status set_presence_status
    schedule_delayed_event delayed_event delayed_events send_delayed_event cancel_delayed_event
    restart_delayed_event update_delayed_event
    logout logout_all capabilities turn_server
    """.split()
OPEN_TO_GUESTS = {"initial_state": [
    {"type": "m.room.guest_access", "content": {"guest_access": "can_join"}}]}
