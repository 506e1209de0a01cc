"""Extensions in a real environment: who sees which events, in which order, and what each is given."""

import json
import os
import re

import pytest

from support import clients, packages
from support.extensions import ECHO_BASH, LANGUAGES, TELL_EVENTS, extended, watcher, watchers  # noqa: F401

UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"


def documents(texts):
    return [json.loads(text) for text in texts]


def assert_is_invoke(event, function_arn, answer):
    assert event["eventType"] == "INVOKE"
    assert event["requestId"] == answer.request_id
    assert event["invokedFunctionArn"] == function_arn
    assert event["deadlineMs"] > 1.7e12
    assert set(event) <= {"eventType", "deadlineMs", "requestId", "invokedFunctionArn", "tracing"}
    if "tracing" in event:
        assert event["tracing"]["type"] == "X-Amzn-Trace-Id"
        assert event["tracing"]["value"].startswith("Root=1-")


def assert_is_shutdown(event, reason="spindown"):
    assert set(event) == {"eventType", "shutdownReason", "deadlineMs"}
    assert (event["eventType"], event["shutdownReason"]) == ("SHUTDOWN", reason)


# ---- what each sees ----


@pytest.mark.parametrize("language", LANGUAGES)
def test_external_extension_sees_its_registration_each_invocation_and_the_end(extended, language):
    name, program = watcher(language)
    function = extended.create([extended.layer({name: program})])
    answers = [extended.invoke(function, number) for number in range(3)]
    assert [answer.json for answer in answers] == [0, 1, 2]
    extended.retire(function)
    extended.wait_for(function, '"SHUTDOWN"')
    registered, *invokes, shutdown = documents(extended.texts(function, '{"'))
    assert registered == {
        "functionName": function, "functionVersion": "$LATEST", "handler": "app.handler"
    }  # fmt: skip
    assert len(invokes) == 3
    for event, answer in zip(invokes, answers):
        assert_is_invoke(event, extended.lamb.arn(function), answer)
    assert_is_shutdown(shutdown)
    assert f"EXTENSION\tName: {name}\tState: Ready\tEvents: [INVOKE, SHUTDOWN]" in extended.texts(function)


def test_watchers_in_all_languages_beside_each_other(extended):
    """In layers of their own, and in one."""
    some = {language: watcher(language) for language in ("bash", "c")}
    others = dict(watcher(language) for language in ("python", "node"))
    arns = [extended.layer({name: program}) for name, program in some.values()]
    function = extended.create([*arns, extended.layer(others)])
    answers = [extended.invoke(function, {}) for _ in range(5)]
    extended.retire(function)
    extended.wait_for(function, '"SHUTDOWN"', 4)
    seen = extended.texts(function, '{"')
    for answer in answers:
        assert sum(answer.request_id in text for text in seen) == 4
    assert len(seen) == 4 + 5 * 4 + 4
    assert len(extended.texts(function, "EXTENSION\t")) == 4


def test_each_sees_what_it_registered_for(extended):
    function = extended.with_scripts(
        scripts={
            wish: f"""
register(*{events!r})
while True:
    tell(next_event()["eventType"])
"""
            for wish, events in {
                "all": ["INVOKE", "SHUTDOWN"],
                "invokes": ["INVOKE"],
                "ends": ["SHUTDOWN"],
                "nothing": [],
            }.items()
        }
    )
    for _ in range(3):
        assert extended.invoke(function, {}).error is None
    extended.retire(function)
    extended.wait_for(function, '"SHUTDOWN"', 2)
    assert extended.told(function, "all") == ["INVOKE"] * 3 + ["SHUTDOWN"]
    assert extended.told(function, "invokes") == ["INVOKE"] * 3
    assert extended.told(function, "ends") == ["SHUTDOWN"]
    assert extended.told(function, "nothing") == []
    lines = sorted(extended.texts(function, "EXTENSION\t"))
    assert lines == [
        "EXTENSION\tName: all\tState: Ready\tEvents: [INVOKE, SHUTDOWN]",
        "EXTENSION\tName: ends\tState: Ready\tEvents: [SHUTDOWN]",
        "EXTENSION\tName: invokes\tState: Ready\tEvents: [INVOKE]",
        "EXTENSION\tName: nothing\tState: Ready\tEvents: []",
    ]


def test_events_carry_deadline_trace_and_alias(extended):
    function = extended.with_scripts(scripts={"tell": TELL_EVENTS}, Timeout=7, Publish=True)
    lamb = extended.lamb
    lamb.client.create_alias(FunctionName=function, Name="live", FunctionVersion="1")
    trace = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1"
    path = f"/2015-03-31/functions/{function}/invocations?Qualifier=live"
    lamb.wait_active(function)
    answer = lamb.request("POST", path, "{}", headers={"X-Amzn-Trace-Id": trace})
    assert answer.status == 200
    event = extended.wait_for(function, "tell ")[0].json
    assert event["invokedFunctionArn"] == lamb.arn(function, "live")
    assert event["tracing"]["type"] == "X-Amzn-Trace-Id"
    assert "5759e988-bd862e3fe1be46a994272793" in event["tracing"]["value"]
    (start,) = extended.wait_for(function, "START RequestId")
    left_ms = event["deadlineMs"] - start.time.timestamp() * 1000
    assert 5000 < left_ms <= 7001


# ---- internal ones ----

# Calls of the Extensions API, for code of functions.
CALLS_PY = r"""import http.client, json, os, threading
identity = {}
def call(method, path, body=None, **headers):
    api = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
    api.request(method, "/2020-01-01/extension/" + path, body, {**identity, **headers})
    answer = api.getresponse()
    return answer.status, answer.headers, json.loads(answer.read())
def register(name, *events):
    wish = json.dumps({"events": events})
    status, headers, document = call("POST", "register", wish, **{"Lambda-Extension-Name": name})
    if status == 200:
        identity["Lambda-Extension-Identifier"] = headers["Lambda-Extension-Identifier"]
    return [status, document]
"""

# Keeps what it is told for the handler, which answers with it.
INTERNAL_PY = (
    CALLS_PY
    + """
seen = []
def watch():
    while True:
        event = call("GET", "event/next")[2]
        seen.append([event["eventType"], event["requestId"]])
shutdown = register("inside", "INVOKE", "SHUTDOWN")
register("inside", "INVOKE")
again = register("inside", "INVOKE")
threading.Thread(target=watch, daemon=True).start()
def handler(event, context):
    if event == "late":
        return register("late", "INVOKE")
    return {"seen": seen, "shutdown": shutdown, "again": again}
"""
)

INTERNAL_JS = """const http = require('http');
const agent = new http.Agent({ keepAlive: true });
const api = `http://${process.env.AWS_LAMBDA_RUNTIME_API}/2020-01-01/extension`;
const seen = [];
function call(method, path, headers, body = '') {
    return new Promise((resolve, reject) => {
        http.request(`${api}/${path}`, { method, headers, agent }, async (answer) => {
            let text = '';
            for await (const piece of answer) text += piece;
            resolve({ headers: answer.headers, document: JSON.parse(text) });
        }).on('error', reject).end(body);
    });
}
const name = { 'Lambda-Extension-Name': 'inside' };
const registered = call('POST', 'register', name, '{"events":["INVOKE"]}');
async function watch() {
    const { headers } = await registered;
    const identity = { 'Lambda-Extension-Identifier': headers['lambda-extension-identifier'] };
    for (;;) {
        const { document } = await call('GET', 'event/next', identity);
        seen.push([document.eventType, document.requestId]);
    }
}
watch();
exports.handler = async () => ({ seen });
"""


def test_internal_extension_in_python(extended):
    function = extended.lamb.create_python(INTERNAL_PY, MemorySize=512, Timeout=10)
    answers = [extended.invoke(function, {}) for _ in range(3)]
    expected = [["INVOKE", answer.request_id] for answer in answers]
    assert answers[2].json["seen"][:2] == expected[:2]
    assert answers[0].json["shutdown"] == [
        403,
        {
            "errorMessage": "SHUTDOWN: ShutdownEventNotSupportedForInternalExtension",
            "errorType": "Extension.InvalidEventType",
        },
    ]
    assert answers[0].json["again"] == [
        403,
        {
            "errorMessage": "Extension with this name already registered",
            "errorType": "Extension.InvalidExtensionState",
        },
    ]
    assert extended.texts(function, "EXTENSION\t") == [
        "EXTENSION\tName: inside\tState: Ready\tEvents: [INVOKE]"
    ]


def test_registration_is_closed_once_the_runtime_is_ready(extended):
    function = extended.lamb.create_python(INTERNAL_PY, MemorySize=512, Timeout=10)
    assert extended.invoke(function, "late").json == [
        403,
        {
            "errorMessage": "Extension registration closed already",
            "errorType": "Extension.RegistrationClosed",
        },
    ]


def test_internal_extension_in_node(extended):
    function = extended.lamb.create_node(INTERNAL_JS, MemorySize=512, Timeout=10)
    answers = [extended.invoke(function, {}) for _ in range(3)]
    expected = [["INVOKE", answer.request_id] for answer in answers]
    assert answers[2].json["seen"][:2] == expected[:2]


# As the README of the examples says.
WRAPPER = """#!/bin/bash
/opt/{name} INVOKE >/tmp/watch.log &
until [ -s /tmp/watch.log ]; do sleep 0.01; done
exec "$@"
"""

READ_LOG_PY = """import json
def handler(event, context):
    with open("/tmp/watch.log") as log:
        return [json.loads(line) for line in log]
"""


@pytest.mark.parametrize("language", LANGUAGES)
def test_watcher_as_an_internal_extension(extended, language):
    name, program = watcher(language)
    layer = extended.layer({name: program, "wrapper": WRAPPER.format(name=name)}, folder="")
    variables = {"AWS_LAMBDA_EXEC_WRAPPER": "/opt/wrapper"}
    function = extended.create([layer], READ_LOG_PY, Environment={"Variables": variables})
    answers = [extended.invoke(function, {}) for _ in range(3)]
    registered, *events = answers[2].json
    assert registered["functionName"] == function
    for event, answer in zip(events, answers):
        assert_is_invoke(event, extended.lamb.arn(function), answer)
    assert len(events) >= 2
    assert extended.texts(function, "EXTENSION\t") == [
        f"EXTENSION\tName: {name}\tState: Ready\tEvents: [INVOKE]"
    ]


# ---- Init ----


def test_runtime_starts_when_all_have_registered(extended):
    source = "import time\nprint('runtime', time.time())\ndef handler(event, context):\n    pass\n"
    function = extended.with_scripts(
        source,
        scripts={
            "quick": TELL_EVENTS,
            "slow": "time.sleep(0.7)\nsay(time.time())\n" + TELL_EVENTS,
        },
    )
    answer = extended.invoke(function, {}, LogType="Tail")
    texts = extended.texts(function)
    (runtime,) = [text for text in texts if text.startswith("runtime ")]
    slow = next(text for text in texts if text.startswith("slow "))
    assert float(runtime.split()[1]) > float(slow.split()[1])
    assert float(re.search(r"Init Duration: (\S+) ms", answer.log).group(1)) >= 700


def test_init_ends_when_all_ask_for_events(extended):
    function = extended.with_scripts(
        scripts={
            "late": """
register("INVOKE")
time.sleep(0.7)
say(time.time())
while True:
    tell(next_event())
"""
        }
    )
    answer = extended.invoke(function, {}, LogType="Tail")
    assert float(re.search(r"Init Duration: (\S+) ms", answer.log).group(1)) >= 700
    late, event = extended.texts(function, "late ")
    (start,) = extended.wait_for(function, "START RequestId")
    assert float(late.split()[1]) <= start.time.timestamp() + 0.001
    assert answer.request_id in event


def test_features_and_refusals(extended):
    function = extended.with_scripts(
        scripts={
            "ask": """
refused = [register("NONSENSE"), register("INVOKE", name="")]
first = register("INVOKE", **{"Lambda-Extension-Accept-Feature": "accountId"})
refused.append(register("INVOKE"))
own = identity.pop("Lambda-Extension-Identifier")
refused.append(next_event())
identity["Lambda-Extension-Identifier"] = "00000000-0000-4000-8000-000000000000"
refused.append(next_event())
identity["Lambda-Extension-Identifier"] = "none"
refused.append(next_event())
identity["Lambda-Extension-Identifier"] = own
tell({"first": first, "refused": refused})
while True:
    next_event()
"""
        }
    )
    assert extended.invoke(function, {}).error is None
    (told,) = extended.told(function, "ask")
    status, document = told["first"]
    assert (status, document) == (
        200,
        {
            "functionName": function,
            "functionVersion": "$LATEST",
            "handler": "app.handler",
            "accountId": extended.lamb.account,
        },
    )
    kinds = []
    for status, document in told["refused"]:
        document = json.loads(document) if isinstance(document, str) else document
        assert status == 403 and document["errorMessage"]
        kinds.append(document["errorType"])
    assert kinds == [
        "Extension.InvalidEventType",
        "Extension.InvalidExtensionName",
        "Extension.InvalidExtensionState",
        "Extension.MissingExtensionIdentifier",
        "Extension.UnknownExtensionIdentifier",
        "Extension.InvalidExtensionIdentifier",
    ]


# ---- what they must not see or do ----

LOOK = """
fds = {}
for fd in os.listdir("/proc/self/fd"):
    try:
        fds[fd] = os.readlink("/proc/self/fd/" + fd)
    except OSError:
        pass  # the listing's own
tell({"fds": fds, "environment": dict(os.environ), "cwd": os.getcwd(), "uid": os.getuid()})
register("INVOKE")
while True:
    next_event()
"""


def look(extended, **fields):
    """What the second and the first of two extensions find."""
    function = extended.with_scripts(scripts={"look": LOOK, "second": LOOK}, **fields)
    assert extended.invoke(function, {}).error is None
    (first,) = extended.told(function, "look")
    (second,) = extended.told(function, "second")
    return function, first, second


def test_extension_has_no_descriptors_but_the_usual_ones(extended):
    """Neither the first program of a sandbox, nor one that comes later."""
    _, *both = look(extended)
    for found in both:
        assert sorted(found["fds"]) == ["0", "1", "2"], found["fds"]
        assert found["fds"]["0"] == "/dev/null"
        assert found["fds"]["1"].startswith("pipe:")
        assert found["fds"]["2"] == found["fds"]["1"]


def test_environment_of_extensions(extended):
    function, *both = look(extended, Environment={"Variables": {"OWN": "own"}})
    lamb = extended.lamb
    for found in both:
        environment = found["environment"]
        assert environment["OWN"] == "own"
        assert environment["AWS_LAMBDA_FUNCTION_NAME"] == function
        assert environment["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"] == "512"
        assert environment["AWS_LAMBDA_FUNCTION_VERSION"] == "$LATEST"
        assert environment["AWS_REGION"] == environment["AWS_DEFAULT_REGION"] == lamb.region
        assert environment["TZ"] == ":UTC"
        assert environment["AWS_ACCESS_KEY_ID"].startswith("ASIA")
        assert environment["AWS_SESSION_TOKEN"] and environment["AWS_SECRET_ACCESS_KEY"]
        strange = [
            name
            for name in environment
            if name.startswith(("AWS_XRAY_", "AWS_LAMBDA_LOG_", "LAMBDA_"))
            or name in ("_HANDLER", "_X_AMZN_TRACE_ID", "AWS_EXECUTION_ENV")
        ]
        assert not strange
        assert found["uid"] != 0


def test_nothing_of_lamb_is_in_the_environment_of_extensions(extended):
    _, *both = look(extended)
    keys = extended.lamb.daemon.keys
    for found in both:
        text = json.dumps(found)
        assert keys["AWS_ACCESS_KEY_ID"] not in text
        assert keys["AWS_SECRET_ACCESS_KEY"] not in text
        assert str(extended.lamb.daemon.data_dir) not in text
        assert not [name for name in found["environment"] if name.upper().startswith("LAMB_")]


def test_ten_extensions_are_enough(extended):
    name, program = watcher("c")
    ten = extended.layer({f"{name}-{number}": program for number in range(10)})
    function = extended.create([ten])
    assert extended.invoke(function, 1).json == 1
    assert len(extended.texts(function, "EXTENSION\t")) == 10


def test_an_eleventh_extension_is_one_too_many(extended):
    name, program = watcher("c")
    ten = extended.layer({f"{name}-{number}": program for number in range(10)})
    function = extended.create([ten, extended.layer({"z-last": program})])
    answer = extended.invoke(function, {}, LogType="Tail")
    assert answer.error == "Unhandled"
    assert answer.json["errorType"] == "Extension.LaunchError"
    assert "TooManyExtensions" in answer.json["errorMessage"]
    lines = extended.texts(function, "EXTENSION\t")
    assert (
        "EXTENSION\tName: z-last\tState: LaunchError\tEvents: []\tError Type: TooManyExtensions" in lines
    )
    assert "\tError Type: Extension.LaunchError" in answer.log


def test_internal_extensions_count_too(extended):
    name, program = watcher("c")
    ten = extended.layer({f"{name}-{number}": program for number in range(10)})
    source = CALLS_PY + "answer = register('inside')\ndef handler(event, context):\n    return answer\n"
    function = extended.create([ten], source)
    assert extended.invoke(function, {}).json == [
        403,
        {"errorMessage": "Extension limit (10) reached", "errorType": "Extension.TooManyExtensions"},
    ]


@pytest.mark.parametrize(
    ("content", "mode", "error_type", "message"),
    [
        (b"#!/bin/sh\nexit 0\n", 0o644, "PermissionDenied", "permission denied"),
        (b"no program at all\n", 0o755, "UnknownError", "exec format error"),
        (b"#!/no/such/program\n", 0o755, "UnknownError", "no such file or directory"),
    ],
)
def test_file_that_can_not_be_executed(extended, content, mode, error_type, message):
    function = extended.create([extended.layer({"broken": content}, mode=mode)])
    answer = extended.invoke(function, {}, LogType="Tail")
    assert answer.error == "Unhandled"
    assert answer.json == {
        "errorType": "Extension.LaunchError",
        "errorMessage": f"RequestId: {answer.request_id} Error: {message}",
    }
    line = f"EXTENSION\tName: broken\tState: LaunchError\tEvents: []\tError Type: {error_type}"
    assert line in extended.texts(function)


def test_folders_in_extensions_are_none(extended):
    name, program = watcher("c")
    layer = extended.layer({name: program, "library/helper": b"no program"})
    function = extended.create([layer])
    assert extended.invoke(function, 1).json == 1
    assert len(extended.texts(function, "EXTENSION\t")) == 1


def test_extensions_with_a_runtime_of_the_function_s_own(extended):
    function = extended.lamb.create_bash(ECHO_BASH, Layers=[extended.layer(watchers())], MemorySize=512)
    answer = extended.invoke(function, 5)
    assert answer.json == 5
    assert sum(answer.request_id in text for text in extended.texts(function, '{"')) == len(LANGUAGES)


# ---- wrapper scripts ----


@pytest.mark.parametrize("runtime", ["python", "node"])
def test_wrapper_script(extended, runtime):
    wrapper = '#!/bin/bash\nexport FROM_WRAPPER="$# $1"\nexec "$@"\n'
    fields = {
        "Layers": [extended.layer({"wrapper": wrapper}, folder="bin/")],
        "Environment": {"Variables": {"AWS_LAMBDA_EXEC_WRAPPER": "/opt/bin/wrapper"}},
    }
    if runtime == "python":
        source = "import os\ndef handler(event, context):\n    return os.environ['FROM_WRAPPER']\n"
        function = extended.lamb.create_python(source, **fields)
    else:
        source = "exports.handler = async () => process.env.FROM_WRAPPER;\n"
        function = extended.lamb.create_node(source, **fields)
    count, program = extended.invoke(function, {}).json.split()
    assert int(count) >= 2
    assert runtime in os.path.basename(program)


@pytest.mark.parametrize(
    ("path", "status", "text"),
    [
        ("/opt/bin/missing", 127, "/opt/bin/missing: does not exist"),
        ("/opt/bin/wrapper", 126, "/opt/bin/wrapper: is not an executable"),
    ],
)
@pytest.mark.parametrize("create", ["create_python", "create_node"])
def test_wrapper_script_that_can_not_run(extended, create, path, status, text):
    function = getattr(extended.lamb, create)(
        packages.ECHO_PY,
        Layers=[extended.layer({"wrapper": "#!/bin/bash\n"}, folder="bin/", mode=0o644)],
        Environment={"Variables": {"AWS_LAMBDA_EXEC_WRAPPER": path}},
    )
    answer = extended.invoke(function, {}, LogType="Tail")
    assert answer.json == {
        "errorType": "Runtime.ExitError",
        "errorMessage": f"RequestId: {answer.request_id} Error: Runtime exited with error: "
        f"exit status {status}",
    }
    assert text in extended.texts(function)


def test_wrapper_is_not_for_runtimes_of_the_function_s_own(extended):
    variables = {"AWS_LAMBDA_EXEC_WRAPPER": "/opt/bin/missing"}
    function = extended.lamb.create_bash(ECHO_BASH, Environment={"Variables": variables})
    assert extended.invoke(function, 5).json == 5


def test_calls_of_extensions_to_lamb(extended, allow):
    """With credentials of the function's role, each its own."""
    allow("lambda:GetFunctionConfiguration")
    function = extended.with_scripts(
        scripts={
            "ask": """
sys.path.append("/usr/lib/python3/dist-packages")
register("INVOKE")
next_event()
import boto3
client = boto3.client("lambda", endpoint_url=os.environ["AWS_ENDPOINT_URL"])
function = os.environ["AWS_LAMBDA_FUNCTION_NAME"]
tell(client.get_function_configuration(FunctionName=function)["Role"])
while True:
    next_event()
"""
        }
    )
    assert extended.invoke(function, {}).error is None
    assert extended.wait_for(function, "ask ")[0].json == clients.ROLE
