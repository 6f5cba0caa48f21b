"""The shapes that the Matrix specification gives to answers, from its OpenAPI files. Every answer
that a test gets is held against them where the files are at hand (APUS_SPEC names their folder)."""
import json
import os
import re
from pathlib import Path
from urllib.parse import quote, urljoin, urlsplit

import referencing
import yaml
from jsonschema import Draft202012Validator
from referencing.jsonschema import DRAFT202012

# Of a form in which relative references can be resolved; nothing is fetched from there.
BASE = "http://spec.invalid/"
API = "api/client-server"
ERROR = {"type": "object", "required": ["errcode", "error"], "properties": {
    "errcode": {"type": "string", "minLength": 1}, "error": {"type": "string", "minLength": 1}}}
DELAYED = "org.matrix.msc4140.delay="
# State in the form of an event: of the two shapes that the file gives it has both.
WHOLE_STATE = "format=event"
# Beside rooms' events the stream has what is no event of a room, of which the file knows nothing.
STREAM = re.compile(r"/events$")
# What a 401 asks for where the endpoint's description has none.
AUTHENTICATION = f"{BASE}{API}/definitions/auth_response.yaml"
# Answers of another shape that Synapse gives too, and that clients expect.
ALLOWED = {("GET /_matrix/client/v3/voip/turnServer", b"{}")}
# `r0` has the shapes of `v3`.
OLD = re.compile(r"^/_matrix/client/r0/")


def spec_folder(root):
    """The folder with `api/client-server`, or None."""
    folder = Path(os.environ.get("APUS_SPEC", root.parent / "shared" / "spec" / "data"))
    return folder if (folder / API).is_dir() else None


class Operation:
    """One method of one path."""

    def __init__(self, name, pattern, responses, places):
        self.name, self.pattern = name, pattern
        self.responses, self.places = responses, places  # each by status

    def place(self, status):
        """Where the schema of an answer with this status is; None where there is none."""
        return self.places.get(str(status)) or self.places.get(f"{status // 100}XX")


class Spec:
    """All operations of the client-server API."""

    def __init__(self, folder):
        self.folder, self.validators = Path(folder), {}
        self.registry = referencing.Registry(retrieve=self._retrieve)
        self.operations = {}
        for path in sorted((self.folder / API).glob("*.yaml")):
            self._read(path)
        self.error = Draft202012Validator(ERROR)

    def _retrieve(self, uri):
        path = self.folder / urlsplit(uri).path.lstrip("/")
        return DRAFT202012.create_resource(yaml.load(path.read_text(), Loader=Loader))

    def _read(self, path):
        document = yaml.load(path.read_text(), Loader=Loader)
        prefix = document["servers"][0]["variables"]["basePath"]["default"]
        uri = f"{BASE}{API}/{path.name}"
        for route, methods in document.get("paths", {}).items():
            for method, operation in methods.items():
                if method in ("get", "put", "post", "delete"):
                    at = f"{uri}#/paths/{escaped(route)}/{method}/responses"
                    self.operations.setdefault(method.upper(), []).append(Operation(
                        f"{method.upper()} {prefix}{route}", matcher(prefix + route),
                        *self._responses(at, operation["responses"])))
        for operations in self.operations.values():
            # Where two fit, the one with more fixed words is meant.
            operations.sort(key=lambda one: one.name.count("{"))

    def _responses(self, at, responses):
        """What the file says of each answer, and where the schema of its JSON is."""
        found, places = {}, {}
        for status, response in responses.items():
            place = f"{at}/{status}"
            while "$ref" in response:
                place = urljoin(place, response["$ref"])
                response = self._value(place)
            found[str(status)] = response
            if "application/json" in response.get("content", {}):
                places[str(status)] = f"{place}/content/application~1json/schema"
        return found, places

    def _value(self, place):
        return self.registry.resolver().lookup(place).contents

    def operation(self, method, path):
        if DELAYED in path:
            return None  # answered with a delay id instead (MSC4140)
        if WHOLE_STATE in path:
            return None
        path = OLD.sub("/_matrix/client/v3/", urlsplit(path).path)
        if STREAM.search(path):
            return None
        return next((one for one in self.operations.get(method, []) if one.pattern.match(path)),
                    None)

    def violations(self, method, path, status, body):
        """What is wrong with an answer's shape, as sentences."""
        operation = self.operation(method, path)
        # Who asks for some fields of events only does not get whole ones.
        if operation is None or "event_fields" in path:
            return []
        place = operation.place(status)
        if place is None and status < 400 or (operation.name, body) in ALLOWED:
            return []
        try:
            value = json.loads(body)
        except ValueError:
            return [f"{operation.name}: {status} is no JSON: {body[:100]!r}"]
        if place is None and status == 401 and "flows" in value:
            place = AUTHENTICATION
        # Where 401 asks for authentication, a missing token is an error all the same.
        is_error = status == 401 and self.error.is_valid(value) and "flows" not in value
        validator = self._validator(place) if place and not is_error else self.error
        return [f"{operation.name}: {status}: {one.json_path}: {one.message[:300]}"
                for one in validator.iter_errors(value)]

    def _validator(self, place):
        if place not in self.validators:
            self.validators[place] = Draft202012Validator(
                {"$ref": place}, registry=self.registry)
        return self.validators[place]


class Loader(yaml.CSafeLoader if hasattr(yaml, "CSafeLoader") else yaml.SafeLoader):
    """Numbers and truth values as in JSON, and no dates: `on` and `2020-01-01` are texts."""


def matcher(route):
    return re.compile("^" + re.sub(r"\\\{[^}]*\\\}", "[^/]*", re.escape(route)) + "/?$")


def escaped(route):
    return quote(route.replace("~", "~0").replace("/", "~1"), safe="~")
