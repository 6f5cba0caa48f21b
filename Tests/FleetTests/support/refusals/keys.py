"""Cross-signing keys and backups of room keys."""
from support.refusals import Refusal
from support.scene import ALGORITHM, BACKED_UP, Ask, public_key

NO_VERSION = "1000000"
BACKUP = {"algorithm": ALGORITHM, "auth_data": {"public_key": "a"}}


def key(user, usage, public, **more):
    return {f"{usage}_key": {"user_id": user.id, "usage": [usage],
                             "keys": {f"ed25519:{public}": public}, **more}}


def badly_signed(scene):
    user, master = scene.fresh(), public_key()
    signatures = {user.id: {f"ed25519:{master}": "A" * 86}}
    return Ask(key(user, "master", master)
               | key(user, "self_signing", public_key(), signatures=signatures), by=user)


def without_master(scene):
    user = scene.fresh()
    signatures = {user.id: {"ed25519:none": "A" * 86}}
    return Ask(key(user, "self_signing", public_key(), signatures=signatures), by=user)


def key_named_as_device(scene):
    user, public = scene.fresh(), public_key()
    scene.api.login(user.id, device_id=public)
    return Ask(key(user, "master", public), by=user)


def without_backup(query=None):
    """Somebody who has never had a backup."""
    return lambda s: Ask(by=s.fresh(), query=query)


def in_version(version, body=None, **place):
    return lambda s: Ask(body, query=f"version={version}", **place)


def in_old_version(body):
    """Keys for a backup that another one has replaced."""
    def make(scene):
        user = scene.fresh()
        old, _ = (user.post("/room_keys/version", BACKUP)["version"] for _ in range(2))
        return Ask(body(scene), by=user, query=f"version={old}")
    return make


def of_backup(body):
    """Refusals of keys that are stored."""
    return [
        Refusal(403, "M_WRONG_ROOM_KEYS_VERSION", "an older backup", in_old_version(body)),
        Refusal(404, "M_NOT_FOUND", "no backup", lambda s: Ask(
            body(s), by=s.fresh(), query="version=1")),
    ]


NO_BACKUP = Refusal(404, "M_NOT_FOUND", "no such backup", in_version(NO_VERSION))

REFUSALS = {
    "upload_cross_signing_keys": [
        Refusal(400, "M_INVALID_SIGNATURE", "badly signed", badly_signed),
        Refusal(400, "M_MISSING_PARAM", "no master key", without_master),
        Refusal(403, "M_FORBIDDEN", "a key named as a device", key_named_as_device),
    ],
    "current_key_backup": [Refusal(404, "M_NOT_FOUND", "no backup", without_backup())],
    "key_backup": [
        Refusal(404, "M_NOT_FOUND", "no such backup", lambda s: Ask(version=NO_VERSION)),
        Refusal(404, "M_NOT_FOUND", "not a version", lambda s: Ask(version="none")),
    ],
    "update_key_backup": [
        Refusal(400, "M_INVALID_PARAM", "another algorithm", lambda s: Ask(
            BACKUP | {"algorithm": "org.example"})),
        Refusal(400, "M_INVALID_PARAM", "another version", lambda s: Ask(
            BACKUP | {"version": NO_VERSION})),
        Refusal(404, "M_NOT_FOUND", "no such backup", lambda s: Ask(BACKUP, version=NO_VERSION)),
    ],
    "delete_key_backup": [
        Refusal(404, "M_NOT_FOUND", "no such backup", lambda s: Ask(version=NO_VERSION)),
    ],
    "store_all_backup_keys": of_backup(
        lambda s: {"rooms": {s.room: {"sessions": {"session": BACKED_UP}}}}),
    "store_backup_keys_of_room": of_backup(lambda s: {"sessions": {"session": BACKED_UP}}),
    "store_backup_key": of_backup(lambda s: BACKED_UP),
    "all_backup_keys": [NO_BACKUP],
    "delete_all_backup_keys": [NO_BACKUP],
    "backup_keys_of_room": [NO_BACKUP],
    "delete_backup_keys_of_room": [NO_BACKUP],
    "backup_key": [
        NO_BACKUP,
        Refusal(404, "M_NOT_FOUND", "no such key", lambda s: Ask(
            query=f"version={s.version}", sessionId="none")),
    ],
    "delete_backup_key": [NO_BACKUP],
}
