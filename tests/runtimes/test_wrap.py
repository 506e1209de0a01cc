"""Wrapper scripts: what a function's AWS_LAMBDA_EXEC_WRAPPER is started by."""

import subprocess

import pytest

from conftest import RUNTIMES


@pytest.fixture
def wrapper(tmp_path):
    return tmp_path / "wrapper"


def wrap(wrapper, *command):
    argv = ["/bin/sh", str(RUNTIMES / "wrap.sh"), str(wrapper), *command]
    done = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=20, check=False)
    return done.returncode, done.stdout.decode()


def test_it_gets_the_command_line_of_the_runtime(wrapper):
    wrapper.write_text('#!/bin/sh\necho "wrapped"\nexec "$@"\n')
    wrapper.chmod(0o755)
    assert wrap(wrapper, "/bin/echo", "a b", "") == (0, "wrapped\na b \n")


def test_a_script_without_an_interpreter_line(wrapper):
    wrapper.write_text('X=1 exec "$@"\n')
    wrapper.chmod(0o755)
    assert wrap(wrapper, "/bin/sh", "-c", "echo $X") == (0, "1\n")


def test_its_exit_status_is_kept(wrapper):
    wrapper.write_text("#!/bin/sh\nexit 7\n")
    wrapper.chmod(0o755)
    assert wrap(wrapper, "/bin/true") == (7, "")


def test_one_that_does_not_exist(wrapper):
    assert wrap(wrapper, "/bin/true") == (127, "%s: does not exist\n" % wrapper)


def test_one_that_is_not_executable(wrapper):
    wrapper.write_text("#!/bin/sh\n")
    wrapper.chmod(0o644)
    assert wrap(wrapper, "/bin/true") == (126, "%s: is not an executable\n" % wrapper)
