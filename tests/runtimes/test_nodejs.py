"""The Node.js runtime: events, contexts, the ways to answer, the connection."""

import json
import re
import time

import pytest

FIRST_ID = "8476a536-e9f4-11e8-9739-2dfe598c0001"
STAMP = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"
NODE_24 = {"AWS_EXECUTION_ENV": "AWS_Lambda_nodejs24.x"}
ECHO = "exports.handler = async (event) => event;"


@pytest.fixture
def run(run_nodejs):
    return run_nodejs


def test_response(api, run):
    run(ECHO)
    outcome = api.invoke('{"a": [1, "é€\U0001f411"]}'.encode())
    assert (outcome.kind, outcome.body) == ("response", '{"a":[1,"é€\U0001f411"]}'.encode())
    assert outcome.headers["content-type"] == "application/json"
    assert outcome.headers["user-agent"].startswith("lamb-nodejs/")


@pytest.mark.parametrize("major", [20, 24])
def test_context(api, run, major):
    run(
        """
        exports.handler = async (event, context) => ({
            ...context,
            remaining: context.getRemainingTimeInMillis(),
            functions: Object.keys(context).filter((name) => typeof context[name] === 'function'),
            trace: process.env._X_AMZN_TRACE_ID ?? null,
            names: Object.keys(process.env).filter((name) => name.startsWith('_X_')),
        });
        """,
        AWS_EXECUTION_ENV="AWS_Lambda_nodejs%d.x" % major,
    )
    deadline_ms = int(time.time() * 1000) + 5000
    got = api.invoke(
        Deadline_Ms=str(deadline_ms),
        Trace_Id="Root=1-2-3;Sampled=1",
        Client_Context='{"custom":{"é":1}}',
        Cognito_Identity='{"cognitoIdentityId":"i","cognitoIdentityPoolId":"p"}',
        Aws_Tenant_Id="t",
    ).json
    assert 0 < got.pop("remaining") <= 5000
    expected = {
        "functionVersion": "$LATEST",
        "functionName": "f",
        "memoryLimitInMB": "128",
        "logGroupName": "/aws/lambda/f",
        "logStreamName": "2025/11/25/[$LATEST]0123456789abcdef0123456789abcdef",
        "clientContext": {"custom": {"é": 1}},
        "identity": {"cognitoIdentityId": "i", "cognitoIdentityPoolId": "p"},
        "invokedFunctionArn": "arn:aws:lambda:us-east-1:000000000000:function:f",
        "awsRequestId": FIRST_ID,
        "tenantId": "t",
        "functions": ["getRemainingTimeInMillis"],
        "trace": "Root=1-2-3;Sampled=1",
        "names": ["_X_AMZN_TRACE_ID"],
    }
    if major == 20:
        expected["callbackWaitsForEmptyEventLoop"] = True
        expected["functions"] = ["succeed", "fail", "done", "getRemainingTimeInMillis"]
    assert got == expected
    bare = api.invoke(Deadline_Ms="1").json
    assert bare["remaining"] < 0
    assert (bare["trace"], bare["names"]) == (None, [])
    assert not {"clientContext", "identity", "tenantId"} & set(bare)


def test_environment_works_as_ever(api, run):
    run(
        """
        const { execFileSync } = require('child_process');
        exports.handler = async () => {
            process.env.NEW = 5;
            delete process.env.AWS_REGION;
            return {
                child: execFileSync('sh', ['-c', 'echo $NEW-$_X_AMZN_TRACE_ID-$AWS_REGION']).toString(),
                copy: { ...process.env }._X_AMZN_TRACE_ID,
                has: ['_X_AMZN_TRACE_ID' in process.env, 'NEW' in process.env, 'AWS_REGION' in process.env],
                type: typeof process.env.NEW,
            };
        };
        """
    )
    assert api.invoke(Trace_Id="one").json == {
        "child": "5-one-\n",
        "copy": "one",
        "has": [True, True, False],
        "type": "string",
    }
    assert api.invoke(Trace_Id="two").json["child"] == "5-two-\n"
    assert api.invoke().json["child"] == "5--\n"


@pytest.mark.parametrize("major", [20, 24])
@pytest.mark.parametrize(
    "source",
    [
        "exports.handler = async () => { throw new TypeError('Grüße') };",
        "exports.handler = () => Promise.reject(new TypeError('Grüße'));",
        "exports.handler = () => { throw new TypeError('Grüße') };",
    ],
)
def test_handler_error(api, run, major, source):
    process = run(source, AWS_EXECUTION_ENV="AWS_Lambda_nodejs%d.x" % major)
    outcome = api.invoke()
    assert outcome.kind == "error"
    assert list(outcome.json) == ["errorType", "errorMessage", "trace"]
    assert (outcome.json["errorType"], outcome.json["errorMessage"]) == ("TypeError", "Grüße")
    assert outcome.json["trace"][0] == "TypeError: Grüße"
    assert "/task/app.js:1:" in outcome.json["trace"][1]
    assert outcome.headers["lambda-runtime-function-error-type"] == "TypeError"
    cause = json.loads(outcome.headers["lambda-runtime-function-xray-error-cause"])
    assert cause["exceptions"][0]["message"] == "Grüße"
    assert cause["exceptions"][0]["stack"][0]["path"].endswith("/task/app.js")
    assert cause["exceptions"][0]["stack"][0]["line"] == 1
    match = re.fullmatch(r"%s\t%s\tERROR\tInvoke Error \t(\{.*\})\n" % (STAMP, FIRST_ID), process.output())
    logged = json.loads(match.group(1))
    assert (logged["errorType"], logged["errorMessage"]) == ("TypeError", "Grüße")
    assert logged["stack"] == outcome.json["trace"]
    assert api.invoke().kind == "error"


@pytest.mark.parametrize(
    "thrown, kind, message",
    [
        ("'text'", "string", "text"),
        ("undefined", "string", "handled"),
        ("42", "number", "42"),
        ("Object.assign(new Error('m'), { name: 'Odd\\r\\nName: 1' })", "Odd\r\nName: 1", "m"),
        ("{ name: 'N', message: 'M', stack: 'S' }", "N", "M"),
        ("Object.create(null)", "handled", None),
        ("new Error('\\x7f')", "Error", "%7F"),
    ],
)
def test_rejections_of_every_kind(api, run, thrown, kind, message):
    run("exports.handler = () => Promise.reject(%s);" % thrown)
    outcome = api.invoke()
    assert outcome.json["errorType"] == kind
    assert message is None or outcome.json["errorMessage"] == message
    header = kind if re.fullmatch(r"[\w.]+", kind) else "Function.Unknown"
    assert outcome.headers["lambda-runtime-function-error-type"] == header


def test_error_with_a_huge_message_reaches_the_caller(api, run):
    run("exports.handler = async () => { throw new Error('é'.repeat(12000)) };")
    outcome = api.invoke()
    assert len(outcome.json["errorMessage"]) == 12000
    assert "lambda-runtime-function-xray-error-cause" not in outcome.headers


@pytest.mark.parametrize(
    "source, kind, body",
    [
        ("(event, context, callback) => callback(null, event)", "response", {"k": 1}),
        ("(event, context, callback) => setTimeout(() => callback(null, event), 5)", "response", {"k": 1}),
        ("(event, context, callback) => callback()", "response", None),
        ("(event, context, callback) => { callback(null, 1); callback(null, 2); }", "response", 1),
        ("(event, context) => context.succeed(event)", "response", {"k": 1}),
        ("(event, context) => context.done(null, 3)", "response", 3),
        ("(event, context) => { setTimeout(() => context.done(null, 3), 5) }", "response", 3),
        ("(event) => 'not a promise'", "response", None),
        ("(event) => {}", "response", None),
        ("(event) => ({ then: (resolve) => resolve(4) })", "response", 4),
        ("(event, context, callback) => new Promise(() => callback(null, 5))", "response", 5),
        ("(event) => new Promise(() => {})", "response", None),
        ("async () => () => {}", "response", None),
        ("async () => undefined", "response", None),
        ("(event, context, callback) => callback(new Error('e'))", "error", ("Error", "e")),
        ("(event, context, callback) => callback('text')", "error", ("string", "text")),
        ("(event, context) => context.fail(new RangeError('f'))", "error", ("RangeError", "f")),
        ("(event, context) => context.fail()", "error", ("string", "handled")),
        ("(event, context) => context.done('d')", "error", ("string", "d")),
        (
            "async () => { const ring = {}; ring.ring = ring; return ring; }",
            "error",
            ("Error", "Unable to stringify response body"),
        ),
        ("async () => 1n", "error", ("Error", "Unable to stringify response body")),
        ("async () => new Promise(() => {})", "error", ("Runtime.NodeJsExit", None)),
    ],
)
def test_ways_to_answer_before_24(api, run, source, kind, body):
    run("exports.handler = %s;" % source)
    for _ in range(2):
        outcome = api.invoke({"k": 1})
        assert outcome.kind == kind
        if kind == "response":
            assert outcome.json == body
        else:
            assert outcome.json["errorType"] == body[0]
            assert body[1] in (None, outcome.json["errorMessage"])


@pytest.mark.parametrize(
    "source, kind, body",
    [
        ("(event) => event", "response", {"k": 1}),
        ("async (event) => event", "response", {"k": 1}),
        ("(event, context) => context.succeed", "response", None),
        ("async () => 1n", "error", "Runtime.JSONStringifyError"),
        ("(event) => new Promise(() => {})", "error", "Runtime.NodeJsExit"),
    ],
)
def test_ways_to_answer_since_24(api, run, source, kind, body):
    run("exports.handler = %s;" % source, **NODE_24)
    for _ in range(2):
        outcome = api.invoke({"k": 1})
        assert outcome.kind == kind
        assert (outcome.json if kind == "response" else outcome.json["errorType"]) == body


def test_callback_handlers_are_refused_since_24(api, run):
    process = run("exports.handler = (event, context, callback) => callback(null, 1);", **NODE_24)
    error = api.init_error().json
    assert error["errorType"] == "Runtime.CallbackHandlerDeprecated"
    assert "removed support for callback-based function handlers" in error["errorMessage"]
    assert process.wait() == 129


@pytest.mark.parametrize("waits", [True, False])
def test_callback_and_the_event_loop(api, run, waits):
    run(
        """
        let late = 0;
        exports.handler = (event, context, callback) => {
            context.callbackWaitsForEmptyEventLoop = %s;
            setTimeout(() => { late++; }, event.wait);
            callback(null, { get late() { return late; } });
        };
        """
        % str(waits).lower()
    )
    # Without waiting, a timer of ten seconds holds nothing up.
    assert api.invoke({"wait": 30 if waits else 10000}).json == {"late": 1 if waits else 0}
    assert api.invoke({"wait": 1}).json["late"] == (2 if waits else 0)


def test_a_promise_never_waits_for_the_event_loop(api, run):
    run("exports.handler = async () => { setInterval(() => {}, 1000); return 1; };")
    assert api.invoke().json == 1
    assert api.invoke().json == 1


def test_handles_of_the_function_stay_alive_between_invocations(api, run):
    run(
        """
        let count = 0;
        const server = require('net').createServer().listen(0, '127.0.0.1');
        exports.handler = async () => (++count) * (server.listening ? 1 : 0);
        """
    )
    assert [api.invoke().json for _ in range(3)] == [1, 2, 3]


@pytest.mark.parametrize("payload", [b"", b"{", b"\xff"])
def test_bad_events(api, run, payload):
    run(ECHO)
    assert api.invoke(payload).json["errorType"] == "SyntaxError"
    assert api.invoke(b"1").json == 1


def test_bad_client_context(api, run):
    run(ECHO)
    error = api.invoke(Client_Context="{").json
    assert error["errorType"] == "Error"
    assert error["errorMessage"].startswith("Cannot parse ClientContext as json: SyntaxError: ")


def test_one_connection_and_pipelining(api, run):
    run(ECHO)
    for number in range(30):
        assert api.invoke(number).json == number
    assert {request.connection for request in api.requests} == {1}
    assert all(request.pipelined for request in api.requests if request.kind == "response")


@pytest.mark.parametrize("size", [0, 60000, 65536, 262142, 262143, 6 * 1024 * 1024 - 2])
def test_sizes_both_ways(api, run, size):
    run(ECHO)
    payload = b'"' + b"x" * size + b'"'
    for _ in range(2):
        assert api.invoke(payload).body == payload
    assert api.invoke(1).json == 1


def test_large_text_that_is_not_ascii(api, run):
    run(ECHO)
    payload = ('"' + "é€\U0001f411" * 300000 + '"').encode()
    assert api.invoke(payload).body == payload


def test_answers_byte_by_byte(api, run):
    api.dribble = True
    run(ECHO)
    for number in range(3):
        assert api.invoke({"é" * 100: number}).json == {"é" * 100: number}


@pytest.mark.parametrize("size", [10, 1 << 20])
@pytest.mark.parametrize("close", [False, True])
def test_refused_response_is_not_the_end(api, run, size, close):
    run("exports.handler = async (event) => 'x'.repeat(event);")
    answer = b'{"errorType":"RequestEntityTooLarge"}'
    api.refusals.append(("response", "413 Payload Too Large", answer, close))
    api.invoke(size)
    assert api.invoke(3).json == "xxx"
    assert api.requests[-1].connection == (2 if close else 1)


def test_connection_lost_with_the_response(api, run):
    run(ECHO)
    api.refusals.append(("response", None, b"", True))
    api.invoke(1)
    assert api.invoke(2).json == 2


def test_platform_that_fails_ends_the_runtime(api, run):
    process = run(ECHO)
    api.refusals.append(("response", "500 Internal Server Error", b"{}", False))
    api.invoke()
    assert process.wait() == 1
    assert "lamb: the platform failed: 500" in process.output()


def test_next_is_asked_for_three_times(api, run):
    for _ in range(3):
        api.refusals.append(("next", "403 Forbidden", b'{"errorType":"InvalidStateTransition"}', False))
    process = run(ECHO)
    assert process.wait() == 1
    assert len(api.requests) == 3
    assert "lamb: the Runtime API gives no event: 403" in process.output()


def test_nobody_listens(run):
    process = run(ECHO, AWS_LAMBDA_RUNTIME_API="127.0.0.1:1")
    assert process.wait() == 1
    assert "lamb: the Runtime API gives no event: connect ECONNREFUSED" in process.output()


def test_no_global(api, run):
    run("exports.handler = async () => typeof awslambda;", AWS_LAMBDA_NODEJS_NO_GLOBAL_AWSLAMBDA="1")
    assert api.invoke().json == "undefined"


def test_gc_and_header_limit(api, run):
    run("exports.handler = async () => [typeof gc, typeof global.gc(), require('http').maxHeaderSize];")
    assert api.invoke().json == ["function", "undefined", 81920]


def test_gc_by_option(api, start, runtimes):
    source = "exports.handler = async () => [typeof gc, typeof gc()];"
    argv = ["/usr/bin/node", "--expose-gc", runtimes / "nodejs" / "index.cjs"]
    start(argv, {"app.js": source}, "app.handler")
    assert api.invoke().json == ["function", "undefined"]


def test_memory_does_not_grow_with_traces(api, run):
    run("exports.handler = async (collect) => { if (collect) gc(); return process.memoryUsage().rss; };")
    trace = "Root=1-%08x-" + "0" * 30000

    def call(numbers):
        return [api.invoke(number % 10 == 9, Trace_Id=trace % number).json for number in numbers][-1]

    before = call(range(100))
    assert call(range(100, 600)) - before < 500 * 15000
