"""HTTP APIs: made with boto3's apigatewayv2, called by host name as function URLs are."""

import uuid

import pytest

from support import clients
from support.urls import Url


class Api(Url):
    """An HTTP API. It is deleted by the fixture `apis`."""

    def __init__(self, lamb, client, answer):
        super().__init__(lamb, {"FunctionUrl": answer["ApiEndpoint"]})
        self.client = client
        self.made = answer

    def integrate(self, function, payload="2.0", **members):
        members = {
            "IntegrationType": "AWS_PROXY",
            "IntegrationUri": function if ":" in function else self.lamb.arn(function),
            "PayloadFormatVersion": payload,
            **members,
        }
        return self.client.create_integration(ApiId=self.id, **members)["IntegrationId"]

    def route(self, key, integration=None, **members):
        if integration:
            members["Target"] = f"integrations/{integration}"
        return self.client.create_route(ApiId=self.id, RouteKey=key, **members)["RouteId"]

    def stage(self, name="$default", **members):
        members = {"AutoDeploy": True, **members}
        return self.client.create_stage(ApiId=self.id, StageName=name, **members)

    def authorize(self, function, **members):
        members = {
            "AuthorizerType": "REQUEST",
            "Name": uuid.uuid4().hex,
            "AuthorizerUri": self.lamb.arn(function),
            "AuthorizerPayloadFormatVersion": "2.0",
            "EnableSimpleResponses": True,
            "IdentitySource": ["$request.header.authorization"],
            **members,
        }
        answer = self.client.create_authorizer(ApiId=self.id, **members)
        permit(self.lamb, function, f"{self.id}/authorizers/{answer['AuthorizerId']}")
        return answer["AuthorizerId"]


def permit(lamb, function, source, qualifier=None):
    """Lets API Gateway call the function for what `source` matches: "<api>/*"."""
    more = {"Qualifier": qualifier} if qualifier else {}
    lamb.client.add_permission(
        FunctionName=function,
        StatementId=uuid.uuid4().hex,
        Action="lambda:InvokeFunction",
        Principal="apigateway.amazonaws.com",
        SourceArn=f"arn:aws:execute-api:{lamb.region}:{lamb.account}:{source}",
        **more,
    )


class Apis:
    def __init__(self, lamb):
        self.lamb = lamb
        self.client = clients.boto_client(lamb.daemon, "apigatewayv2")

    def create(self, **members):
        members = {"Name": "test", "ProtocolType": "HTTP", **members}
        return Api(self.lamb, self.client, self.client.create_api(**members))

    def quick(self, function, **members):
        """One that has the permission too."""
        api = self.create(Target=self.lamb.arn(function), **members)
        permit(self.lamb, function, f"{api.id}/*")
        return api

    def delete_all(self):
        for api in self.client.get_apis()["Items"]:
            self.client.delete_api(ApiId=api["ApiId"])
        self.client.close()


# What clients are told: status and message.
NOT_FOUND = (404, "Not Found")
FAILED = (500, "Internal Server Error")
FORBIDDEN = (403, "Forbidden")
UNAUTHORIZED = (401, "Unauthorized")
UNAVAILABLE = (503, "Service Unavailable")


def message(answer):
    assert answer.header("content-type") == "application/json"
    return answer.status, answer.json["message"]


ECHO = "def handler(event, context):\n    return event\n"


@pytest.fixture
def apis(lamb):
    made = Apis(lamb)
    yield made
    made.delete_all()


@pytest.fixture
def echo(lamb):
    return lamb.create_python(ECHO)
