"""Deployment packages: zips made in memory, and functions in C compiled against the C runtime."""

import functools
import hashlib
import base64
import io
import subprocess
import tempfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]

FIXED_DATE = (2026, 1, 1, 0, 0, 0)


def add_file(archive, name, content, mode=0o644):
    info = zipfile.ZipInfo(name, FIXED_DATE)
    info.external_attr = (0o100000 | mode) << 16
    info.create_system = 3
    info.compress_type = zipfile.ZIP_DEFLATED
    archive.writestr(info, content)


def zip_files(files, mode=0o644):
    """{name: text or bytes} as a zip; names that end with "bootstrap" or ".sh" are executable."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for name, content in files.items():
            executable = name.endswith(("bootstrap", ".sh"))
            add_file(archive, name, content, 0o755 if executable else mode)
    return data.getvalue()


def python_zip(source):
    return zip_files({"app.py": source})


def node_zip(source, name="index.js"):
    return zip_files({name: source})


def bash_zip(handler):
    """A runtime in bash over curl: `handler` is a bash function body that reads $EVENT and prints the
    answer."""
    return zip_files({"bootstrap": BASH_RUNTIME.replace("HANDLER", handler)})


BASH_RUNTIME = """#!/bin/bash
set -u
api="http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime"
handle() {
    HANDLER
}
while true; do
    headers=$(mktemp)
    EVENT=$(curl -sS -D "$headers" "$api/invocation/next") || exit 1
    REQUEST_ID=$(tr -d '\\r' <"$headers" | sed -n 's/^[Ll]ambda-[Rr]untime-[Aa]ws-[Rr]equest-[Ii]d: //p')
    rm -f "$headers"
    curl -sS -o /dev/null --data-binary "$(handle)" "$api/invocation/$REQUEST_ID/response"
done
"""


@functools.lru_cache(maxsize=None)
def c_program(source):
    """A static function in C, as the README tells users to build it, but from the library's sources."""
    library = sorted(str(path) for path in (ROOT / "runtimes" / "c").glob("*.c"))
    with tempfile.TemporaryDirectory(prefix="lamb-c-") as folder:
        main = Path(folder, "main.c")
        main.write_text(source)
        bootstrap = Path(folder, "bootstrap")
        command = ["musl-gcc", "-static", "-O2", "-D_GNU_SOURCE", f"-I{ROOT}/runtimes/c"]
        built = subprocess.run(
            [*command, "-o", bootstrap, main, *library], capture_output=True, text=True, check=False
        )
        assert built.returncode == 0, built.stderr
        return bootstrap.read_bytes()


def c_zip(source, files=None):
    return zip_files({"bootstrap": c_program(source), **(files or {})})


def c_function(body, includes="", files=None):
    """A C function whose handler has `body`; in it: event, context, response."""
    return c_zip(
        f"""#include <lamb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
{includes}
static void handle(const struct lamb_event *event, const struct lamb_context *context,
                   struct lamb_response *response, void *user)
{{
    (void)event, (void)context, (void)user;
    {body}
}}

int main(void)
{{
    return lamb_run(handle, NULL);
}}
""",
        files,
    )


# Answers what stands in the file `number` of its package.
NUMBER_C = """FILE *file = fopen("/var/task/number", "r");
    char text[32];
    lamb_respondf(response, "%s", file && fgets(text, sizeof text, file) ? text : "null");
    if (file)
        fclose(file);"""
ECHO_C = "lamb_respond(response, event->data, event->size);"
ECHO_PY = "def handler(event, context):\n    return event\n"


def sha256_base64(data):
    return base64.b64encode(hashlib.sha256(data).digest()).decode()


def zip_entry(name, content, mode):
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        add_file(archive, name, content, mode)
    return data.getvalue()


@functools.lru_cache(maxsize=None)
def node_major():
    """20 for Node v20.1.2; None when there is none."""
    try:
        shown = subprocess.run(
            ["/usr/bin/node", "--version"], capture_output=True, text=True, check=True
        ).stdout
    except (OSError, subprocess.CalledProcessError):
        return None
    return int(shown.lstrip("v").split(".")[0])
