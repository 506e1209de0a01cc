"""The Node.js runtime: how a handler is found, and failures outside of its call."""

import re

import pytest

FIRST_ID = "8476a536-e9f4-11e8-9739-2dfe598c0001"
STAMP = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"
NODE_24 = {"AWS_EXECUTION_ENV": "AWS_Lambda_nodejs24.x"}
ECHO = "exports.handler = async (event) => event;"


@pytest.fixture
def run(run_nodejs):
    return run_nodejs


FAILURES_IN_HANDLER = [
    ("setTimeout(() => { throw new Error('boom') }, 1); await new Promise((r) => setTimeout(r, 10000));",
     129, "Error", "boom", "Uncaught Exception"),
    ("Promise.reject(new Error('boom')); await new Promise((r) => setTimeout(r, 10000));",
     128, "Runtime.UnhandledPromiseRejection", "Error: boom", "Unhandled Promise Rejection"),
    ("Promise.reject('text'); await new Promise((r) => setTimeout(r, 10000));",
     128, "Runtime.UnhandledPromiseRejection", "text", "Unhandled Promise Rejection"),
]


@pytest.mark.parametrize("body, status, kind, message, title", FAILURES_IN_HANDLER)
def test_failures_outside_of_the_handlers_promise(api, run, body, status, kind, message, title):
    process = run("exports.handler = async () => { %s };" % body)
    outcome = api.invoke()
    assert (outcome.kind, outcome.json["errorType"], outcome.json["errorMessage"]) == ("error", kind, message)
    assert process.wait() == status
    assert re.match(r"%s\t%s\tERROR\t%s \t\{" % (STAMP, FIRST_ID, title), process.output())
    assert not outcome.pipelined and [request.kind for request in api.requests] == ["next", "error"]


def test_rejection_while_an_es_module_loads(api, run):
    process = run(
        "Promise.reject(new Error('early')); await new Promise((r) => setTimeout(r, 10000));"
        "export const handler = async () => 1;",
        name="app.mjs",
    )
    error = api.init_error().json
    assert error["errorType"] == "Runtime.UnhandledPromiseRejection"
    assert error["errorMessage"] == "Error: early"
    assert process.wait() == 128


def test_es_module_that_never_finishes_loading(run):
    process = run("await new Promise(() => {}); export const handler = async () => 1;", name="app.mjs")
    assert process.wait() == 13


def test_failure_between_invocations(api, run):
    process = run(
        "exports.handler = async () => { setTimeout(() => { throw new Error('late') }, 20); return 1; };"
    )
    assert api.invoke().json == 1
    assert process.wait() == 129
    assert "Uncaught Exception" in process.output()
    assert {request.kind for request in api.requests} <= {"next", "response"}


def test_exit_in_handler(api, run):
    process = run("exports.handler = async () => process.exit(7);")
    api.send_event()
    assert process.wait() == 7


@pytest.mark.parametrize(
    "handler, files, kind, message",
    [
        ("app", {}, "Runtime.MalformedHandlerName", "Bad handler"),
        (
            "../app.handler",
            {},
            "Runtime.MalformedHandlerName",
            "'../app.handler' is not a valid handler name. Use absolute paths when specifying root "
            "directories in handler names.",
        ),
        (
            "gone.handler",
            {},
            "Runtime.ImportModuleError",
            "Error: Cannot find module 'gone'\nRequire stack:\n",
        ),
        (
            "needs.handler",
            {"needs.js": "require('not-there');"},
            "Runtime.ImportModuleError",
            "Error: Cannot find module 'not-there'\nRequire stack:\n- ",
        ),
        ("app.gone", {}, "Runtime.HandlerNotFound", "app.gone is undefined or not exported"),
        ("app.a.b", {}, "Runtime.HandlerNotFound", "app.a.b is undefined or not exported"),
        ("value.x", {"value.js": "exports.x = 1;"}, "Runtime.HandlerNotFound", "value.x is not a function"),
        ("bad.x", {"bad.js": "exports.x = ;"}, "Runtime.UserCodeSyntaxError", "SyntaxError: Unexpected"),
        ("boom.x", {"boom.js": "throw new RangeError('at start');"}, "RangeError", "at start"),
        ("text.x", {"text.js": "throw 'text';"}, "string", "text"),
        (
            "mine.x",
            {"mine.mjs": "import 'not-there';"},
            "Error",
            "Cannot find package 'not-there' imported from ",
        ),
        ("b.x", {"b.mjs": "export const x = ;"}, "Runtime.UserCodeSyntaxError", "SyntaxError: Unexpected"),
    ],
)
def test_init_errors(api, run, handler, files, kind, message):
    process = run(ECHO, handler, files)
    request = api.init_error()
    assert request.json["errorType"] == kind
    assert request.json["errorMessage"].startswith(message)
    assert request.headers["lambda-runtime-function-error-type"] == kind
    assert process.wait() == 129
    assert re.match(r"%s\tundefined\tERROR\tUncaught Exception \t\{\"errorType\":" % STAMP, process.output())
    if handler == "bad.x":
        assert any("/task/bad.js:1" in line for line in request.json["trace"])


HANDLER = "async () => '%s'"


@pytest.mark.parametrize(
    "files, handler, expected",
    [
        ({"src/index.js": "exports.a = { b: %s };" % (HANDLER % "nested")}, "src/index.a.b", "nested"),
        ({"index.mjs": "export const handler = %s;" % (HANDLER % "mjs")}, "index.handler", "mjs"),
        ({"index.cjs": "exports.handler = %s;" % (HANDLER % "cjs")}, "index.handler", "cjs"),
        (
            {
                "package.json": '{"type":"module"}',
                "index.js": "import fs from 'fs'; export const handler = %s;" % (HANDLER % "module"),
            },
            "index.handler",
            "module",
        ),
        (
            {
                "package.json": '{"type":"module"}',
                "src/package.json": "{}",
                "src/index.js": "exports.handler = %s;" % (HANDLER % "commonjs"),
            },
            "src/index.handler",
            "commonjs",
        ),
        ({"index": "exports.handler = %s;" % (HANDLER % "plain")}, "index.handler", "plain"),
        ({"dir/index.js": "exports.handler = %s;" % (HANDLER % "folder")}, "dir.handler", "folder"),
        (
            {"node_modules/pack/index.js": "exports.handler = %s;" % (HANDLER % "package")},
            "pack.handler",
            "package",
        ),
        ({"a b%20/x#1.mjs": "export const handler = %s;" % (HANDLER % "odd")}, "a b%20/x#1.handler", "odd"),
        ({"index.mjs": "export default { handler: %s };" % (HANDLER % "default")}, "index.handler", None),
    ],
)
def test_lookup(api, run, files, handler, expected):
    run("", handler, files)
    if expected is None:
        assert api.init_error().json["errorType"] == "Runtime.HandlerNotFound"
    else:
        assert api.invoke().json == expected


def test_default_export_since_24(api, run):
    run("export default { handler: async () => 'default' };", name="app.mjs", **NODE_24)
    assert api.invoke().json == "default"


def test_modules_of_layers(api, run, tmp_path):
    layer = tmp_path / "opt" / "nodejs" / "node_modules" / "layered"
    layer.mkdir(parents=True)
    (layer / "index.js").write_text("exports.value = 'from the layer';")
    run(
        "exports.handler = async () => require('layered').value;",
        NODE_PATH=str(layer.parent),
    )
    assert api.invoke().json == "from the layer"


def test_handler_in_a_layer(api, run, tmp_path):
    layer = tmp_path / "opt" / "nodejs" / "node_modules" / "layered"
    layer.mkdir(parents=True)
    (layer / "index.js").write_text("exports.handler = async () => 'whole';")
    run("", "layered.handler", NODE_PATH=str(layer.parent))
    assert api.invoke().json == "whole"
