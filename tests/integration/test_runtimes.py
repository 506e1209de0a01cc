"""Runtimes inside real environments: the kinds of handlers of each, and the Runtime API seen from a
function."""

import json
import shutil

import pytest

from support import packages
from support.packages import ROOT
from support.waiting import wait_until

NODE = packages.node_major()
needs_node = pytest.mark.skipif(
    NODE not in (16, 18, 20, 22, 24), reason="no node that is a Lambda runtime"
)


def node(lamb, files, handler="index.handler"):
    return lamb.create(packages.zip_files(files), runtime=f"nodejs{NODE}.x", handler=handler)


@pytest.mark.parametrize("runtime", ["provided.al2", "provided.al2023"])
def test_bash(lamb, runtime):
    assert lamb.invoke(lamb.create_bash('echo "$EVENT"', runtime=runtime), {"a": [1]}).json == {"a": [1]}


@pytest.mark.parametrize("runtime", ["provided.al2", "provided.al2023"])
def test_c(lamb, runtime):
    assert lamb.invoke(lamb.create_c(packages.ECHO_C, runtime=runtime), {"a": [1]}).json == {"a": [1]}


def test_c_context(lamb):
    body = """lamb_respondf(response, "[%s,%s,%s,%s,%s,%d]", QUOTE(function_name), QUOTE(function_version),
        QUOTE(memory_size_mb), QUOTE(log_group_name), QUOTE(request_id), lamb_remaining_ms(context) > 0);"""
    quote = "#define QUOTE(name) lamb_quote(response, context->name, strlen(context->name))"
    name = lamb.create_c(body, quote)
    answer = lamb.invoke(name)
    assert answer.json == [name, "$LATEST", "128", f"/aws/lambda/{name}", answer.request_id, 1]


def test_bootstrap_with_a_dynamic_interpreter(lamb):
    source = """#!/usr/bin/python3
import os, urllib.request
api = 'http://' + os.environ['AWS_LAMBDA_RUNTIME_API'] + '/2018-06-01/runtime/'
while True:
    event = urllib.request.urlopen(api + 'invocation/next')
    request_id = event.headers['Lambda-Runtime-Aws-Request-Id']
    urllib.request.urlopen(api + f'invocation/{request_id}/response', b'"from urllib"').read()
"""
    assert lamb.invoke(lamb.create(packages.zip_files({"bootstrap": source}))).json == "from urllib"


API_PROBE = """#!/usr/bin/python3
import http.client, json, os
api = http.client.HTTPConnection(os.environ['AWS_LAMBDA_RUNTIME_API'])
def call(method, path, body=b'', headers={}):
    api.request(method, '/2018-06-01' + path, body, headers)
    answer = api.getresponse()
    return answer.status, dict((k.lower(), v) for k, v in answer.getheaders()), answer.read().decode()
while True:
    status, headers, body = call('GET', '/runtime/invocation/next')
    request_id = headers['lambda-runtime-aws-request-id']
    PROBE
    call('POST', f'/runtime/invocation/{request_id}/response', json.dumps(result).encode())
"""


def probe(lamb, code):
    """What `code` finds out inside an invocation and puts into `result`."""
    source = API_PROBE.replace("PROBE", code.replace("\n", "\n    "))
    answer = lamb.invoke(lamb.create(packages.zip_files({"bootstrap": source})), {"a": 1})
    assert answer.error is None, answer.payload
    return answer, answer.json


def test_headers_of_next(lamb):
    answer, headers = probe(lamb, "result = headers")
    assert headers["lambda-runtime-aws-request-id"] == answer.request_id
    assert int(headers["lambda-runtime-deadline-ms"]) > 1_700_000_000_000
    assert headers["lambda-runtime-invoked-function-arn"].startswith(f"arn:aws:lambda:{lamb.region}:")
    assert headers["lambda-runtime-trace-id"].startswith("Root=1-")
    assert headers["content-type"] == "application/json"
    assert headers["content-length"] == str(len('{"a": 1}'))
    assert "lambda-runtime-client-context" not in headers
    assert "lambda-runtime-cognito-identity" not in headers


def test_next_twice_gives_the_same_event(lamb):
    code = "again = call('GET', '/runtime/invocation/next')\n"
    code += "result = [again[1]['lambda-runtime-aws-request-id'] == request_id, again[2] == body]"
    assert probe(lamb, code)[1] == [True, True]


@pytest.mark.parametrize("path", ["response", "error"])
def test_request_id_that_is_not_the_current_one(lamb, path):
    code = (
        "result = call('POST', '/runtime/invocation/00000000-0000-4000-8000-000000000000/%s', b'1')"
        % path
    )
    status, _, body = probe(lamb, code)[1]
    assert (status, json.loads(body)) == (
        400,
        {"errorType": "InvalidRequestID", "errorMessage": "Invalid request ID"},
    )


def test_init_error_during_a_call(lamb):
    status, _, body = probe(lamb, "result = call('POST', '/runtime/init/error', b'{}')")[1]
    assert status == 403
    assert json.loads(body)["errorType"] == "InvalidStateTransition"


def test_ping_and_unknown_paths(lamb):
    calls = [("GET", "/ping"), ("GET", "/nothing"), ("DELETE", "/runtime/invocation/next")]
    ping, unknown, wrong_method = probe(lamb, f"result = [call(*words) for words in {calls}]")[1]
    assert (ping[0], ping[2]) == (200, "pong")
    assert unknown[0] == 404
    assert wrong_method[0] in (404, 405)


def test_second_response_to_one_event_changes_nothing(lamb):
    code = """first = call('POST', f'/runtime/invocation/{request_id}/response', b'"first"')
second = call('POST', f'/runtime/invocation/{request_id}/response', b'"second"')
print('answers', first[0], first[2].strip(), second[0], flush=True)
continue
result = None"""
    source = API_PROBE.replace("PROBE", code.replace("\n", "\n    "))
    name = lamb.create(packages.zip_files({"bootstrap": source}))
    assert lamb.invoke(name).json == "first"
    assert lamb.invoke(name).json == "first"
    wait_until(lambda: "answers 202" in lamb.logs(name), 5, "the runtime has told")
    told = [line for line in lamb.logs(name).splitlines() if "answers" in line][0]
    assert told.split(" answers ")[1] in ('202 {"status":"OK"} 400', '202 {"status":"OK"} 403')


def test_chunked_response_of_a_runtime(lamb):
    handler = """
    printf '{"chunked":true}' |
        curl -sS -o /dev/null -H 'Transfer-Encoding: chunked' --data-binary @- \\
        "$api/invocation/$REQUEST_ID/response"
    """
    assert lamb.invoke(lamb.create_bash(handler)).json == {"chunked": True}


def test_runtime_that_opens_a_new_connection_for_every_request(lamb):
    name = lamb.create_bash('echo "$EVENT"')
    for number in range(30):
        assert lamb.invoke(name, number).json == number


def test_python_handler_in_a_package(lamb):
    files = {"pkg/__init__.py": "", "pkg/mod.py": "def run(event, context):\n    return __name__\n"}
    for handler in ("pkg.mod.run", "pkg/mod.run"):
        assert (
            lamb.invoke(
                lamb.create(packages.zip_files(files), runtime="python3.11", handler=handler)
            ).json
            == "pkg.mod"
        )


def test_python_imports_what_the_package_brings(lamb):
    files = {
        "app.py": "import helper\ndef handler(event, context):\n    return helper.answer\n",
        "helper.py": "answer = 42\n",
    }
    assert lamb.invoke(lamb.create(packages.zip_files(files), runtime="python3.11")).json == 42


def test_python_values_that_json_does_not_know(lamb):
    answer = lamb.invoke(lamb.create_python("def handler(event, context):\n    return {1, 2}\n"))
    assert answer.error == "Unhandled"
    assert answer.json["errorType"] == "Runtime.MarshalError"
    assert "set is not JSON serializable" in answer.json["errorMessage"]


def test_python_nested_values(lamb):
    name = lamb.create_python(
        "def handler(event, context):\n    return {'ü': [1.5, None, True, {'b': '\\u2028'}]}\n"
    )
    assert lamb.invoke(name).json == {"ü": [1.5, None, True, {"b": "\u2028"}]}


@needs_node
@pytest.mark.parametrize(
    "files",
    [
        {"index.js": "exports.handler = async (event) => ({ got: event });\n"},
        {"index.js": "exports.handler = (event, context) => Promise.resolve({ got: event });\n"},
        {"index.js": "exports.handler = (event, context, callback) => callback(null, { got: event });\n"},
        {"index.js": "exports.handler = (e, c, callback) => setTimeout(callback, 20, null, { got: e });\n"},
        {"index.mjs": "export const handler = async (event) => ({ got: event });\n"},
        {"index.cjs": "module.exports.handler = async (event) => ({ got: event });\n"},
        {"package.json": '{"type":"module"}',
         "index.js": "export const handler = async (event) => ({ got: event });\n"},
        {"index.mjs": "await null;\nexport const handler = async (event) => ({ got: event });\n"},
        {"index.js": "const { got } = require('./lib/x');\nexports.handler = async (e) => got(e);\n",
         "lib/x.js": "exports.got = (event) => ({ got: event });\n"},
    ],
    ids=["async", "promise", "callback", "late callback", "mjs", "cjs", "type module",
         "top-level await", "require"],
)  # fmt: skip
def test_node_handlers(lamb, files):
    name = node(lamb, files)
    assert lamb.invoke(name, {"a": 1}).json == {"got": {"a": 1}}
    assert lamb.invoke(name, [2]).json == {"got": [2]}


@needs_node
def test_node_handler_in_a_folder_and_nested_export(lamb):
    files = {"src/main.js": "exports.api = { run: async () => 'nested' };\n"}
    assert lamb.invoke(node(lamb, files, "src/main.api.run")).json == "nested"


@needs_node
def test_node_undefined_is_null(lamb):
    assert lamb.invoke(node(lamb, {"index.js": "exports.handler = async () => {};\n"})).payload == b"null"


@needs_node
def test_node_callback_error(lamb):
    answer = lamb.invoke(
        node(lamb, {"index.js": "exports.handler = (e, c, cb) => cb(new RangeError('far'));\n"})
    )
    assert (answer.error, answer.json["errorType"], answer.json["errorMessage"]) == (
        "Unhandled",
        "RangeError",
        "far",
    )


@needs_node
def test_node_context(lamb):
    source = """exports.handler = async (event, context) => [
  context.functionName, context.functionVersion, context.memoryLimitInMB, context.awsRequestId,
  context.invokedFunctionArn, context.logGroupName, context.getRemainingTimeInMillis() > 0,
];
"""
    name = node(lamb, {"index.js": source})
    answer = lamb.invoke(name)
    assert answer.json == [
        name, "$LATEST", "128", answer.request_id, lamb.arn(name), f"/aws/lambda/{name}", True
    ]  # fmt: skip


@needs_node
def test_node_unhandled_rejection(lamb):
    source = (
        "exports.handler = async () => { Promise.reject(Error('lost')); await new Promise(() => {}); };\n"
    )
    answer = lamb.invoke(node(lamb, {"index.js": source}))
    assert answer.error == "Unhandled"
    assert answer.json["errorType"] in ("Runtime.UnhandledPromiseRejection", "Runtime.ExitError")


@needs_node
def test_node_waits_for_an_empty_event_loop_unless_told_not_to(lamb):
    source = """exports.handler = (event, context, callback) => {
  context.callbackWaitsForEmptyEventLoop = event.wait;
  setTimeout(() => console.log('the timer ran'), 500);
  callback(null, 'answered');
};
"""
    name = node(lamb, {"index.js": source})
    assert "the timer ran" in lamb.invoke(name, {"wait": True}, LogType="Tail").log
    assert "the timer ran" not in lamb.invoke(name, {"wait": False}, LogType="Tail").log


EXAMPLES = sorted(path for path in (ROOT / "examples").iterdir()) if (ROOT / "examples").is_dir() else []


def test_there_is_an_example_for_each_language():
    names = " ".join(path.name for path in EXAMPLES)
    for language in ("c", "python", "node", "bash"):
        assert language in names.lower(), names


def test_python_example_runs_as_it_is(lamb):
    folder = next(path for path in EXAMPLES if "python" in path.name.lower())
    sources = sorted(folder.rglob("*.py")) if folder.is_dir() else [folder]
    name = lamb.create(
        packages.zip_files({sources[0].name: sources[0].read_text()}),
        runtime="python3.11", handler=f"{sources[0].stem}.handler",
    )  # fmt: skip
    assert lamb.invoke(name, {"name": "Ada"}).error is None


@pytest.mark.skipif(
    not shutil.which("musl-gcc"), reason="musl-tools is not installed (scripts/setup --tests)"
)
def test_c_example_runs_as_it_is(lamb):
    folder = next(path for path in EXAMPLES if path.name.lower() in ("c", "hello-c", "hello.c"))
    sources = sorted(folder.rglob("*.c")) if folder.is_dir() else [folder]
    name = lamb.create(packages.c_zip(sources[0].read_text()))
    assert lamb.invoke(name, {"name": "Ada"}).error is None
