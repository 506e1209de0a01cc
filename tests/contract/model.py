"""Compares the members of Lamb's operations, as control_plane prints them, with a service model as botocore
ships it."""

from dataclasses import dataclass

TYPES = {
    "string": {"text"},
    "blob": {"blob"},
    "integer": {"integer"},
    "long": {"integer"},
    "double": {"double"},
    "boolean": {"boolean"},
    "timestamp": {"text", "double"},  # in the query, in a body
    "list": {"list"},
    "map": {"map"},
    "structure": {"structure"},
}

# part of a shape -> part of our row, how it is written in a path
PARTS = {"member": ("item", "[]"), "key": ("key", "{key}"), "value": ("item", "{}")}


@dataclass(frozen=True)
class Difference:
    path: str  # CreateFunction.VpcConfig.SubnetIds[]
    shape: str  # of the model
    rule: str
    modelled: object
    ours: object


def is_sensitive(model, shape):
    parts = (model["shapes"][shape[part]["shape"]] for part in PARTS if part in shape)
    return shape.get("sensitive", False) or any(part.get("sensitive", False) for part in parts)


def modelled_rules(model, shape):
    rules = {rule: shape[rule] for rule in ("min", "max", "pattern") if rule in shape}
    if "max" in rules:
        rules.setdefault("min", 0)
    return rules


def compare_value(model, name, row, path):
    shape = model["shapes"][name]
    if row["type"] not in TYPES[shape["type"]]:
        yield Difference(path, name, "type", shape["type"], row["type"])
        return
    rules = modelled_rules(model, shape)
    for rule in ("min", "max", "pattern"):
        if rules.get(rule) != row.get(rule):
            yield Difference(path, name, rule, rules.get(rule), row.get(rule))
    missing = set(shape.get("enum", ())) - set(row.get("enum", ()))
    if missing:
        yield Difference(path, name, "enum", frozenset(missing), None)
    for part, (key, suffix) in PARTS.items():
        if part in shape:
            yield from compare_value(model, shape[part]["shape"], row[key], path + suffix)
    if shape["type"] == "structure":
        yield from compare_members(model, name, row["members"], path)


def compare_sending(model, name, member, row, path):
    shape = model["shapes"][name]
    place = "payload" if shape.get("payload") == row["name"] else member.get("location", "body")
    if row["place"] != place:
        yield Difference(path, name, "place", place, row["place"])
    # The names of labels in paths are nobody's business but the model's own.
    wire = member.get("locationName", "").lower() if place in ("querystring", "header") else ""
    if place != "uri" and wire != row.get("wire", "").lower():
        yield Difference(path, name, "wire", wire, row.get("wire"))
    if (row["name"] in shape.get("required", ())) != row["required"]:
        yield Difference(path, name, "required", not row["required"], row["required"])
    sensitive = is_sensitive(model, model["shapes"][member["shape"]])
    if sensitive != row["sensitive"]:
        yield Difference(path, name, "sensitive", sensitive, row["sensitive"])


def compare_members(model, name, rows, path):
    members = model["shapes"][name]["members"]
    rows = {row["name"]: row for row in rows}
    for member in sorted({*members, *rows}):
        here = f"{path}.{member}"
        if member not in rows or member not in members:
            yield Difference(here, name, "presence", member in members, member in rows)
        else:
            yield from compare_sending(model, name, members[member], rows[member], here)
            yield from compare_value(model, members[member]["shape"], rows[member], here)


def differences(model, tables):
    """Everything in which our tables are not the model, for every operation that it has."""
    for name, operation in sorted(model["operations"].items()):
        yield from compare_members(model, operation["input"]["shape"], tables[name], name)
