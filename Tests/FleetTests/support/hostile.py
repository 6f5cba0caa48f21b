"""Input that no well-meaning client sends, for any route."""
import json
import random

DEEP = 20_000

# Not JSON at all, or not such as the specification allows: always refused.
BROKEN = {
    "cut short": b'{"a":', "a bare word": b"nonsense", "two values": b"{}{}",
    "trailing comma": b'{"a":1,}', "single quotes": b"{'a':1}", "not UTF-8": b'{"a":"\xff\xfe"}',
    "encoded surrogate": b'{"a":"\xed\xa0\x80"}', "lone surrogate": rb'{"a":"\ud800"}',
    "reversed surrogates": rb'{"a":"\udc00\ud800"}', "bad escape": rb'{"a":"\x41"}',
    "raw control character": b'{"a":"\x01"}', "raw NUL": b'{"a":"\x00"}', "only NUL": b"\x00",
    "NaN": b'{"a":NaN}', "plus sign": b'{"a":+1}', "leading zero": b'{"a":01}',
    "comment": b'{"a":1 /* */}', "UTF-16": '{"a":1}'.encode("utf-16"),
    "deep arrays": b'{"a":' + b"[" * DEEP, "deep objects": b'{"a":' * DEEP,
    "deep and closed": b'{"a":' + b"[" * DEEP + b"]" * DEEP + b"}",
}
# JSON, but no object.
NO_OBJECT = {"array": b"[]", "null": b"null", "number": b"7", "text": b'"x"', "true": b"true",
             "huge number": b"9" * 5000}

KEYS = """
username password auth session type identifier user medium address device_id inhibit_login
initial_device_display_name refresh_token guest_access_token nonce mac admin displayname user_type
preset invite invite_3pid initial_state room_version creation_content
power_level_content_override name topic visibility room_alias_name is_direct user_id reason room_id third_party_signed membership avatar_url
room timeline limit types not_types senders rooms state lazy_load_members event_fields event_format
body msgtype users users_default events ban kick redacts alias alt_aliases join_rule allow
history_visibility display_name devices content state_key predecessor additional_creators intents
creation transaction precondition
""".split()
LONG = "x" * 70_000
WRONG = [None, True, 7, -1, 1.5, 2**63, -2**63, 10**400, "", "x", "\0", "\ud83d\ude00",
         "x" * 300, [], {}, [None], [7], ["x"], [[]], [{}], {"": None}, {"a": {}}, {"a": []},
         {"type": {}},
         {"type": "m.login.dummy", "session": 7}, {"type": "m.id.user", "user": []},
         {"@x:y": "100"}, {"\0": "\0"}, ["@a:b"] * 3000, "@x:y", "!x:y", "#x:y", "$x", "@",
         "!:", "#:"]

SEGMENTS = {
    "NUL": "%00", "bad escape": "%zz", "lone percent": "%", "half escape": "%2", "not UTF-8": "%ff",
    "encoded surrogate": "%ED%A0%80", "slash": "%2F", "dots": "..", "escaped dots": "%2e%2e%2f",
    "long": "a" * 3000, "newline": "%0d%0aX:%20y", "right-to-left": "%E2%80%AE",
    "no sigil": "plain", "sigil only": "%21", "no server": "!abc", "bad server": "!a:b:c:d",
    "bad port": "@a:b:99999999", "quotes": "%27%22%3B--", "unicode": "%F0%9F%98%80",
    "bracket": "@a:[::", "empty": "",
}
NEVER_RIGHT = {"bad escape", "lone percent", "half escape", "not UTF-8", "encoded surrogate"}
QUERIES = [
    "%zz=1", "limit=%00", "limit=-1", "limit=99999999999999999999", "limit=1e9", "limit=",
    "since=%00", "since=s", "since=s~", "since=s99999999999999999999~1.1", "since=s1~1.1~1.1",
    "since=s-1", "since=s9223372036854775807~9999999999.1", "from=x", "from=%ff", "to=s1~~",
    "dir=f&dir=b", "dir=%00", "filter=%7B", "filter=%5B%5D", "filter=%00", "filter=" + "7" * 400,
    "filter=%7B%22room%22:7%7D",
    "filter=%7B%22room%22:%7B%22timeline%22:%7B%22limit%22:-5%7D%7D%7D",
    "filter=" + "%5B" * 1500, "full_state=7", "timeout=-1", "timeout=1e3", "timeout=x",
    "membership=%ff", "membership=no", "at=%00", "ts=x", "user_id=%00", "access_token=%00",
    "access_token=a&access_token=b", "username=%00", "username=%ff", "username=" + "u" * 4000,
    "&&&===&", "=" * 50, "a=" + "b" * 5000, "server_name=%00", "via=%ff", "dir=b&from=%ED%A0%80",
]
HEADERS = [
    {"Authorization": "Bearer"}, {"Authorization": "Bearer "}, {"Authorization": "Basic eDp5"},
    {"Authorization": "Bearer " + "x" * 5000}, {"Authorization": "Bearer a b"},
    {"Authorization": b"Bearer \xff\xfe"}, {"Authorization": "X-Matrix origin=x,key=\"y\",sig=z"},
    {"Content-Type": "text/plain"}, {"Content-Type": "\x7f"},
    {"X-Forwarded-For": "not, an, address"},
    {"Cookie": "a" * 6000}, {"Accept": ""}, {"Origin": "null"}, {"Content-Encoding": "gzip"},
]
# Whole requests that are not HTTP, or only nearly.
RAW = {
    "garbage": b"\x00\x01\x02\r\n\r\n",
    "TLS hello": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    "no version": b"GET /\r\n\r\n", "bad version": b"GET / HTTP/9.9\r\n\r\n",
    "HTTP/2 preface": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "unknown method": b"BREW /_matrix/client/versions HTTP/1.1\r\nHost: x\r\n\r\n",
    "absolute form": b"GET http://x/_matrix/client/versions HTTP/1.1\r\nHost: x\r\n\r\n",
    "asterisk": b"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n",
    "no slash": b"GET nothing HTTP/1.1\r\nHost: x\r\n\r\n",
    "space in path": b"GET /a b HTTP/1.1\r\nHost: x\r\n\r\n",
    "raw bytes in path": b"GET /_matrix/client/v3/\xc3\xa9\xff HTTP/1.1\r\nHost: x\r\n\r\n",
    "NUL in path": b"GET /\x00 HTTP/1.1\r\nHost: x\r\n\r\n",
    "bad length": b"POST /_matrix/client/v3/login HTTP/1.1\r\nHost: x\r\n"
                  b"Content-Length: -5\r\n\r\n",
    "two lengths": b"POST /_matrix/client/v3/login HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n"
                   b"Content-Length: 3\r\n\r\n{}",
    "huge length": b"POST /_matrix/client/v3/login HTTP/1.1\r\nHost: x\r\n"
                   b"Content-Length: 99999999999\r\n\r\n{}",
    "bad chunk": b"POST /_matrix/client/v3/login HTTP/1.1\r\nHost: x\r\n"
                 b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
    "length and chunks": b"POST /_matrix/client/v3/login HTTP/1.1\r\nHost: x\r\n"
                         b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "long path": b"GET /" + b"a" * 200_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    "long header": b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 200_000 + b"\r\n\r\n",
    "many headers": b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 20_000 + b"\r\n",
    "bare newlines": b"GET / HTTP/1.1\nHost: x\n\n",
    "header without colon": b"GET / HTTP/1.1\r\nHost x\r\n\r\n",
    "folded header": b"GET / HTTP/1.1\r\nHost: x\r\n y\r\n\r\n",
}


def wrong_bodies(seed, count):
    """JSON objects whose known keys have values of wrong kinds: first all keys of one kind,
    then `count` mixtures."""
    for value in WRONG:
        yield encode({key: value for key in KEYS})
    yield encode({key: LONG for key in ("username", "password", "name", "reason", "body")})
    chance = random.Random(f"bodies/{seed}")
    for _ in range(count):
        keys = chance.sample(KEYS, chance.randrange(1, 12))
        yield encode({key: chance.choice(WRONG) for key in keys})


def encode(value):
    """JSON text; numbers may be larger than any type of the server's holds."""
    return json.dumps(value).encode()
