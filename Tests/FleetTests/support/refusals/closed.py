"""What a server answers to whom it offers little."""
from support.api import PASSWORD
from support.deployment import unique
from support.refusals import Refusal
from support.scene import NOBODY, Ask

SETTINGS = {"enable_registration": False, "allow_guest_access": False, "public_baseurl": None}

REFUSALS = {
    "register": [
        Refusal(403, "M_FORBIDDEN", "nobody may", lambda s: Ask(
            {"username": unique("r"), "password": PASSWORD}, by=NOBODY)),
        Refusal(403, "M_GUEST_ACCESS_FORBIDDEN", "no guest may", lambda s: Ask(
            {}, by=NOBODY, query="kind=guest")),
    ],
    "register_available": [
        Refusal(403, "M_FORBIDDEN", "nobody may register", lambda s: Ask(
            by=NOBODY, query="username=free")),
    ],
    "registration_token_validity": [
        Refusal(403, "M_FORBIDDEN", "nobody may register", lambda s: Ask(
            by=NOBODY, query="token=none")),
    ],
    "well_known_client": [
        Refusal(404, "M_NOT_FOUND", "no address is set", lambda s: Ask(by=NOBODY)),
    ],
    "well_known_support": [
        Refusal(404, "M_NOT_FOUND", "no contact is set", lambda s: Ask(by=NOBODY)),
    ],
}
