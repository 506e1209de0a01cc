"""What the README tells people to type exists and works; other documents do not name files that are gone."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from support.clients import client_environment
from support.daemon import ROOT
from support.environment import clean_environment

DOCUMENTS = [
    ROOT / "README.md",
    ROOT / "ARCHITECTURE.md",
    ROOT / "HACKING.md",
    *sorted((ROOT / "docs").glob("*.md")),
]
SHELL_BLOCK = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\((?!https?:|#|mailto:)([^)#]+)(?:#[^)]*)?\)")
FILE = re.compile(r"`((?:src|tests|scripts|docs|runtimes|examples|bench)/[\w./-]+)`")


def commands(document):
    """Lines of the sh blocks, continued lines joined, comments and prompts left out."""
    found = []
    for block in SHELL_BLOCK.findall(document.read_text(encoding="utf-8")):
        for line in block.replace("\\\n", " ").splitlines():
            line = line.strip()
            if line and not line.startswith("#"):
                found.append(line)
    return found


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_and_files_exist(document):
    text = document.read_text(encoding="utf-8")
    names = [(document.parent, name) for name in LINK.findall(text)] + [
        (ROOT, name) for name in FILE.findall(text)
    ]
    missing = [name for folder, name in names if not (folder / name.strip()).exists()]
    assert not missing


@pytest.mark.parametrize("document", DOCUMENTS[:3], ids=lambda path: path.name)
def test_programs_of_commands_exist(document):
    built_in = {"cd", "eval", "export", "git"}
    for command in commands(document):
        program = [word for word in command.split() if "=" not in word][0].strip("\"'")
        if program in built_in or program in ("lamb", "sudo"):
            continue
        exists = (ROOT / program).exists() if "/" in program else shutil.which(program) is not None
        assert exists or program.startswith("build"), f"{document.name}: {command}"


def test_readme_gives_the_two_commands():
    assert {"scripts/demo", "scripts/test"} <= set(commands(ROOT / "README.md"))


def test_aws_commands_of_the_readme_work(new_daemon):
    """In the order they stand in, against a fresh daemon."""
    lamb = new_daemon()
    environment = client_environment(lamb.daemon)
    environment["PATH"] = "/usr/bin:/bin"
    found = [command for command in commands(ROOT / "README.md") if command.startswith("aws ")]
    assert len(found) >= 2
    for command in found:
        done = subprocess.run(
            ["sh", "-c", command], env=environment, capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 0, f"{command}: {done.stderr}"


def run_demo():
    environment = clean_environment()
    environment["PATH"] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    return subprocess.run(
        [str(ROOT / "scripts" / "demo")], cwd="/", env=environment, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=600, check=False,
    )  # fmt: skip


def test_demo_works_and_works_again():
    before = set(Path("/tmp").glob("lamb-demo*"))
    for attempt in (1, 2):
        done = run_demo()
        assert done.returncode == 0, f"run {attempt}: {done.stdout}"
        assert "START RequestId: " in done.stdout
        assert "REPORT RequestId: " in done.stdout
        assert "warm call" in done.stdout
    assert set(Path("/tmp").glob("lamb-demo*")) == before, "the demo cleans up"
