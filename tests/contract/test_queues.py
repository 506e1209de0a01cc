"""The members of SQS, as tables of Lamb, against the public service model of an installed botocore, which is
that of the query protocol: names, types, what is required, and what each is called in a form. The model may
be older than the tables: what came since is listed here."""

import json
import subprocess

import botocore.session
import pytest

from conftest import program
from model import TYPES

# What the model of December 2022 does not have.
YOUNGER_OPERATIONS = {"CancelMessageMoveTask", "ListMessageMoveTasks", "StartMessageMoveTask"}
YOUNGER_MEMBERS = {("ReceiveMessage", "MessageSystemAttributeNames")}


@pytest.fixture(scope="module")
def tables():
    printed = subprocess.run([program(), "--members", "sqs"], capture_output=True, text=True, check=True)
    return json.loads(printed.stdout)


@pytest.fixture(scope="module")
def model():
    loader = botocore.session.get_session().get_component("data_loader")
    return loader.load_service_model("sqs", "service-2")


def test_operations(tables, model):
    assert set(tables) - YOUNGER_OPERATIONS == set(model["operations"])


def form_name(model, name, member):
    """Of a flattened list its items' name counts."""
    shape = model["shapes"][member["shape"]]
    if shape["type"] == "list":
        return shape["member"].get("locationName", member.get("locationName", name))
    return member.get("locationName", shape.get("locationName", name))


def compare(model, shape_name, rows, path):
    shape = model["shapes"][shape_name]
    rows = {row["name"]: row for row in rows}
    younger = {member for operation, member in YOUNGER_MEMBERS if operation == path}
    if set(rows) - younger != set(shape["members"]):
        yield path, "members", sorted(rows), sorted(shape["members"])
        return
    for name, member in shape["members"].items():
        row, here = rows[name], f"{path}.{name}"
        ours = (row["required"], row.get("wire", name))
        theirs = (name in shape.get("required", ()), form_name(model, name, member))
        if ours != theirs:
            yield here, "required, wire", ours, theirs
        yield from compare_value(model, member["shape"], row, here)


def compare_value(model, shape_name, row, path):
    shape = model["shapes"][shape_name]
    if row["type"] not in TYPES[shape["type"]]:
        yield path, "type", row["type"], shape["type"]
    elif shape["type"] == "list":
        yield from compare_value(model, shape["member"]["shape"], row["item"], path + "[]")
    elif shape["type"] == "structure":
        yield from compare(model, shape_name, row["members"], path)
    elif shape["type"] == "map":
        parts = [(shape["key"], row["key"]), (shape["value"], row["item"])]
        for part, ours in parts:
            if part["locationName"] != ours["wire"]:
                yield path, "wire", ours["wire"], part["locationName"]
            yield from compare_value(model, part["shape"], ours, path + "{}")


def test_members(tables, model):
    wrong = []
    for name, operation in model["operations"].items():
        wrong += compare(model, operation["input"]["shape"], tables[name], name)
    assert not wrong
