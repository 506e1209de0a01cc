"""Code packages: what is downloaded again, what is refused and leaves nothing on disk, and code from S3."""

import base64
import io
import json
import os
import stat
import struct
import urllib.error
import urllib.request
import zipfile

import botocore.exceptions
import pytest

from support import packages, settings
from support.clients import ROLE
from support.s3 import FakeS3


def download(lamb, name, **parameters):
    url = lamb.client.get_function(FunctionName=name, **parameters)["Code"]["Location"]
    with urllib.request.urlopen(url) as answer:
        return answer.read()


def test_download_gives_the_very_package(lamb):
    code = packages.zip_files({"app.py": packages.ECHO_PY, "noise": os.urandom(300_000)})
    name = lamb.create(code, runtime="python3.11")
    assert download(lamb, name) == code


def test_download_of_old_and_new_code(lamb):
    one, two = packages.python_zip("one = 1\n"), packages.python_zip("two = 2\n")
    name = lamb.create(one, runtime="python3.11", Publish=True)
    old_url = lamb.client.get_function(FunctionName=name, Qualifier="1")["Code"]["Location"]
    lamb.update_code(name, two)
    assert download(lamb, name) == two
    assert download(lamb, name, Qualifier="1") == one
    with urllib.request.urlopen(old_url) as answer:
        assert answer.read() == one


def test_download_url_cannot_be_changed(lamb):
    name = lamb.create_python(packages.ECHO_PY)
    url = lamb.client.get_function(FunctionName=name)["Code"]["Location"]
    for changed in (url.split("?")[0], url[:-2] + ("00" if url[-2:] != "00" else "11"), url + "&a=b"):
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(changed)
        assert refused.value.code == 403
        refused.value.close()


def raw_zip(entries):
    """[(name or ZipInfo, content)] as they are, without the checks of zip_files()."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries:
            archive.writestr(name, content)
    return data.getvalue()


def special(name, mode, content=b""):
    info = zipfile.ZipInfo(name, packages.FIXED_DATE)
    info.create_system = 3
    info.external_attr = mode << 16
    return info, content


def encrypted():
    data = bytearray(packages.python_zip(packages.ECHO_PY))
    local, central = data.find(b"PK\x03\x04"), data.find(b"PK\x01\x02")
    data[local + 6] |= 1
    data[central + 8] |= 1
    return bytes(data)


def wrong_checksum():
    data = bytearray(packages.zip_files({"app.py": packages.ECHO_PY}))
    local, central = data.find(b"PK\x03\x04"), data.find(b"PK\x01\x02")
    struct.pack_into("<I", data, local + 14, 0x12345678)
    struct.pack_into("<I", data, central + 16, 0x12345678)
    return bytes(data)


GOOD = packages.python_zip(packages.ECHO_PY)
BAD = {
    "no zip": b"this is not a zip file at all",
    "zip magic alone": b"PK\x03\x04",
    "truncated": GOOD[: len(GOOD) // 2],
    "without directory": GOOD[: GOOD.find(b"PK\x01\x02")],
    "no entries": raw_zip([]),
    "parent directory": raw_zip([("../evil", "x")]),
    "parent directory inside": raw_zip([("a/../../evil", "x")]),
    "absolute path": raw_zip([("/etc/evil", "x")]),
    "backslashes": raw_zip([("..\\..\\evil", "x")]),
    "symlink out": raw_zip([special("link", stat.S_IFLNK | 0o777, b"../../etc/passwd")]),
    "absolute symlink": raw_zip([special("link", stat.S_IFLNK | 0o777, b"/etc/passwd")]),
    "file through a symlink": raw_zip([special("dir", stat.S_IFLNK | 0o777, b"/tmp"), ("dir/evil", "x")]),
    "device": raw_zip([special("device", stat.S_IFCHR | 0o666)]),
    "fifo": raw_zip([special("fifo", stat.S_IFIFO | 0o666)]),
    "socket": raw_zip([special("socket", stat.S_IFSOCK | 0o666)]),
    "encrypted": encrypted(),
    "wrong checksum": wrong_checksum(),
    "name with NUL": raw_zip([("nul", "x")]).replace(b"nul", b"n\0l"),
    "name too long": raw_zip([("d/" * 1000 + "file", "x")]),
}


@pytest.mark.parametrize("archive", BAD.values(), ids=BAD.keys())
def test_bad_package_is_refused_and_leaves_nothing(lamb, archive):
    before = names_on_disk(lamb)
    with pytest.raises(botocore.exceptions.ClientError) as refused:
        lamb.create(archive, runtime="python3.11", name="never-made")
    error = refused.value.response["Error"]
    assert error["Code"] == "InvalidParameterValueException"
    assert error["Message"]
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    assert lamb.client.list_functions()["Functions"] == []
    assert names_on_disk(lamb) == before
    assert not os.path.exists("/etc/evil") and not os.path.exists("/tmp/evil")


def names_on_disk(lamb):
    """Everything in the data directory but database journals and logs."""
    found = []
    for path in lamb.daemon.data_dir.rglob("*"):
        if (
            path.suffix not in (".log", ".db-wal", ".db-shm", ".sqlite-wal", ".sqlite-shm")
            and "-wal" not in path.name
        ):
            found.append(str(path))
    return sorted(found)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_duplicate_names(lamb):
    with pytest.raises(botocore.exceptions.ClientError) as refused:
        lamb.create(raw_zip([("app.py", "one = 1"), ("app.py", "two = 2")]), runtime="python3.11")
    assert "app.py" in refused.value.response["Error"]["Message"]


def test_message_names_the_entry(lamb):
    with pytest.raises(botocore.exceptions.ClientError, match="evil"):
        lamb.create(BAD["parent directory"], runtime="python3.11")


def test_unpacked_size_over_the_limit(lamb):
    """300 MB of zeros are 300 kB of zip: the bomb is noticed while it is read."""
    bomb = raw_zip([(f"zeros{i}", bytes(30 << 20)) for i in range(10)])
    with pytest.raises(botocore.exceptions.ClientError) as refused:
        lamb.create(bomb, runtime="python3.11")
    assert refused.value.response["Error"] == {
        "Code": "InvalidParameterValueException",
        "Message": "Unzipped size must be smaller than 262144000 bytes",
    }
    assert lamb.request("GET", "/2015-03-31/functions").status == 200


def test_bomb_that_lies_about_its_size(lamb):
    """The directory says 10 bytes, the data go on for 300 MB."""
    archive = bytearray(raw_zip([("zeros", bytes(300 << 20))]))
    local, central = archive.find(b"PK\x03\x04"), archive.rfind(b"PK\x01\x02")
    struct.pack_into("<I", archive, local + 22, 10)
    struct.pack_into("<I", archive, central + 24, 10)
    with pytest.raises(botocore.exceptions.ClientError) as refused:
        lamb.create(bytes(archive), runtime="python3.11")
    assert refused.value.response["Error"]["Code"] == "InvalidParameterValueException"


def test_symlink_inside_the_package(lamb):
    archive = raw_zip(
        [
            special(
                "app.py", stat.S_IFREG | 0o644, b"def handler(e, c):\n    return open('a/link').read()\n"
            ),
            special("a/link", stat.S_IFLNK | 0o777, b"../target"),
            special("target", stat.S_IFREG | 0o644, b"reached"),
        ]
    )
    assert lamb.invoke(lamb.create(archive, runtime="python3.11")).json == "reached"


def test_zip_without_unix_modes(lamb):
    """As Windows makes them: files are readable, directories can be entered."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for name, content in (("app.py", packages.ECHO_PY), ("sub/file", "x")):
            info = zipfile.ZipInfo(name, packages.FIXED_DATE)
            info.create_system = 0
            archive.writestr(info, content)
    name = lamb.create(data.getvalue(), runtime="python3.11")
    assert lamb.invoke(name, {"a": 1}).json == {"a": 1}


def test_set_id_bits_are_dropped(lamb):
    archive = raw_zip(
        [
            special(
                "app.py",
                stat.S_IFREG | 0o644,
                b"import os\ndef handler(e, c):\n    return os.stat('suid').st_mode\n",
            ),
            special("suid", stat.S_IFREG | 0o6755, b"#!/bin/sh\n"),
        ]
    )
    assert lamb.invoke(lamb.create(archive, runtime="python3.11")).json & 0o6000 == 0


def test_functions_with_the_same_code_share_it_and_keep_it(lamb):
    first = lamb.create(GOOD, runtime="python3.11")
    second = lamb.create(GOOD, runtime="python3.11")
    lamb.client.delete_function(FunctionName=first)
    assert lamb.invoke(second, {"a": 1}).json == {"a": 1}
    assert download(lamb, second) == GOOD


def test_package_of_nearly_50_mb(lamb):
    archive = packages.zip_files({"app.py": packages.ECHO_PY, "noise": os.urandom(49 << 20)})
    assert len(archive) < 52428800
    name = lamb.create(archive, runtime="python3.11")
    assert lamb.configuration(name)["CodeSize"] == len(archive)
    assert lamb.invoke(name, {"a": 1}).json == {"a": 1}


@pytest.fixture
def s3():
    fake = FakeS3()
    yield fake
    fake.close()


def create_from_s3(lamb, bucket, key, **code):
    name = lamb.new_name()
    lamb.client.create_function(
        FunctionName=name, Runtime="python3.11", Handler="app.handler", Role=ROLE,
        Code={"S3Bucket": bucket, "S3Key": key, **code},
    )  # fmt: skip
    lamb.wait_active(name)
    return name


def test_code_from_s3(new_daemon, s3):
    lamb = new_daemon(*settings.s3(s3.url))
    s3.objects[("my-bucket", "path/to/code one.zip")] = GOOD
    name = create_from_s3(lamb, "my-bucket", "path/to/code one.zip")
    assert lamb.configuration(name)["CodeSha256"] == packages.sha256_base64(GOOD)
    assert lamb.invoke(name, {"a": 1}).json == {"a": 1}
    assert "Credential=test-key/" in s3.requests[0][1]["Authorization"]


def test_update_of_code_from_s3(new_daemon, s3):
    lamb = new_daemon(*settings.s3(s3.url))
    s3.objects[("my-bucket", "new.zip")] = packages.python_zip("def handler(e, c):\n    return 'new'\n")
    name = lamb.create(GOOD, runtime="python3.11")
    lamb.client.update_function_code(FunctionName=name, S3Bucket="my-bucket", S3Key="new.zip")
    lamb.wait_updated(name)
    assert lamb.invoke(name).json == "new"


@pytest.mark.parametrize(
    "bucket, message",
    [
        ("other-bucket", "Error occurred while GetObject. S3 Error Code: NoSuchBucket. "
         "S3 Error Message: The specified bucket does not exist"),
        ("my-bucket", "Error occurred while GetObject. S3 Error Code: NoSuchKey. "
         "S3 Error Message: The specified key does not exist."),
    ],
)  # fmt: skip
def test_what_s3_does_not_have(new_daemon, s3, bucket, message):
    lamb = new_daemon(*settings.s3(s3.url))
    s3.objects[("my-bucket", "there.zip")] = GOOD
    with pytest.raises(botocore.exceptions.ClientError) as refused:
        create_from_s3(lamb, bucket, "missing.zip")
    assert refused.value.response["Error"] == {
        "Code": "InvalidParameterValueException",
        "Message": message,
    }


def test_s3_that_fails_or_is_gone(new_daemon, s3):
    lamb = new_daemon(*settings.s3(s3.url))
    s3.status = 500
    with pytest.raises(botocore.exceptions.ClientError):
        create_from_s3(lamb, "my-bucket", "code.zip")
    s3.server.server_close()
    with pytest.raises(botocore.exceptions.ClientError):
        create_from_s3(lamb, "my-bucket", "code.zip")
    assert lamb.client.list_functions()["Functions"] == []


def test_bad_package_from_s3(new_daemon, s3):
    lamb = new_daemon(*settings.s3(s3.url))
    s3.objects[("my-bucket", "bad.zip")] = b"no zip"
    with pytest.raises(botocore.exceptions.ClientError, match="Could not unzip uploaded file"):
        create_from_s3(lamb, "my-bucket", "bad.zip")


def test_code_from_s3_without_an_endpoint_names_the_setting(lamb):
    with pytest.raises(botocore.exceptions.ClientError) as refused:
        create_from_s3(lamb, "my-bucket", "code.zip")
    assert refused.value.response["Error"]["Code"] == "InvalidParameterValueException"
    assert "s3-endpoint" in refused.value.response["Error"]["Message"]


def test_both_sources_or_none(lamb):
    for code in (
        {"ZipFile": base64.b64encode(GOOD).decode(), "S3Bucket": "b", "S3Key": "k"},
        {},
        {"S3Bucket": "b"},
    ):
        body = {
            "FunctionName": "f",
            "Runtime": "python3.11",
            "Handler": "a.b",
            "Role": ROLE,
            "Code": code,
        }
        answer = lamb.request("POST", "/2015-03-31/functions", json.dumps(body))
        assert answer.status == 400, code
        assert answer.error in ("InvalidParameterValueException", "ValidationException")
