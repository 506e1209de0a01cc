"""The life of a Python function's process: get ready, load the handler, then one event after the
other."""

import os
import sys

from . import Fault, codec, standard, state
from .client import Client
from .context import LambdaContext, function_fields

TRACE_VARIABLE = b"_X_AMZN_TRACE_ID"

# Audit events of calls that hand the environment to another program.
SPAWN_EVENTS = frozenset(
    ("subprocess.Popen", "os.exec", "os.fork", "os.forkpty", "os.posix_spawn", "os.system")
)

# What os.environ reads, as bytes.
_variables = os.environ._data


def main():
    environ = os.environ
    _open_streams()
    if "_LAMB_HANDOVER_FD" in environ:
        from . import parked

        parked.wait(int(environ["_LAMB_HANDOVER_FD"]), _function_folders)
    if "AWS_LAMBDA_RUNTIME_API" not in environ:
        raise SystemExit("lamb: AWS_LAMBDA_RUNTIME_API isn't set: a function is started by Lamb")
    log_fd = environ.pop("_LAMBDA_TELEMETRY_LOG_FD", None)
    state.log_fd = None if log_fd is None else int(log_fd)
    _set_path(environ)
    _watch_logging()
    sys.addaudithook(_export_trace)
    client = Client(environ["AWS_LAMBDA_RUNTIME_API"])
    try:
        handler = _find_handler(environ.get("_HANDLER", ""))
    except Exception as error:
        _fail_init(client, error)
    function = function_fields(environ)
    serve = _serve_stream if getattr(handler, "streams_response", False) else _serve
    while True:
        serve(client, handler, function)


def _open_streams():
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.reconfigure(encoding="utf-8", line_buffering=True)


def _set_path(environ):
    """The function's folder and its layers come first, the interpreter's own folders follow.

     The interpreter starts without its `site` module, which takes as long as all the rest. What
    functions know of it is done here: the folders of installed packages, and exit(). The whole of
    it runs for a function that set PYTHONPATH or a wrapper script, because these may count on it
    (sitecustomize).
    """
    version = "python%d.%d" % sys.version_info[:2]
    if sys.flags.no_site:
        wants_site = environ.get("PYTHONPATH", "/var/runtime") != "/var/runtime"
        if wants_site or "AWS_LAMBDA_EXEC_WRAPPER" in environ:
            standard("site").main()
        else:
            _add_packages(version)
    sys.path[0:1] = _function_folders(environ)


def _function_folders(environ):
    """Where the modules of a function and its layers are looked for."""
    return [
        environ.get("LAMBDA_TASK_ROOT", "/var/task"),
        "/opt/python/lib/python%d.%d/site-packages" % sys.version_info[:2],
        "/opt/python",
    ]


def _add_packages(version):
    import _sitebuiltins
    import builtins

    builtins.exit = _sitebuiltins.Quitter("exit", "Ctrl-D (i.e. EOF)")
    builtins.quit = _sitebuiltins.Quitter("quit", "Ctrl-D (i.e. EOF)")
    folders = [
        "%s/lib/%s/site-packages" % (sys.prefix, version),
        "/usr/local/lib/%s/dist-packages" % version,
        "/usr/lib/python3/dist-packages",
    ]
    # The last two are Debian's, for Debian's own interpreter.
    sys.path += folders[1:] if sys.prefix == "/usr" else folders[:1]


def _watch_logging():
    """Sets up `logging` at the moment a function imports it; many never do, and it takes long to
    import."""
    if "logging" in sys.modules:
        from . import logs

        logs.install()
    else:
        sys.meta_path.insert(0, _LoggingFinder)


class _LoggingFinder:
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        if name != "logging":
            return None
        sys.meta_path.remove(cls)
        import _frozen_importlib_external as importer

        spec = importer.PathFinder.find_spec(name, [os.path.dirname(os.__file__)])
        if spec is not None:
            execute = spec.loader.exec_module

            def execute_and_install(module):
                execute(module)
                from . import logs

                logs.install()

            spec.loader.exec_module = execute_and_install
        return spec


def _find_handler(name):
    try:
        module_name, function_name = name.rsplit(".", 1)
    except ValueError as error:
        raise Fault("Runtime.MalformedHandlerName", "Bad handler '%s': %s" % (name, error)) from None
    if module_name.split(".")[0] in sys.builtin_module_names:
        raise Fault(
            "Runtime.BuiltInModuleConflict",
            "Cannot use built-in module %s as a handler module" % module_name,
        )
    try:
        module = _import(module_name.replace("/", "."))
    except ImportError as error:
        raise Fault(
            "Runtime.ImportModuleError", "Unable to import module '%s': %s" % (module_name, error)
        ) from None
    except SyntaxError as error:
        raise Fault(
            "Runtime.UserCodeSyntaxError",
            "Syntax error in module '%s': %s" % (module_name, error),
            ['  File "%s" Line %s\n    %s' % (error.filename, error.lineno, error.text)],
        ) from None
    try:
        return getattr(module, function_name)
    except AttributeError:
        raise Fault(
            "Runtime.HandlerNotFound",
            "Handler '%s' missing on module '%s'" % (function_name, module_name),
        ) from None


def _import(name):
    if name.startswith("."):
        raise TypeError("the 'package' argument is required to perform a relative import for %r" % name)
    __import__(name)
    return sys.modules[name]


def _fail_init(client, error):
    from . import faults, sink

    document, _ = faults.describe(error)
    sink.write_error(document)
    _flush()
    client.fail_init(codec.dump(document).encode("utf-8"), document["errorType"])
    sys.exit(1)


def _serve(client, handler, function):
    request_id, headers, body = _next(client)
    try:
        event = codec.decode(body, headers.get("content-type", "application/json"))
        body = None
        result = handler(event, LambdaContext(headers, function))
        result, content_type = codec.encode(result)
    except Exception as error:
        document, cause = _report(error, request_id)
        client.fail(request_id, codec.dump(document).encode("utf-8"), document["errorType"], cause)
    else:
        _flush()
        client.respond(request_id, result, content_type)


def _serve_stream(client, handler, function):
    from .streams import ResponseStream

    request_id, headers, body = _next(client)
    stream = ResponseStream(client, request_id)
    try:
        event = codec.decode(body, headers.get("content-type", "application/json"))
        body = None
        returned = handler(event, stream, LambdaContext(headers, function))
        if hasattr(returned, "__next__"):
            stream.write_all(returned)
        elif returned is not None:
            from . import sink

            sink.get().write("Streaming handlers ignore return values.", 30)
    except Exception as error:
        document, cause = _report(error, request_id)
        if stream.started:
            stream.finish(document)
        else:
            stream.abandon()
            client.fail(request_id, codec.dump(document).encode("utf-8"), document["errorType"], cause)
    else:
        _flush()
        stream.finish()


def _next(client):
    headers, body = client.next()
    request_id = state.request_id = headers["lambda-runtime-aws-request-id"]
    state.tenant_id = headers.get("lambda-runtime-aws-tenant-id")
    _set_trace(headers.get("lambda-runtime-trace-id"))
    return request_id, headers, body


def _report(error, request_id):
    """Logs a failure; gives its document and its cause."""
    from . import faults, sink

    document, cause = faults.describe(error, request_id)
    sink.write_error(document)
    _flush()
    return document, cause


def _flush():
    """What a function printed is out before its invocation ends: then the process may be frozen."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (AttributeError, ValueError, OSError):
            pass  # The function closed or replaced it.


def _set_trace(trace):
    """Sets the variable for os.environ alone: the C library would keep every value it ever had."""
    if trace is None:
        _variables.pop(TRACE_VARIABLE, None)
    else:
        _variables[TRACE_VARIABLE] = os.fsencode(trace)


def _export_trace(event, _):
    """Sets it for the C library too, when another program is about to get the environment."""
    if event in SPAWN_EVENTS:
        if TRACE_VARIABLE in _variables:
            os.putenv(TRACE_VARIABLE, _variables[TRACE_VARIABLE])
        else:
            os.unsetenv(TRACE_VARIABLE)
