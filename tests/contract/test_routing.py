"""The split of calls between the two versions of an alias, over as many calls as a sandbox would take minutes
for."""

import collections
import http.client
from urllib.parse import urlsplit

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from world import REGION, create, wait

CALLS = 10_000


@pytest.fixture(scope="module")
def function(front):
    """A function with the versions 1 and 2."""
    client = front.client()
    name = create(client)
    client.publish_version(FunctionName=name)
    client.update_function_configuration(FunctionName=name, Timeout=9)
    wait(client, name, "function_updated_v2")
    client.publish_version(FunctionName=name)
    return name


def executed_versions(front, name, alias, calls):
    """How often each version ran. One signature is good for all calls, as they are alike."""
    path = f"/2015-03-31/functions/{name}/invocations?Qualifier={alias}"
    request = AWSRequest(method="POST", url=front.url + path, data=b"{}")
    SigV4Auth(Credentials(front.access_key, front.secret), "lambda", REGION).add_auth(request)
    connection = http.client.HTTPConnection(urlsplit(front.url).netloc)
    counts = collections.Counter()
    for _ in range(calls):
        connection.request("POST", path, b"{}", dict(request.headers))
        answer = connection.getresponse()
        assert (answer.status, answer.read()) == (200, b"{}")
        counts[answer.getheader("X-Amz-Executed-Version")] += 1
    connection.close()
    return counts


@pytest.mark.parametrize("weight", [0.05, 0.2, 0.5])
def test_calls_are_split_by_weight(front, function, weight):
    alias = f"share{int(weight * 100)}"
    front.client().create_alias(
        FunctionName=function,
        Name=alias,
        FunctionVersion="1",
        RoutingConfig={"AdditionalVersionWeights": {"2": weight}},
    )
    counts = executed_versions(front, function, alias, CALLS)
    assert set(counts) == {"1", "2"}
    # Six standard deviations: further away once in half a billion runs.
    allowed = 6 * (CALLS * weight * (1 - weight)) ** 0.5
    assert abs(counts["2"] - CALLS * weight) < allowed


@pytest.mark.parametrize("weight, version", [(0.0, "1"), (1.0, "2")])
def test_weights_that_leave_no_choice(front, function, weight, version):
    alias = f"all{version}"
    front.client().create_alias(
        FunctionName=function,
        Name=alias,
        FunctionVersion="1",
        RoutingConfig={"AdditionalVersionWeights": {"2": weight}},
    )
    assert executed_versions(front, function, alias, 200) == {version: 200}
