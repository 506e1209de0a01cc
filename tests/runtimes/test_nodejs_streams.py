"""The Node.js runtime: responses in a stream."""

import base64
import json
import socket

import pytest

from fake_api import wait_until


@pytest.fixture
def run(run_nodejs):
    return run_nodejs


def stream(body, options=""):
    handler = "async (event, stream, context) => { %s }" % body
    return "exports.handler = awslambda.streamifyResponse(%s%s);" % (handler, options)


@pytest.mark.parametrize("major", [20, 24])
def test_stream(api, run, major):
    run(
        stream("stream.setContentType('text/plain'); stream.write('é'); stream.write(new Uint8Array([1, 0]));"
               "stream.write({ a: 1 }); stream.write(''); stream.end('end');", ", { highWaterMark: 4 }"),
        AWS_EXECUTION_ENV="AWS_Lambda_nodejs%d.x" % major,
    )
    for _ in range(2):
        outcome = api.invoke()
        assert outcome.kind == "response"
        assert outcome.body == 'é\x01\x00{"a":1}end'.encode()
        assert outcome.headers["lambda-runtime-function-response-mode"] == "streaming"
        assert outcome.headers["transfer-encoding"] == "chunked"
        assert outcome.headers["content-type"] == "text/plain"
        assert outcome.trailers == {}


def test_stream_is_live(api, run):
    run(
        """
        const net = require('net');
        exports.handler = awslambda.streamifyResponse(async (event, stream) => {
            stream.write('first');
            await new Promise((resolve) => net.connect(event.port, '127.0.0.1').on('data', resolve));
            stream.end('second');
        });
        """
    )
    with socket.create_server(("127.0.0.1", 0)) as listener:
        api.send_event({"port": listener.getsockname()[1]})
        assert api.chunks.get(timeout=20) == b"first"
        connection, _ = listener.accept()
        with connection:
            assert api.outcomes.empty()
            connection.sendall(b"go on")
            assert api.chunks.get(timeout=20) == b"second"
    assert api.outcomes.get(timeout=20).body == b"firstsecond"


def test_stream_with_metadata(api, run):
    run(
        stream("stream = awslambda.HttpResponseStream.from(stream, { statusCode: 201, cookies: ['a=é'] });"
               "if (event) stream.write('body'); stream.end();")
    )
    prelude = '{"statusCode":201,"cookies":["a=é"]}'.encode() + bytes(8)
    for event, rest in ((1, b"body"), (0, b"")):
        outcome = api.invoke(event)
        assert outcome.body == prelude + rest
        assert outcome.headers["content-type"] == "application/vnd.awslambda.http-integration-response"


def test_stream_of_megabytes_through_a_pipeline(api, run):
    run(
        """
        const { pipeline } = require('stream/promises');
        const { Readable } = require('stream');
        exports.handler = awslambda.streamifyResponse(async (event, stream) => {
            await pipeline(Readable.from(Array.from({ length: 96 }, () => Buffer.alloc(65536, 'z'))), stream);
        });
        """
    )
    assert api.invoke().body == b"z" * 6 * 1024 * 1024
    assert len(api.invoke().body) == 6 * 1024 * 1024


@pytest.mark.parametrize(
    "body, kind, message",
    [
        ("throw new RangeError('early');", "RangeError", "early"),
        ("", "Error", "Response stream is not finished."),
        ("await new Promise(() => {});", "Error", "Response stream is not finished."),
        ("stream.destroy(new RangeError('broken'));", "RangeError", "broken"),
    ],
)
def test_stream_that_fails_before_its_first_byte(api, run, body, kind, message):
    run(stream(body))
    for _ in range(2):
        outcome = api.invoke()
        assert outcome.kind == "error"
        assert (outcome.json["errorType"], outcome.json["errorMessage"]) == (kind, message)


@pytest.mark.parametrize(
    "body, kind, message",
    [
        ("throw new RangeError('é');", "RangeError", "é"),
        ("", "Error", "Response stream is not finished."),
        ("stream.destroy(new RangeError('broken'));", "RangeError", "broken"),
        ("stream.destroy();", "Error", "Response stream is not finished."),
        ("throw Object.assign(new Error('x'), { name: 'a\\r\\nb: c' });", "a\r\nb: c", "x"),
    ],
)
def test_stream_that_fails_later(api, run, body, kind, message):
    process = run(stream("await new Promise((resolve) => stream.write('part', resolve)); " + body))
    for _ in range(2):
        outcome = api.invoke()
        assert (outcome.kind, outcome.body) == ("response", b"part")
        announced = outcome.headers["trailer"].lower().split(", ")
        assert set(outcome.trailers) == set(announced)
        error = json.loads(base64.b64decode(outcome.trailers["lambda-runtime-function-error-body"]))
        assert (error["errorType"], error["errorMessage"]) == (kind, message)
        header = kind if kind.isalpha() else "Function.Unknown"
        assert outcome.trailers["lambda-runtime-function-error-type"] == header
    assert process.output().count("\tERROR\tInvoke Error \t") == 2


def test_crash_in_a_stream(api, run):
    process = run(stream("stream.write('part'); setTimeout(() => { throw new Error('boom') }, 1);"
                         "await new Promise((r) => setTimeout(r, 10000));"))
    outcome = api.invoke()
    assert outcome.body == b"part"
    error = json.loads(base64.b64decode(outcome.trailers["lambda-runtime-function-error-body"]))
    assert error["errorMessage"] == "boom"
    assert process.wait() == 129


def test_stream_handler_that_is_not_async(api, run):
    run("exports.handler = awslambda.streamifyResponse((event, stream) => { });")
    assert api.invoke().json["errorMessage"] == "Streaming does not support non-async handlers."


def test_content_type_too_late(api, run):
    run(stream("stream.write('a'); try { await new Promise(setImmediate); stream.setContentType('x/y') }"
               "catch (error) { stream.write(error.name) } stream.end();"))
    assert api.invoke().body == b"aRuntime.InvalidStreamingOperation"


@pytest.mark.parametrize(
    "type, kind",
    [("'a/b\\r\\nX-Y: 1'", "TypeError"), ("'a/\u20ac'", "TypeError"), ("undefined", "TypeError")],
)
def test_content_type_that_no_header_can_carry(api, run, type, kind):
    run(stream("stream.setContentType(%s);" % type))
    assert api.invoke().json["errorType"] == kind


def test_content_type_after_a_write_that_waits(api, run):
    run(stream("stream.cork(); stream.write('a'); try { stream.setContentType('x/y') }"
               "catch (error) { stream.write(error.name) } stream.end();"))
    outcome = api.invoke()
    assert outcome.body == b"aRuntime.InvalidStreamingOperation"
    assert outcome.headers["content-type"] == "application/octet-stream"


def test_write_tells_of_a_slow_reader(api, run):
    api.shrink_buffers()
    api.reads_chunks.clear()
    process = run(
        """
        const { once } = require('events');
        exports.handler = awslambda.streamifyResponse(async (event, stream) => {
            let waits = 0;
            for (let i = 0; i < 100; i++)
                if (!stream.write(Buffer.alloc(1 << 20))) {
                    if (stream.writableLength > 1 << 22)
                        throw new Error('all is kept');
                    if (waits++ === 0)
                        process.stderr.write('waits\\n');
                    await once(stream, 'drain');
                }
            stream.end(String(waits));
        }, { highWaterMark: 1 << 21 });
        """
    )
    api.send_event()
    wait_until(lambda: "waits" in process.output())
    assert api.outcomes.empty()
    api.reads_chunks.set()
    outcome = api.outcomes.get(timeout=20)
    assert outcome.trailers == {}
    assert len(outcome.body) > 100 << 20
    assert 0 < int(outcome.body[100 << 20 :]) < 100


@pytest.mark.parametrize("mark", ["0", "-1", "NaN", "'x'", "1.5"])
def test_odd_high_water_marks(api, run, mark):
    run(stream("stream.end(String(stream.writableHighWaterMark));", ", { highWaterMark: %s }" % mark))
    assert api.invoke().body in ((b"1",) if mark == "1.5" else (b"16384", b"65536"))


def test_failure_after_the_end_is_logged_alone(api, run):
    process = run(stream("stream.write('whole'); stream.end(); throw new Error('late');"))
    for _ in range(2):
        outcome = api.invoke()
        assert (outcome.body, outcome.trailers) == (b"whole", {})
    wait_until(lambda: process.output().count("\tERROR\tInvoke Error \t") == 2)


def test_destroyed_after_the_end(api, run):
    api.shrink_buffers()
    api.reads_chunks.clear()
    run(stream("stream.write(Buffer.alloc(32 << 20)); stream.write('lost'); stream.end();"
               "stream.destroy(new Error('broken'));"))
    api.send_event()
    api.reads_chunks.set()
    outcome = api.outcomes.get(timeout=20)
    assert len(outcome.body) == 32 << 20
    error = json.loads(base64.b64decode(outcome.trailers["lambda-runtime-function-error-body"]))
    assert error["errorMessage"] == "broken"


def test_answer_before_the_end_stops_the_function(api, run):
    process = run(
        """
        const { pipeline } = require('stream/promises');
        async function* forever() {
            for (;;) {
                yield 'x';
                await new Promise(setImmediate);
            }
        }
        exports.handler = awslambda.streamifyResponse(async (event, stream) => {
            if (event)
                return stream.end('ok');
            await pipeline(forever(), stream).catch((error) => {
                console.log(error.code, error.message);
                throw error;
            });
        });
        """
    )
    api.interruption = b"HTTP/1.1 413 Payload Too Large\r\nContent-Length: 2\r\n\r\n{}"
    api.send_event(0)
    wait_until(lambda: len(api.requests) == 2)
    assert "EPIPE The platform takes no more of the response: status 413" in process.output()
    api.interruption = b""
    api.send_event(1)
    assert api.outcomes.get(timeout=20).body == b"ok"
    assert api.requests[-1].connection == 2


@pytest.mark.parametrize("major", [20, 24])
def test_stream_of_an_es_module(api, run, major):
    run(
        """
        import { pipeline } from 'node:stream/promises';
        export const handler = awslambda.streamifyResponse(async (event, stream, context) => {
            stream = awslambda.HttpResponseStream.from(stream, { statusCode: 200 });
            await pipeline([context.awsRequestId], stream);
        });
        """,
        name="app.mjs",
        AWS_EXECUTION_ENV="AWS_Lambda_nodejs%d.x" % major,
    )
    prelude = b'{"statusCode":200}' + bytes(8)
    assert api.invoke().body == prelude + b"8476a536-e9f4-11e8-9739-2dfe598c0001"


@pytest.mark.parametrize("major", [20, 24])
def test_context_and_log_of_a_stream(api, run, major):
    process = run(
        stream("console.log('said'); stream.end(JSON.stringify([Object.keys(context),"
               "context.getRemainingTimeInMillis() > 0])); return 1;"),
        AWS_EXECUTION_ENV="AWS_Lambda_nodejs%d.x" % major,
    )
    names, has_time = api.invoke().json
    assert has_time
    assert ("callbackWaitsForEmptyEventLoop" in names) == (major < 24)
    assert not {"succeed", "fail", "done"} & set(names)
    assert {"awsRequestId", "functionName", "invokedFunctionArn", "logStreamName"} <= set(names)
    request_id = "8476a536-e9f4-11e8-9739-2dfe598c0001"
    assert "\t%s\tINFO\tsaid\n" % request_id in process.output()
    assert "\t%s\tWARN\tStreaming handlers ignore return values.\n" % request_id in process.output()


def test_unknown_kind_of_streaming(api, run):
    process = run(
        "exports.handler = async () => {};"
        "exports.handler[Symbol.for('aws.lambda.runtime.handler.streaming')] = 'request';"
    )
    error = api.init_error().json
    assert (error["errorType"], error["errorMessage"]) == (
        "Runtime.MalformedStreamingHandler",
        "Only response streaming is supported.",
    )
    assert process.wait() == 129
