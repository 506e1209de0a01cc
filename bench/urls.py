"""A function's URL beside nginx, to 16 connections: nginx before a C program that speaks HTTP itself, and
before the floor of calls, which hands each request to a process of the Runtime API as Lamb does."""

import json
import os
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.parse

import deployment
from figures import Row, Target, median_of
from floors import InvokeFloor, MeasureError
from lamb_daemon import free_port

FUNCTION = "page"
CONNECTIONS = 16
RUNTIMES = 4
START_TIMEOUT_S = 10

# What nginx is told by those who want it fast; its own program is the one it stands before.
NGINX = """
worker_processes auto;
pid {folder}/pid;
error_log {folder}/error.log;
events {{ worker_connections 1024; }}
http {{
    access_log off;
    keepalive_requests 1000000000;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    upstream program {{ server 127.0.0.1:{program}; keepalive 64; keepalive_requests 1000000000; }}
    server {{
        listen 127.0.0.1:{port};
        location / {{
            proxy_pass http://program{path};
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            {more}
        }}
    }}
}}
"""


AS_CALL = "/2015-03-31/functions/floor/invocations"
AS_POST = "proxy_method POST; proxy_set_body '{}';"


class Page:
    """A running floor_page; a context manager."""

    def __init__(self, bench):
        self.bench = bench

    def __enter__(self):
        self.program = subprocess.Popen([self.bench.programs.path("floor_page")], stdout=subprocess.PIPE,
                                        text=True)
        self.port = json.loads(self.program.stdout.readline())["port"]
        return self

    def __exit__(self, *_):
        self.program.terminate()
        self.program.communicate()


class Nginx:
    """nginx on a free port before a program's; a context manager."""

    def __init__(self, program, path="", more=""):
        self.program = program
        self.path = path
        self.more = more
        self.port = free_port()

    def __enter__(self):
        nginx = shutil.which("nginx", path=os.environ.get("PATH", "") + ":/usr/sbin")
        if not nginx:
            raise MeasureError("there is no nginx to measure beside: apt-get install nginx-light")
        self.folder = tempfile.TemporaryDirectory(prefix="lamb-bench-nginx-")
        path = os.path.join(self.folder.name, "nginx.conf")
        with open(path, "w", encoding="ascii") as file:
            file.write(NGINX.format(folder=self.folder.name, program=self.program, port=self.port,
                                    path=self.path, more=self.more))
        self.nginx = subprocess.Popen([nginx, "-c", path, "-g", "daemon off;"], stderr=subprocess.DEVNULL)
        self.wait_ready()
        return self

    def wait_ready(self):
        deadline = time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < deadline:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                time.sleep(0.01)
        raise MeasureError("nginx does not listen")

    def __exit__(self, *_):
        self.nginx.terminate()
        self.nginx.wait()
        self.folder.cleanup()


def create_url(daemon, bench):
    deployed = deployment.Deployment(daemon.port, daemon.key)
    bootstrap = deployment.build_bootstrap(daemon.work_dir, "page.c")
    deployed.create(FUNCTION, "c", deployment.zip_bytes({"bootstrap": (bootstrap, 0o755)}))
    deployed.wait_ready(FUNCTION)
    permission = {"FunctionName": FUNCTION, "Principal": "*"}
    deployed.client.add_permission(StatementId="url", Action="lambda:InvokeFunctionUrl",
                                   FunctionUrlAuthType="NONE", **permission)
    deployed.client.add_permission(StatementId="call", Action="lambda:InvokeFunction", **permission)
    url = deployed.client.create_function_url_config(FunctionName=FUNCTION, AuthType="NONE")["FunctionUrl"]
    return urllib.parse.urlsplit(url).netloc


def urls(bench):
    def run(port, host):
        return bench.programs.run("bench_load", "--port", port, "--host", host, "--connections", CONNECTIONS,
                                  "--seconds", bench.seconds)
    with bench.daemon() as daemon, Page(bench) as page, InvokeFloor(bench.programs, RUNTIMES) as invoke:
        daemon.start()
        host = create_url(daemon, bench)
        with Nginx(page.port) as before_page, Nginx(invoke.port, AS_CALL, AS_POST) as before_invoke:
            results = bench.take_turns({
                "page": lambda: run(before_page.port, host),
                "invoke": lambda: run(before_invoke.port, host),
                "lamb": lambda: run(daemon.port, host)})
    rates = {name: [result["rate"] for result in rounds] for name, rounds in results.items()}
    target = Target("≥ 0.7 × nginx", "ratio", 0.7, at_least=True)
    return [Row(f"URL, {CONNECTIONS} connections, C; floor: nginx before {text}", "calls/s",
                median_of(results["lamb"], "rate"), median_of(results[name], "rate"), target, rates)
            for name, text in (("page", "a C program"), ("invoke", "the floor of calls"))]
