"""What a client is told when its call is refused."""

import json

import botocore.exceptions
import pytest

RESOURCE_NOT_FOUND = (404, "ResourceNotFoundException")
INVALID_PARAMETER = (400, "InvalidParameterValueException")
VALIDATION = (400, "ValidationException")
CONFLICT = (409, "ResourceConflictException")


def refusal(call, **members):
    """Status, exception and whole message of a call by boto3."""
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        call(**members)
    response = caught.value.response
    error = response["Error"]
    return response["ResponseMetadata"]["HTTPStatusCode"], error["Code"], error["Message"]


def raw_refusal(lamb, method, path, document=None):
    """The same for what boto3 would not send."""
    answer = lamb.request(method, path, json.dumps(document) if document is not None else b"")
    return answer.status, answer.error, answer.message


def body(answer):
    """An answer of boto3 without what it adds."""
    return {name: value for name, value in answer.items() if name != "ResponseMetadata"}


def status(answer):
    return answer["ResponseMetadata"]["HTTPStatusCode"]
