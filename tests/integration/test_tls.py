"""TLS on the daemon's addresses, with real clients: certificates and their renewal, versions, names, ends."""

import http.client
import json
import os
import re
import signal
import socket
import ssl
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from urllib.parse import urlsplit

import boto3
import botocore.config
import botocore.exceptions
import pytest

from support import clients, packages
from support.certificates import Authority, common_name
from support.daemon import ROOT, Daemon, build_dir
from support.environment import clean_environment
from support.waiting import wait_until

LOCAL = ["DNS:localhost", "DNS:*.localhost", "IP:127.0.0.1"]


@pytest.fixture(scope="module")
def authority():
    made = Authority()
    made.issue("local", LOCAL)
    made.issue("other", ["DNS:lamb.test", "DNS:*.apps.lamb.test"], key="rsa")
    yield made
    made.remove()


def tls_settings(authority, *names, listen="127.0.0.1:0,https://127.0.0.1:0"):
    certs = ",".join(str(authority.dir / f"{name}.pem") for name in names)
    keys = ",".join(str(authority.dir / f"{name}.key") for name in names)
    return ["--listen", listen, "--tls-cert", certs, "--tls-key", keys]


def tls_port(daemon):
    return int(re.search(r"https://[^ ,]*:(\d+)", daemon.ready_line).group(1))


@pytest.fixture
def secure(new_daemon, authority):
    """A daemon with a plain address and one with TLS: `.port` and `.tls`."""
    lamb = new_daemon(*tls_settings(authority, "local", "other"))
    lamb.tls = tls_port(lamb.daemon)
    return lamb


@pytest.fixture
def alone():
    """alone(*args) starts a daemon that may have no plain address, so it has no role, which other fixtures
    make by plain requests; `.tls` is its port of TLS."""
    daemons = []

    def start(*args):
        daemon = Daemon(*args, "--role-check", "off")
        daemon.has_role = True
        daemons.append(daemon)
        daemon.start()
        tls = int(re.findall(r"https://127\.0\.0\.1:(\d+)", daemon.ready_line)[-1])
        return SimpleNamespace(daemon=daemon, region=daemon.keys["AWS_REGION"], tls=tls)

    yield start
    for daemon in daemons:
        try:
            if daemon.is_running():
                daemon.stop_and_check()
        finally:
            daemon.remove()


def connect(port, context, name="localhost", timeout_s=20):
    plain = socket.create_connection(("127.0.0.1", port), timeout=timeout_s)
    try:
        return context.wrap_socket(plain, server_hostname=name)
    except BaseException:
        plain.close()
        raise


def get(connection, path="/metrics", headers="Host: localhost\r\n"):
    connection.sendall(f"GET {path} HTTP/1.1\r\n{headers}\r\n".encode())
    response = http.client.HTTPResponse(connection)
    response.begin()
    body = response.read()
    return response.status, body


def boto_over_tls(lamb, authority, host="127.0.0.1", **options):
    return boto3.session.Session().client(
        "lambda",
        endpoint_url=f"https://{host}:{lamb.tls}",
        region_name=lamb.region,
        aws_access_key_id=lamb.daemon.keys["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=lamb.daemon.keys["AWS_SECRET_ACCESS_KEY"],
        config=botocore.config.Config(retries={"total_max_attempts": 1}, read_timeout=60),
        **{"verify": str(authority.ca), **options},
    )


def create_python(client, name, source):
    client.create_function(
        FunctionName=name,
        Runtime="python3.11",
        Handler="app.handler",
        Role=clients.ROLE,
        Code={"ZipFile": packages.python_zip(source)},
    )
    wait_until(
        lambda: client.get_function_configuration(FunctionName=name)["State"] == "Active", 10, "active"
    )


# ---- clients ----


def test_boto3_creates_and_invokes(secure, authority):
    client = boto_over_tls(secure, authority)
    name = secure.new_name()
    create_python(client, name, packages.ECHO_PY)
    assert clients.invoke(client, name, {"over": "tls"}).json == {"over": "tls"}
    client.close()
    stranger = boto_over_tls(secure, authority, verify=True)
    with pytest.raises(botocore.exceptions.SSLError):
        stranger.list_functions()
    stranger.close()


def test_aws_cli(secure, authority, tmp_path):
    name = secure.create_python(packages.ECHO_PY)

    def aws(*words, **environment):
        return subprocess.run(
            ["/usr/bin/aws", "--endpoint-url", f"https://localhost:{secure.tls}", "lambda", *words],
            env={**clients.client_environment(secure.daemon), **environment},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    bundle = {"AWS_CA_BUNDLE": str(authority.ca)}
    payload = ["--cli-binary-format", "raw-in-base64-out", "--payload", '{"a": 1}']
    done = aws("invoke", "--function-name", name, *payload, str(tmp_path / "answer"), **bundle)
    assert done.returncode == 0, done.stderr
    assert json.loads((tmp_path / "answer").read_text()) == {"a": 1}
    refused = aws("list-functions")
    assert refused.returncode != 0 and "SSL validation failed" in refused.stderr


def test_curl_speaks_http_1_1(secure, authority):
    """curl offers h2 as well."""
    done = subprocess.run(
        [
            *("curl", "--silent", "--show-error", "--http2", "--cacert", str(authority.ca)),
            *("--output", "/dev/null", "--write-out", "%{http_code} %{http_version}"),
            f"https://localhost:{secure.tls}/metrics",
        ],
        env=clean_environment(),
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "200 1.1"), done.stderr


def test_payloads_of_6_mb_pass_both_ways(secure, authority):
    name = secure.create_python(packages.ECHO_PY, Timeout=60)
    client = boto_over_tls(secure, authority)
    event = {"data": "".join(chr(97 + i % 26) for i in range(1000)) * 6000}
    assert clients.invoke(client, name, event).json == event
    client.close()


def test_many_clients_keep_their_connections(secure, authority):
    def work(number):
        with connect(secure.tls, authority.context()) as connection:
            for _ in range(20):
                status, body = get(connection)
                assert status == 200 and b"lamb_http_connections" in body
            return int(re.search(rb"^lamb_http_connections (\d+)", body, re.MULTILINE).group(1))

    with ThreadPoolExecutor(16) as pool:
        counts = list(pool.map(work, range(64)))
    assert max(counts) > 1


def test_plain_and_tls_are_one_api(secure, authority):
    name = secure.create_python(packages.ECHO_PY)
    client = boto_over_tls(secure, authority)
    assert [f["FunctionName"] for f in client.list_functions()["Functions"]] == [name]
    client.close()
    assert secure.invoke(name, 1).json == 1


# ---- function URLs ----

BOTH = "127.0.0.1:0,https://127.0.0.1:0"


@pytest.mark.parametrize(
    "listen, more, told",
    [
        (BOTH, [], "http://{name}:{plain}/"),
        ("https://127.0.0.1:0", [], "https://{name}:{tls}/"),
        (BOTH, ["--public-endpoint", "https://localhost:8443"], "https://{name}:8443/"),
    ],
    ids=["both", "https-alone", "public-endpoint"],
)
def test_function_url(alone, authority, listen, more, told):
    """The URL that is told follows the setting, else the first plain address; it works over TLS anyway, and
    the event says by what the client came."""
    authority.issue("urls", ["IP:127.0.0.1", "DNS:*.lambda-url.us-east-1.localhost"])
    lamb = alone(*tls_settings(authority, "urls", listen=listen), *more, "--auth", "off")
    client = boto_over_tls(lamb, authority)
    create_python(client, "echo", "def handler(event, context):\n    return event\n")
    client.create_function_url_config(FunctionName="echo", AuthType="NONE")
    url = client.get_function_url_config(FunctionName="echo")["FunctionUrl"]
    client.close()
    name = urlsplit(url).hostname
    assert re.fullmatch(r"[a-z0-9]{32}\.lambda-url\.us-east-1\.localhost", name)
    assert url == told.format(name=name, plain=lamb.daemon.port, tls=lamb.tls)
    with connect(lamb.tls, authority.context(), name=name) as connection:
        headers = f"Host: {name}:{lamb.tls}\r\nX-Forwarded-Proto: gopher\r\n"
        status, body = get(connection, "/", headers)
        assert status == 200, body
        event = json.loads(body)
        own = {key: value for key, value in event["headers"].items() if key.startswith("x-")}
        assert own.pop("x-amzn-trace-id") and event["requestContext"]["domainName"] == name
        assert own == {
            "x-amzn-tls-cipher-suite": connection.cipher()[0],
            "x-amzn-tls-version": connection.version(),
            "x-forwarded-for": "127.0.0.1",
            "x-forwarded-port": str(lamb.tls),
            "x-forwarded-proto": "https",
        }


# ---- handshakes ----


@pytest.mark.parametrize(
    "version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=["1.2", "1.3"]
)
def test_versions(secure, authority, version):
    context = authority.context(minimum_version=version, maximum_version=version)
    with connect(secure.tls, context) as connection:
        assert connection.version() == {771: "TLSv1.2", 772: "TLSv1.3"}[version.value]
        assert get(connection)[0] == 200
        assert connection.compression() is None


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
def test_old_versions_are_refused(secure, authority):
    context = authority.context()
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = ssl.TLSVersion.TLSv1
    context.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises(ssl.SSLError, match="(?i)protocol.version"):
        connect(secure.tls, context)


def test_ciphers_without_forward_secrecy_are_refused(secure, authority):
    context = authority.context(maximum_version=ssl.TLSVersion.TLSv1_2)
    context.set_ciphers("AES128-GCM-SHA256:AES128-SHA:ECDHE-ECDSA-AES128-SHA")
    with pytest.raises(ssl.SSLError, match="(?i)handshake.failure"):
        connect(secure.tls, context)


@pytest.mark.parametrize(
    "offered, chosen", [(["h2", "http/1.1"], "http/1.1"), (["http/1.1"], "http/1.1"), ([], None)]
)
def test_protocols(secure, authority, offered, chosen):
    context = authority.context()
    if offered:
        context.set_alpn_protocols(offered)
    with connect(secure.tls, context) as connection:
        assert connection.selected_alpn_protocol() == chosen
        assert get(connection)[0] == 200


def test_a_client_of_h2_alone_is_refused(secure, authority):
    context = authority.context()
    context.set_alpn_protocols(["h2"])
    with pytest.raises(ssl.SSLError, match="(?i)no.application.protocol"):
        connect(secure.tls, context)


@pytest.mark.parametrize(
    "name, given",
    [
        ("localhost", "local"),
        ("my.localhost", "local"),
        ("lamb.test", "other"),
        ("a.apps.lamb.test", "other"),
        ("a.b.apps.lamb.test", "local"),
        ("elsewhere.test", "local"),
        (None, "local"),
    ],
)
def test_certificate_by_name(secure, authority, name, given):
    context = authority.context(check_hostname=False)
    with connect(secure.tls, context, name=name) as connection:
        assert common_name(connection) == given


def test_sessions_are_resumed(secure, authority):
    context = authority.context()
    with connect(secure.tls, context) as first:
        get(first)
        session = first.session
    with socket.create_connection(("127.0.0.1", secure.tls)) as plain:
        with context.wrap_socket(plain, server_hostname="localhost", session=session) as second:
            assert second.session_reused
            assert get(second)[0] == 200


# ---- ends ----


def test_plain_request_to_the_tls_port(secure):
    with socket.create_connection(("127.0.0.1", secure.tls), timeout=10) as plain:
        plain.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        answer = b""
        while piece := plain.recv(4096):
            answer += piece
    assert answer.startswith(b"HTTP/1.1 400 ") and b"https://" in answer


def test_tls_to_the_plain_port(secure, authority):
    began = time.monotonic()
    with pytest.raises(ssl.SSLError, match="(?i)wrong.version.number"):
        connect(secure.daemon.port, authority.context())
    assert time.monotonic() - began < 5


def test_a_handshake_may_not_take_long(secure, authority):
    with socket.create_connection(("127.0.0.1", secure.tls), timeout=40) as slow:
        slow.sendall(b"\x16\x03\x01\x02\x00")
        began = time.monotonic()
        with connect(secure.tls, authority.context(), timeout_s=40) as idle:
            assert slow.recv(1) == b""
            assert 15 < time.monotonic() - began < 30
            assert get(idle)[0] == 200


def test_client_that_half_closes_in_a_call_is_gone(secure, authority):
    name = secure.create_python("import time\ndef handler(event, context):\n    time.sleep(2)\n")
    path = f"/2015-03-31/functions/{name}/invocations"
    host = f"localhost:{secure.tls}"
    head = clients.sign(secure.daemon, "POST", path, {"Host": host}, b"{}")
    lines = "".join(f"{key}: {value}\r\n" for key, value in {**head, "Content-Length": "2"}.items())
    with connect(secure.tls, authority.context()) as connection:
        connection.sendall(f"POST {path} HTTP/1.1\r\n{lines}\r\n{{}}".encode())
        time.sleep(0.5)
        socket.socket.shutdown(connection, socket.SHUT_WR)
        began = time.monotonic()
        assert connection.recv(1) == b""
        assert time.monotonic() - began < 1


def test_idle_connections_do_not_hold_up_the_end(secure, authority):
    with connect(secure.tls, authority.context()) as idle:
        assert get(idle)[0] == 200
        with socket.create_connection(("127.0.0.1", secure.tls)):
            began = time.monotonic()
            secure.daemon.stop_and_check()
            assert time.monotonic() - began < 5
        assert idle.recv(1) == b""  # with close_notify: else this were an SSLError


# ---- certificates ----


def reload(daemon):
    os.kill(daemon.pid, signal.SIGHUP)


def shown(port, authority, name="localhost"):
    with connect(port, authority.context(check_hostname=False), name=name) as connection:
        return connection.getpeercert()["serialNumber"]


def test_renewal(new_daemon, authority):
    authority.issue("renewed", LOCAL)
    lamb = new_daemon(*tls_settings(authority, "renewed"))
    port = tls_port(lamb.daemon)
    before = shown(port, authority)
    with connect(port, authority.context()) as old:
        assert get(old)[0] == 200
        authority.issue("renewed", LOCAL)
        assert shown(port, authority) == before
        reload(lamb.daemon)
        wait_until(lambda: shown(port, authority) != before, 10, "the new certificate is shown")
        assert old.getpeercert()["serialNumber"] == before
        assert get(old)[0] == 200
    for _ in range(20):
        reload(lamb.daemon)
    wait_until(lambda: lamb.daemon.stderr().count("tls.reloaded") >= 2, 10, "all signals were heard")


@pytest.mark.parametrize("trouble", ["text", "mismatch", "missing", "unreadable"])
def test_failed_renewal_keeps_the_old_certificate(new_daemon, authority, trouble):
    cert, key = authority.issue(f"bad-{trouble}", LOCAL)
    lamb = new_daemon(*tls_settings(authority, f"bad-{trouble}"))
    port = tls_port(lamb.daemon)
    before = shown(port, authority)
    if trouble == "text":
        cert.write_text("not a certificate\n")
    elif trouble == "mismatch":
        key.write_bytes((authority.dir / "local.key").read_bytes())
    elif trouble == "missing":
        cert.unlink()
    else:
        os.chown(key, 0, 0)
        key.chmod(0o600)
    reload(lamb.daemon)
    wait_until(lambda: "tls.reload_failed" in lamb.daemon.stderr(), 10, "the failure is logged")
    line = next(line for line in lamb.daemon.stderr().splitlines() if "tls.reload_failed" in line)
    assert str(key if trouble in ("mismatch", "unreadable") else cert) in line
    assert "setting tls-" in line
    assert ("must be able to read it" in line) == (trouble == "unreadable")
    lamb.daemon.allowed_errors = [r"tls\.reload_failed"]
    assert shown(port, authority) == before


def test_files_that_only_root_can_read_serve_but_are_warned_of(new_daemon, authority):
    _, key = authority.issue("root-only", LOCAL)
    os.chown(key, 0, 0)
    lamb = new_daemon(*tls_settings(authority, "root-only"))
    assert shown(tls_port(lamb.daemon), authority)
    assert re.search(rf'warn tls\.not_reloadable file="{key}"', lamb.daemon.stderr())


def test_https_alone(alone, authority):
    daemon = alone(*tls_settings(authority, "local", listen="https://127.0.0.1:0")).daemon
    assert daemon.url.startswith("https://127.0.0.1:") and "also=" not in daemon.ready_line
    assert daemon.keys["AWS_ENDPOINT_URL"] == daemon.url
    done = subprocess.run(
        ["/usr/bin/aws", "--endpoint-url", daemon.url, "sqs", "create-queue", "--queue-name", "q"],
        env={**clients.client_environment(daemon), "AWS_CA_BUNDLE": str(authority.ca)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["QueueUrl"] == f"{daemon.url}/000000000000/q"


def test_documented_commands(new_daemon, authority):
    """The certificate, curl and the CLI as docs/tls.md has them, with another port."""
    blocks = re.findall(r"^```sh\n(.*?)^```", (ROOT / "docs/tls.md").read_text(), re.MULTILINE | re.DOTALL)
    home = authority.dir / "documented"
    home.mkdir()
    make, use = blocks[0].split("sudo build/lamb")[0].replace("sudo ", ""), blocks[1]

    def run(script, env=None):
        done = subprocess.run(
            ["bash", "-ec", script],
            cwd=home,
            env=env or clean_environment(),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    run(make)
    files = ["--tls-cert", str(home / "lamb.pem"), "--tls-key", str(home / "lamb.key")]
    lamb = new_daemon("--listen", "127.0.0.1:0,https://127.0.0.1:0", *files)
    assert "tls.not_reloadable" not in lamb.daemon.stderr()
    told = run(
        use.replace("4567", str(tls_port(lamb.daemon))), clients.client_environment(lamb.daemon)
    )
    assert "lamb_http_connections" in told and '"Functions": []' in told


def test_several_plain_addresses(new_daemon):
    lamb = new_daemon("--listen", "127.0.0.1:0,http://127.0.0.1:0,[::1]:0")
    also = re.search(r"also=(\S+)", lamb.daemon.ready_line).group(1).split(",")
    assert [re.sub(r"\d+$", "", url) for url in also] == ["http://127.0.0.1:", "http://[::1]:"]
    for url in [lamb.daemon.url, *also]:
        done = subprocess.run(
            ["curl", "--silent", "--globoff", "--fail", f"{url}/metrics"],
            capture_output=True,
            timeout=20,
            check=False,
        )
        assert done.returncode == 0 and b"lamb_http_connections" in done.stdout, url


@pytest.mark.parametrize(
    "words, told",
    [
        (["--listen", "https://127.0.0.1:0"], ["tls-cert", "tls-key"]),
        (["--tls-cert", "{local}.pem", "--tls-key", "{local}.key"], ["setting listen", "https://"]),
        (["--listen", "https://127.0.0.1:0", "--tls-cert", "{local}.pem"], ["tls-key", "1 files", "0,"]),
        (["--listen", "ftp://127.0.0.1:0"], ["setting listen", "ftp://127.0.0.1"]),
        (["--listen", "https://127.0.0.1"], ["setting listen", "https://ADDR:PORT"]),
        (["--listen", ","], ["setting listen"]),
        (["--listen", "127.0.0.1:0,nowhere"], ["setting listen", '"nowhere"']),
        (
            ["--listen", "https://127.0.0.1:0", "--tls-cert", "/no/such", "--tls-key", "{local}.key"],
            ["tls-cert", "/no/such"],
        ),
        (
            ["--listen", "https://127.0.0.1:0", "--tls-cert", "{local}.pem", "--tls-key", "{other}.key"],
            ["tls-key", "{other}.key", "{local}.pem"],
        ),
    ],
)
def test_bad_settings_are_told(authority, tmp_path, words, told):
    paths = {name: str(authority.dir / name) for name in ("local", "other")}
    done = subprocess.run(
        [str(build_dir() / "lamb"), "serve", "--data-dir", str(tmp_path / "data")]
        + [word.format(**paths) for word in words],
        env=clean_environment(),
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 1
    for part in told:
        assert part.format(**paths) in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
