"""The errors that the Matrix specification documents for the endpoints that the server has."""
import re

CODE = re.compile(r"`(M_[A-Z_]+)`")
LIMITED = "M_LIMIT_EXCEEDED"


def documented_errors(spec, routes):
    """{(route id, status, errcode)}; the errcode is None where the specification names none."""
    by_shape = {}
    for name, errors in operation_errors(spec).items():
        by_shape.setdefault(shape(name), set()).update(errors)
    return {(route["id"], status, code) for route in routes for pattern in route["patterns"]
            for status, code in by_shape.get(shape(f"{route['method'].upper()} {pattern}"), ())}


def operation_errors(spec):
    """{"METHOD /path": {(status, errcode)}} of all operations of the specification."""
    found = {}
    for operation in (one for many in spec.operations.values() for one in many):
        errors = found.setdefault(operation.name, set())
        for status, response in operation.responses.items():
            if str(status).startswith("4"):
                errors |= {(int(status), code) for code in codes(int(status), response)}
    return found


def shape(name):
    """An operation's name, whatever its parameters are called. In some files a blank at the end
    tells apart two descriptions of one endpoint."""
    return re.sub(r"\{\w+\}", "{}", name).strip()


def codes(status, response):
    """The errcodes that the description of a response or its examples name, or [None]."""
    found = set(CODE.findall(response.get("description", "")))
    for content in response.get("content", {}).values():
        examples = [one.get("value", {}) for one in content.get("examples", {}).values()]
        examples += [content.get("example", {}), content.get("schema", {}).get("example", {})]
        found |= {one["errcode"] for one in examples if "errcode" in one}
    return found or [LIMITED if status == 429 else None]
