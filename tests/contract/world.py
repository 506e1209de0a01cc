"""What the contract tests make functions with, and how they read answers."""

import base64
import io
import itertools
import re
import zipfile

from botocore.awsrequest import prepare_request_dict
from botocore.serialize import create_serializer

REGION = "us-east-1"
ACCOUNT = "000000000000"
ROLE_NAME = "contract"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/{ROLE_NAME}"
ARN = f"arn:aws:lambda:{REGION}:{ACCOUNT}:"
SIGNERS = {
    "SigningProfileVersionArns": [f"arn:aws:signer:{REGION}:{ACCOUNT}:/signing-profiles/p/0123456789"]
}

numbers = itertools.count()


def new_name(prefix="contract"):
    return f"{prefix}-{next(numbers):05}"


def package(content="#!/bin/sh\n", name="bootstrap", compression=zipfile.ZIP_STORED):
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr(zipfile.ZipInfo(name), content, compression)
    return data.getvalue()


def slow_package(files=2000):
    """One that takes its time to be unpacked."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for number in range(files):
            archive.writestr(zipfile.ZipInfo(f"files/{number}"), str(next(numbers)))
    return data.getvalue()


def encoded(data):
    return base64.b64encode(data).decode()


def wait(client, name, waiter="function_active_v2", **parameters):
    client.get_waiter(waiter).wait(
        FunctionName=name, WaiterConfig={"Delay": 0, "MaxAttempts": 5000}, **parameters
    )


def create(client, name=None, **members):
    """A function that is active; gives its name."""
    name = name or new_name()
    members.setdefault("Code", {"ZipFile": package()})
    client.create_function(FunctionName=name, Runtime="provided.al2", Handler="h", Role=ROLE, **members)
    wait(client, name)
    return name


def update(client, name, **members):
    client.update_function_configuration(FunctionName=name, **members)
    wait(client, name, "function_updated_v2")


def call(front, operation, parameters):
    """Sends what botocore would; the answer is raw. `operation` is a model of one."""
    request = create_serializer("rest-json", include_validation=False).serialize_to_request(
        parameters, operation
    )
    prepare_request_dict(request, front.url)
    path = request["url"].removeprefix(front.url)
    return front.send(request["method"], path, request["body"], dict(request["headers"]))


# ---- what an answer has that its shape has not ----

KINDS = {
    "blob": str,
    "boolean": bool,
    "double": (int, float),
    "integer": int,
    "list": list,
    "long": int,
    "map": dict,
    "string": str,
    "structure": dict,
    "timestamp": (int, float),
}

# What the service itself answers beside its model.
UNMODELLED_VALUES = {
    ("LastUpdateStatusReasonCode", "Creating"),
    ("RuntimeVersionArn", None),  # of a runtime that follows AWS
}


def _is_kind(shape, value):
    if isinstance(value, bool):
        return shape.type_name == "boolean"
    return isinstance(value, KINDS[shape.type_name])


def _breaches(shape, value):
    """The rules of a string or number that its value breaks."""
    rules = shape.metadata
    size = len(value) if isinstance(value, (str, list)) else value
    if shape.type_name in ("string", "integer", "long", "list"):
        if size < rules.get("min", size) or size > rules.get("max", size):
            yield f"is not within {rules.get('min')} and {rules.get('max')}"
    if shape.type_name == "string":
        if shape.enum and value not in shape.enum:
            yield f"is none of {shape.enum}"
        pattern = rules.get("pattern", ".*").replace(r"\p{L}\p{Z}\p{N}", r"\w\s")  # as Python has it
        if not re.fullmatch(pattern, value, re.DOTALL):
            yield f"does not match {rules['pattern']}"
    if shape.type_name == "blob":
        try:
            base64.b64decode(value, validate=True)
        except ValueError:
            yield "is no base64"


def faults(shape, value, path):
    """Where a JSON value is not what the shape says."""
    if (shape.name, value if isinstance(value, str) else None) in UNMODELLED_VALUES:
        return
    if not _is_kind(shape, value):
        yield f"{path}: {value!r} is no {shape.type_name}"
        return
    yield from (f"{path}: {value!r} {breach}" for breach in _breaches(shape, value))
    if shape.type_name == "structure":
        members = {
            name: member
            for name, member in shape.members.items()
            if "location" not in member.serialization
        }
        for name in set(shape.required_members) & set(members) - set(value):
            yield f"{path}.{name} is missing"
        for name, member in value.items():
            if name in members:
                yield from faults(members[name], member, f"{path}.{name}")
            else:
                yield f"{path}.{name} is not in the model"
    elif shape.type_name == "list":
        for index, item in enumerate(value):
            yield from faults(shape.member, item, f"{path}[{index}]")
    elif shape.type_name == "map":
        for key, item in value.items():
            yield from faults(shape.key, key, f"{path} key")
            yield from faults(shape.value, item, f"{path}[{key}]")
