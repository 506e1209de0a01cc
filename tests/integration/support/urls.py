"""Function URLs as their clients see them: by host name, over a connection to the daemon's port."""

import http.client
import json
from dataclasses import dataclass
from urllib.parse import urlsplit

import botocore.auth
import botocore.awsrequest
import botocore.credentials

PERMISSIONS = (
    {"StatementId": "url", "Action": "lambda:InvokeFunctionUrl", "FunctionUrlAuthType": "NONE"},
    {"StatementId": "via", "Action": "lambda:InvokeFunction", "InvokedViaFunctionUrl": True},
)

FORBIDDEN = {
    "Message": "Forbidden. For troubleshooting Function URL authorization issues, see: "
    "https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html"
}


@dataclass
class Response:
    """What an URL answered. `headers` are all lines, in their order."""

    status: int
    headers: list
    body: bytes

    def all(self, name):
        return [value for key, value in self.headers if key.lower() == name.lower()]

    def header(self, name):
        values = self.all(name)
        return ", ".join(values) if values else None

    @property
    def json(self):
        return json.loads(self.body)


class Url:
    """The URL of a function."""

    def __init__(self, lamb, configuration):
        self.lamb = lamb
        self.text = configuration["FunctionUrl"]
        parts = urlsplit(self.text)
        self.host = parts.netloc
        self.id = parts.hostname.split(".")[0]

    def connect(self, timeout_s=30):
        return http.client.HTTPConnection("127.0.0.1", self.lamb.daemon.port, timeout=timeout_s)

    def start(self, method, path="/", body=b"", headers=(), connection=None, host=None):
        """Sends a request and gives http.client's response, of which nothing was read."""
        connection = connection or self.connect()
        headers = list(headers.items() if isinstance(headers, dict) else headers)
        names = [name.lower() for name, _ in headers]
        connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
        if "host" not in names:
            connection.putheader("Host", host or self.host)
        for name, value in headers:
            connection.putheader(name, value)
        if "content-length" not in names and "transfer-encoding" not in names and body:
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body or None)
        return connection.getresponse()

    def send(self, method="GET", path="/", body=b"", headers=(), **options):
        own = None if "connection" in options else self.connect()
        try:
            answer = self.start(method, path, body, headers, **{"connection": own, **options})
            return Response(answer.status, answer.getheaders(), answer.read())
        finally:
            if own:
                own.close()

    def sign(self, method="GET", path="/", body=b"", headers=None, keys=None, service="lambda"):
        """Headers with a signature of botocore's."""
        keys = keys or self.lamb.daemon.keys
        credentials = botocore.credentials.Credentials(
            keys["AWS_ACCESS_KEY_ID"], keys["AWS_SECRET_ACCESS_KEY"], keys.get("AWS_SESSION_TOKEN")
        )
        request = botocore.awsrequest.AWSRequest(
            method, f"http://{self.host}{path}", data=body, headers={"Host": self.host, **(headers or {})}
        )
        botocore.auth.SigV4Auth(credentials, service, self.lamb.region).add_auth(request)
        return dict(request.headers)

    def presign(self, path="/", method="GET"):
        """Path and query with a signature of botocore's, for a request without body."""
        keys = self.lamb.daemon.keys
        credentials = botocore.credentials.Credentials(
            keys["AWS_ACCESS_KEY_ID"], keys["AWS_SECRET_ACCESS_KEY"], keys.get("AWS_SESSION_TOKEN")
        )
        request = botocore.awsrequest.AWSRequest(method, f"http://{self.host}{path}")
        botocore.auth.SigV4QueryAuth(credentials, "lambda", self.lamb.region, expires=60).add_auth(request)
        return request.url.split(self.host, 1)[1]

    def send_signed(self, method="GET", path="/", body=b"", headers=None, **signing):
        return self.send(method, path, body, self.sign(method, path, body, headers, **signing))


def permit(lamb, name, *permissions, qualifier=None, **members):
    """Lets anybody call the URL; raw, since boto3 does not know all members."""
    query = f"?Qualifier={qualifier}" if qualifier else ""
    for permission in permissions or PERMISSIONS:
        document = {"Principal": "*", **permission, **members}
        answer = lamb.request("POST", f"/2015-03-31/functions/{name}/policy{query}", json.dumps(document))
        assert answer.status == 201, answer.body


def configure(lamb, name, method="POST", qualifier=None, **members):
    query = f"?Qualifier={qualifier}" if qualifier else ""
    path = f"/2021-10-31/functions/{name}/url{query}"
    answer = lamb.request(method, path, json.dumps(members))
    assert answer.status in (200, 201), answer.body
    return Url(lamb, answer.json)


def create(lamb, name, qualifier=None, auth="NONE", **members):
    """An URL that anybody may call."""
    if auth == "NONE":
        permit(lamb, name, qualifier=qualifier)
    return configure(lamb, name, qualifier=qualifier, AuthType=auth, **members)
