"""Functions that call Lamb from inside of their environments, with unmodified SDKs and the credentials of
their execution role."""

import functools
import json
import shutil

import pytest

from support import clients, packages, settings
from support.fixtures import Lamb

OTHER = "111111111111"
FULL = "arn:aws:iam::aws:policy/AWSLambda_FullAccess"

# The host's boto3 is older than the variable AWS_ENDPOINT_URL, which it therefore must be told.
CALLER_PY = """import json, os, uuid, boto3, botocore.exceptions
environment = str(uuid.uuid4())
made = {}
def client(service):
    if service not in made:
        made[service] = boto3.client(service, endpoint_url=os.environ['AWS_ENDPOINT_URL'])
    return made[service]
def handler(event, context):
    try:
        if event == 'identity':
            answer = client('sts').get_caller_identity()
            result = {name: answer[name] for name in ('Account', 'Arn', 'UserId')}
        else:
            answer = client('lambda').invoke(FunctionName=event, Payload=b'{"from": "inside"}')
            result = json.load(answer['Payload'])
        return {'result': result, 'environment': environment}
    except botocore.exceptions.ClientError as error:
        return {'code': error.response['Error']['Code'], 'message': error.response['Error']['Message'],
                'status': error.response['ResponseMetadata']['HTTPStatusCode'], 'environment': environment}
"""

CALLER_JS = """const { LambdaClient, InvokeCommand } = require('@aws-sdk/client-lambda');
const { STSClient, GetCallerIdentityCommand } = require('@aws-sdk/client-sts');
const environment = require('crypto').randomUUID();
const lambda = new LambdaClient(), sts = new STSClient();
async function identity() {
    const { Account, Arn, UserId } = await sts.send(new GetCallerIdentityCommand());
    return { Account, Arn, UserId };
}
async function invoke(name) {
    const command = new InvokeCommand({ FunctionName: name, Payload: '{"from": "inside"}' });
    const answer = await lambda.send(command);
    return JSON.parse(answer.Payload.transformToString());
}
exports.handler = async (event) => {
    try {
        return { result: event === 'identity' ? await identity() : await invoke(event), environment };
    } catch (error) {
        const { name, message, $metadata } = error;
        return { code: name, message, status: $metadata.httpStatusCode, environment };
    }
};
"""


@functools.lru_cache(maxsize=None)
def node_package():
    """The function with the SDK beside it, as npm laid it out, without what only compilers read."""
    root = clients.NODE_DIR / "node_modules"
    unread = ("dist-es", "dist-types")
    files = {
        f"node_modules/{path.relative_to(root)}": path.read_bytes()
        for path in root.rglob("*")
        if path.suffix in (".js", ".cjs", ".json")
        and path.is_file()
        and not set(path.parts) & set(unread)
    }
    return packages.zip_files({"index.js": CALLER_JS, **files})


def create_node_caller(lamb, **fields):
    runtime = f"nodejs{packages.node_major()}.x"
    return lamb.create(node_package(), runtime=runtime, handler="index.handler", **fields)


def create_python_caller(lamb, **fields):
    return lamb.create(packages.python_zip(CALLER_PY), runtime="python3.11", **fields)


@pytest.fixture(params=["python", "node"])
def create_caller(request):
    """create_caller(lamb, role) creates a function that calls what its event names."""
    create = create_python_caller
    if request.param == "node":
        create = create_node_caller
        if packages.node_major() not in (16, 18, 20, 22, 24) or not shutil.which("node"):
            pytest.skip("no node that is a Lambda runtime")
        if not clients.has_node_sdk():
            pytest.skip("@aws-sdk/client-lambda is not installed (scripts/test does it)")

    def create_with_role(lamb, role, **fields):
        return create(lamb, Role=role, Timeout=30, MemorySize=1769, **fields)

    return create_with_role


class Roles:
    """Makes execution roles and deletes them afterwards."""

    def __init__(self, lamb, **keys):
        self.iam = clients.boto_client(lamb.daemon, "iam", **keys)
        self.made = []

    def create(self, *statements, name=None):
        """The ARN of a new role that may do what the statements say: (action, resource)."""
        name = name or Lamb.new_name("role")
        role = self.iam.create_role(RoleName=name, AssumeRolePolicyDocument=clients.TRUST)["Role"]
        self.made.append(name)
        if statements:
            self.allow(role["Arn"], *statements)
        return role["Arn"]

    def allow(self, role, *statements):
        document = {
            "Version": "2012-10-17",
            "Statement": [
                {"Effect": "Allow", "Action": action, "Resource": resource}
                for action, resource in statements
            ],
        }
        self.iam.put_role_policy(
            RoleName=name_of(role), PolicyName="own", PolicyDocument=json.dumps(document)
        )

    def delete(self, role):
        name = name_of(role)
        for policy in self.iam.list_role_policies(RoleName=name)["PolicyNames"]:
            self.iam.delete_role_policy(RoleName=name, PolicyName=policy)
        for policy in self.iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]:
            self.iam.detach_role_policy(RoleName=name, PolicyArn=policy["PolicyArn"])
        self.iam.delete_role(RoleName=name)
        self.made.remove(name)

    def close(self):
        for name in list(self.made):
            self.delete(name)
        self.iam.close()


def name_of(role):
    return role.rsplit("/", 1)[-1]


@pytest.fixture
def roles(lamb):
    roles = Roles(lamb)
    yield roles
    roles.close()


def session_arn(role, function, account="000000000000"):
    return f"arn:aws:sts::{account}:assumed-role/{name_of(role)}/{function}"


def denied(session, called, side="identity"):
    """What the SDK says to a session that may not invoke the function of that ARN."""
    return {
        "code": "AccessDeniedException",
        "status": 403,
        "message": f"User: {session} is not authorized to perform: lambda:InvokeFunction on resource: "
        f"{called} because no {side}-based policy allows the lambda:InvokeFunction action",
    }


def ask(lamb, function, event):
    """The function's answer, and which environment gave it."""
    answer = lamb.invoke(function, event)
    assert answer.error is None, answer.payload
    document = answer.json
    return document, document.pop("environment")


def told(lamb, function, event):
    return ask(lamb, function, event)[0]


FROM_INSIDE = {"result": {"from": "inside"}}


# ---- with the role's credentials ----


def test_function_calls_another_one_that_its_role_allows(lamb, roles, create_caller):
    friend, foe = lamb.create_c(packages.ECHO_C), lamb.create_c(packages.ECHO_C)
    role = roles.create(("lambda:InvokeFunction", lamb.arn(friend)))
    caller = create_caller(lamb, role)
    assert told(lamb, caller, friend) == FROM_INSIDE
    assert told(lamb, caller, lamb.arn(friend)) == FROM_INSIDE
    assert told(lamb, caller, foe) == denied(session_arn(role, caller), lamb.arn(foe))
    missing = lamb.new_name()
    assert told(lamb, caller, missing) == denied(
        session_arn(role, caller), lamb.arn(missing)
    ), "tells nothing of what exists"


def test_identity_is_a_session_named_after_the_function(lamb, roles, create_caller):
    role = roles.create()
    caller = create_caller(lamb, role)
    role_id = roles.iam.get_role(RoleName=name_of(role))["Role"]["RoleId"]
    assert told(lamb, caller, "identity")["result"] == {
        "Account": lamb.account,
        "Arn": session_arn(role, caller),
        "UserId": f"{role_id}:{caller}",
    }


def test_role_that_changes_counts_at_once(lamb, roles, create_caller):
    """In an environment that lives on: what its credentials may do is looked up with each call."""
    friend = lamb.create_c(packages.ECHO_C)
    role = roles.create()
    caller = create_caller(lamb, role)
    refused = denied(session_arn(role, caller), lamb.arn(friend))
    answer, environment = ask(lamb, caller, friend)
    assert answer == refused

    def asked():
        answer, same = ask(lamb, caller, friend)
        assert same == environment
        return answer

    name = {"RoleName": name_of(role)}
    for _ in range(2):
        roles.iam.attach_role_policy(**name, PolicyArn=FULL)
        assert asked() == FROM_INSIDE
        roles.iam.detach_role_policy(**name, PolicyArn=FULL)
        assert asked() == refused
    roles.allow(role, ("lambda:*", "*"))
    assert asked() == FROM_INSIDE
    roles.iam.delete_role_policy(**name, PolicyName="own")
    assert asked() == refused
    roles.allow(role, ("lambda:*", "*"))
    roles.delete(role)
    assert asked() == refused, "credentials of a role that is gone may nothing"
    assert roles.create(("lambda:*", "*"), name=name_of(role)) == role
    assert asked() == refused, "nor do they get what another role of that name may"


def test_permission_of_the_called_function_suffices(lamb, roles):
    """Within an account, as on AWS: either side may allow."""
    friend = lamb.create_c(packages.ECHO_C)
    role = roles.create()
    caller = create_python_caller(lamb, Role=role, Timeout=30, MemorySize=1769)
    assert told(lamb, caller, friend) == denied(session_arn(role, caller), lamb.arn(friend))
    lamb.client.add_permission(
        FunctionName=friend, StatementId="s", Action="lambda:InvokeFunction", Principal=role
    )
    assert told(lamb, caller, friend) == FROM_INSIDE
    lamb.client.remove_permission(FunctionName=friend, StatementId="s")
    assert told(lamb, caller, friend) == denied(session_arn(role, caller), lamb.arn(friend))


def test_role_that_may_call_an_alias_may_call_nothing_else(lamb, roles):
    echo = lamb.create_c(packages.ECHO_C, Publish=True)
    lamb.client.create_alias(FunctionName=echo, Name="live", FunctionVersion="1")
    role = roles.create(("lambda:InvokeFunction", lamb.arn(echo, "live")))
    caller = create_python_caller(lamb, Role=role, Timeout=30, MemorySize=1769)
    assert told(lamb, caller, f"{echo}:live") == FROM_INSIDE
    for called in (echo, f"{echo}:1"):
        assert told(lamb, caller, called) == denied(session_arn(role, caller), lamb.arn(called))


# ---- several accounts ----


@pytest.fixture
def two_accounts(new_daemon):
    """Views of one daemon by the root users of two accounts."""
    lamb = new_daemon(*settings.accounts(OTHER))
    other = AccountView(lamb.daemon)
    yield lamb, other
    other.close()


class AccountView(Lamb):
    """The daemon as the root user of the other account sees it."""

    account = OTHER

    def __init__(self, daemon):
        super().__init__(daemon)
        self.keys = root_keys(daemon)

    @property
    def client(self):
        if self._client is None:
            self._client = clients.boto_client(self.daemon, **self.keys)
        return self._client


def root_keys(daemon):
    words = daemon.run_cli("env", "--data-dir", str(daemon.data_dir), "--account", OTHER).stdout.split()
    found = dict(word.split("=", 1) for word in words if "=" in word)
    return {"access_key": found["AWS_ACCESS_KEY_ID"], "secret": found["AWS_SECRET_ACCESS_KEY"]}


def test_two_accounts(two_accounts):
    lamb, other = two_accounts
    roles, others = Roles(lamb), Roles(other, **other.keys)
    try:
        in_both_accounts(lamb, other, roles, others)
    finally:
        roles.close()
        others.close()


def in_both_accounts(lamb, other, roles, others):
    options = {"Timeout": 30, "MemorySize": 1769}
    lamb.create_c(packages.ECHO_C, name="echo", Role=roles.create())
    other.create_c('lamb_respondf(response, "1");', name="echo", Role=others.create())
    role = others.create(("lambda:InvokeFunction", "*"), name="caller")
    caller = create_python_caller(other, name="caller", Role=role, **options)
    assert told(other, caller, "identity")["result"]["Arn"] == session_arn(role, caller, OTHER)
    assert told(other, caller, "identity")["result"]["Account"] == OTHER
    assert told(other, caller, "echo") == {"result": 1}, "a name is of its own account"
    session, shared = session_arn(role, caller, OTHER), lamb.arn("echo")
    assert told(other, caller, shared) == denied(session, shared, "resource")
    for principal in (OTHER, role):
        lamb.client.add_permission(
            FunctionName="echo", StatementId="s", Action="lambda:InvokeFunction", Principal=principal
        )
        assert told(other, caller, shared) == FROM_INSIDE
        others.allow(role, ("lambda:InvokeFunction", other.arn("echo")))
        assert told(other, caller, shared) == denied(session, shared), "both sides must allow"
        others.allow(role, ("lambda:InvokeFunction", "*"))
        lamb.client.remove_permission(FunctionName="echo", StatementId="s")
        assert told(other, caller, shared) == denied(session, shared, "resource")


# ---- across a restart ----

CREDENTIALS_PY = """import os
def handler(event, context):
    return {name: os.environ[name] for name in
            ('AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN')}
"""


def test_credentials_of_before_a_kill_go_on_working(new_daemon, create_caller):
    lamb = new_daemon()
    roles = Roles(lamb)
    echo = lamb.create_c(packages.ECHO_C)
    role = roles.create(("lambda:InvokeFunction", lamb.arn(echo)))
    function = lamb.create_python(CREDENTIALS_PY, Role=role)
    caller = create_caller(lamb, role)
    found = lamb.invoke(function).json
    assert told(lamb, caller, echo) == FROM_INSIDE
    signing = {
        "access_key": found["AWS_ACCESS_KEY_ID"],
        "secret": found["AWS_SECRET_ACCESS_KEY"],
        "token": found["AWS_SESSION_TOKEN"],
    }
    roles.iam.close()
    lamb.close()
    lamb.daemon.kill()
    lamb.daemon.start()

    def call(name):
        path = f"/2015-03-31/functions/{name}/invocations"
        return lamb.request("POST", path, '{"from": "outside"}', **signing)

    assert call(echo).json == {"from": "outside"}
    refused = call(function)
    assert (refused.status, refused.error) == (403, "AccessDeniedException")
    assert session_arn(role, function) in refused.message
    forged = lamb.request(
        "GET", "/2015-03-31/functions/", **{**signing, "token": signing["token"][:-8] + "AAAAAAAA"}
    )
    assert (forged.status, forged.error) == (403, "UnrecognizedClientException")
    assert told(lamb, caller, echo) == FROM_INSIDE, "and so do new ones"


# ---- the listener ----

RAW_PY = """import http.client
def handler(event, context):
    connection = http.client.HTTPConnection('127.0.0.1', 9002)
    connection.request(event['method'], event['path'], event.get('body'), event.get('headers', {}))
    answer = connection.getresponse()
    return [answer.status, answer.getheader('x-amzn-ErrorType'), answer.read().decode()]
"""


@pytest.mark.parametrize("options", [[], settings.no_auth()], ids=["auth on", "auth off"])
def test_unsigned_requests_from_inside_are_refused(new_daemon, options):
    lamb = new_daemon(*options)
    name = lamb.create_python(RAW_PY, MemorySize=1769)
    path = f"/2015-03-31/functions/{name}"
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    for event in (
        {"method": "GET", "path": "/2015-03-31/functions/"},
        {"method": "DELETE", "path": path},
        {"method": "POST", "path": f"{path}/invocations", "body": "{}"},
        {"method": "POST", "path": "/", "headers": form, "body": "Action=ListRoles&Version=2010-05-08"},
        {
            "method": "POST",
            "path": "/",
            "headers": form,
            "body": "Action=GetCallerIdentity&Version=2011-06-15",
        },
        {"method": "GET", "path": "/_lamb/code/" + "0" * 64},
    ):
        status, error, body = lamb.invoke(name, event).json
        assert status == 403, (event, body)
        assert "MissingAuthenticationToken" in (error or body) or "/_lamb/" in event["path"], (
            event,
            body,
        )
    assert lamb.configuration(name)["State"] == "Active", "nothing was done"


def test_keys_of_the_root_user_work_inside_too(lamb):
    """The listener asks who calls, not from where; a function just does not have those keys."""
    name = lamb.create_python(RAW_PY, MemorySize=1769)
    path = "/2015-03-31/functions/"
    headers = clients.sign(lamb.daemon, "GET", path, {"Host": "127.0.0.1:9002"})
    status, _, body = lamb.invoke(name, {"method": "GET", "path": path, "headers": headers}).json
    assert status == 200, body
    headers["Authorization"] = headers["Authorization"][:-4] + "0000"
    status, error, _ = lamb.invoke(name, {"method": "GET", "path": path, "headers": headers}).json
    assert (status, error) == (403, "InvalidSignatureException")


def test_no_other_network(lamb):
    """Not the daemon's own port, not another machine, and no name is looked up."""
    source = """import socket
def attempt(address):
    try:
        socket.create_connection(address, timeout=2)
        return 'connected'
    except OSError as error:
        return type(error).__name__
def handler(event, context):
    return [attempt(address) for address in event]
"""
    name = lamb.create_python(source, Timeout=20)
    tried = [["127.0.0.1", lamb.daemon.port], ["192.0.2.1", 80], ["lambda.us-east-1.amazonaws.com", 443]]
    assert lamb.invoke(name, tried).json == ["ConnectionRefusedError", "OSError", "gaierror"]


HOARDER_PY = """import socket
held = []
def open_one():
    connection = socket.create_connection(('127.0.0.1', 9002), timeout=5)
    connection.sendall(b'GET /_lamb/health HTTP/1.1\\r\\nHost: 127.0.0.1:9002\\r\\n\\r\\n')
    try:
        return connection.recv(12) == b'HTTP/1.1 200' and connection
    except OSError:
        return None
def handler(event, context):
    while len(held) < event:
        connection = open_one()
        if not connection:
            break
        held.append(connection)
    return len(held)
"""


def test_connections_of_one_function_are_not_anothers(lamb, roles):
    """Each environment has 64 of its own: one that takes them all takes nothing from others, nor from clients
    outside; and they are gone with it."""
    echo = lamb.create_c(packages.ECHO_C)
    caller = create_python_caller(
        lamb, Role=roles.create(("lambda:*", "*")), Timeout=30, MemorySize=1769
    )
    hoarder = lamb.create_python(HOARDER_PY, Timeout=30, MemorySize=1769)
    assert lamb.invoke(hoarder, 200).json == 64
    assert told(lamb, caller, echo) == FROM_INSIDE
    assert lamb.invoke(hoarder, 200).json == 64, "still held"
    second = lamb.create_python(HOARDER_PY, Timeout=30, MemorySize=1769)
    assert lamb.invoke(second, 60).json == 60
    assert lamb.configuration(echo)["State"] == "Active"
    lamb.client.delete_function(FunctionName=hoarder)
    lamb.client.delete_function(FunctionName=second)
    lamb.client.delete_function(FunctionName=caller)


def test_requests_that_never_end_hinder_nobody(lamb, roles):
    """64 requests that stop in the middle, of one function; another one calls on."""
    source = """import socket
held = []
def handler(event, context):
    for _ in range(64):
        connection = socket.create_connection(('127.0.0.1', 9002), timeout=5)
        connection.sendall(b'POST /2015-03-31/functions/ HTTP/1.1\\r\\nHost: 127.0.0.1:9002\\r\\nContent-Le')
        held.append(connection)
    return len(held)
"""
    echo = lamb.create_c(packages.ECHO_C)
    caller = create_python_caller(
        lamb, Role=roles.create(("lambda:*", "*")), Timeout=30, MemorySize=1769
    )
    assert lamb.invoke(lamb.create_python(source, Timeout=30, MemorySize=1769)).json == 64
    for _ in range(3):
        assert told(lamb, caller, echo) == FROM_INSIDE
