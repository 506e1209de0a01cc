"""A function's URL beside nginx: both answer a small page of a C program, to 16 connections."""

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
from floors import MeasureError
from lamb_daemon import free_port

FUNCTION = "page"
CONNECTIONS = 16
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
        location / {{ proxy_pass http://program; proxy_http_version 1.1; proxy_set_header Connection ""; }}
    }}
}}
"""


class Nginx:
    """nginx on a free port before floor_page; a context manager."""

    def __init__(self, bench, port):
        self.bench = bench
        self.port = port

    def __enter__(self):
        nginx = shutil.which("nginx", path=os.environ.get("PATH", "") + ":/usr/sbin")
        if not nginx:
            raise MeasureError("there is no nginx to measure beside: apt-get install nginx-light")
        self.program = subprocess.Popen([self.bench.programs.path("floor_page")], stdout=subprocess.PIPE,
                                        text=True)
        program = json.loads(self.program.stdout.readline())["port"]
        self.folder = tempfile.TemporaryDirectory(prefix="lamb-bench-nginx-")
        path = os.path.join(self.folder.name, "nginx.conf")
        with open(path, "w", encoding="ascii") as file:
            file.write(NGINX.format(folder=self.folder.name, program=program, port=self.port))
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
        for process in (self.nginx, self.program):
            process.terminate()
            process.wait()
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
    with bench.daemon() as daemon:
        daemon.start()
        host = create_url(daemon, bench)
        with Nginx(bench, free_port()) as nginx:
            def run(port):
                return bench.programs.run("bench_load", "--port", port, "--host", host, "--connections",
                                          CONNECTIONS, "--seconds", bench.seconds)
            results = bench.take_turns({"nginx": lambda: run(nginx.port), "lamb": lambda: run(daemon.port)})
    return [Row(f"URL, {CONNECTIONS} connections, C; floor: nginx before a C program", "calls/s",
                median_of(results["lamb"], "rate"), median_of(results["nginx"], "rate"),
                Target("≥ 0.7 × nginx", "ratio", 0.7, at_least=True),
                {name: [result["rate"] for result in rounds] for name, rounds in results.items()})]
