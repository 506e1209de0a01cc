"""Layers for tests: published under names of their own, and removed in the end."""

import urllib.request

import botocore.exceptions
import pytest

from support import packages

ACCOUNT = "000000000000"

VERSION_ARN_PATTERN = (
    r"(arn:(aws[a-zA-Z-]*)?:lambda:(eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}:\d{12}:layer:"
    r"[a-zA-Z0-9-_]+:[0-9]+)|(arn:[a-zA-Z0-9-]+:lambda:::awslayer:[a-zA-Z0-9-_]+)"
)


class Layers:
    """Publishes layers under names of their own, and removes them in the end."""

    def __init__(self, lamb):
        self.lamb = lamb
        self.client = lamb.client

    def publish(self, files=None, name=None, **fields):
        fields.setdefault("Content", {"ZipFile": packages.zip_files(files or {"file": "content"})})
        answer = self.client.publish_layer_version(LayerName=name or self.lamb.new_name("layer"), **fields)
        answer.pop("ResponseMetadata")
        return answer

    def arn(self, files=None, **fields):
        return self.publish(files, **fields)["LayerVersionArn"]

    def delete(self, arn):
        name, version = arn.split(":")[-2:]
        self.client.delete_layer_version(LayerName=name, VersionNumber=int(version))

    def delete_all(self):
        for layer in self.client.get_paginator("list_layers").paginate().search("Layers"):
            name = layer["LayerName"]
            pages = self.client.get_paginator("list_layer_versions").paginate(LayerName=name)
            for version in list(pages.search("LayerVersions")):
                self.client.delete_layer_version(LayerName=name, VersionNumber=version["Version"])


@pytest.fixture
def layers(lamb):
    layers = Layers(lamb)
    yield layers
    lamb.delete_all()
    layers.delete_all()


def refused(call, **parameters):
    """The exception's code, message and status."""
    with pytest.raises(botocore.exceptions.ClientError) as refusal:
        call(**parameters)
    answer = refusal.value.response
    error = answer["Error"]
    return error["Code"], error["Message"], answer["ResponseMetadata"]["HTTPStatusCode"]


def layer_arn(lamb, name, version=None):
    arn = f"arn:aws:lambda:{lamb.region}:{ACCOUNT}:layer:{name}"
    return f"{arn}:{version}" if version else arn


def fetch(url):
    with urllib.request.urlopen(url) as answer:
        return answer.read()


def tree_of(data_dir, folder):
    return sorted(path.name for path in (data_dir / folder).iterdir())
