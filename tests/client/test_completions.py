# SPDX-License-Identifier: Apache-2.0
"""What bash, zsh and fish offer of ferry's command line: all of its tables, and nothing else."""

import os
import re
import shutil
import subprocess

import pytest

from harness import SANITIZER_ENV
from scripted import FERRY, ferry

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SCRIPTS = os.path.join(ROOT, "conf", "completion")
ROW = re.compile(r'(?:([A-Z]+)\(\s*|\{"(?=\w+", SETTING_(\w+)))(\w+)(.*)', re.S)


def settings():
    """Of the table: {name: (kind, the words that it takes)}."""
    with open(os.path.join(ROOT, "src/client/settings.c"), encoding="utf-8") as f:
        table = f.read().split("settings_rows[] = {\n    ")[1].split("\n    {NULL, ")[0]
    rows = {}
    for row in re.split(r"\n {4}(?=\S)", table):
        macro, kind, name, rest = ROW.match(row).groups()
        words = re.search(r'"(\w+(?:\|\w+)+)"', rest)
        rows[name] = (macro or kind, words.group(1).split("|") if words else [])
    return rows


def commands():
    return re.findall(r"^  (\w+) ", ferry("--help").stdout.decode(), re.M)


def options(command):
    return re.findall(r"^  [ -][^-]*(--[\w-]+)", ferry(command, "--help").stdout.decode(), re.M)


def shell(name, script, home, *arguments):
    program = shutil.which(name)
    assert program, f"{name} is not installed: tools/setup test"
    path = os.path.dirname(os.path.abspath(FERRY)) + ":" + os.environ["PATH"]
    result = subprocess.run([program, "-c", script, name, *arguments], capture_output=True,
                            check=False, timeout=60, cwd=home,
                            env=dict(os.environ, **SANITIZER_ENV, PATH=path, HOME=str(home)))
    assert result.returncode == 0 and not result.stderr, result
    return result.stdout.decode().splitlines()


def in_bash(home, *words):
    return shell("bash", f"""
        set -u
        . {SCRIPTS}/ferry.bash
        COMP_WORDS=(ferry "$@") COMP_CWORD=$#
        _ferry
        printf '%s\\n' "${{COMPREPLY[@]}}" """, home, *words)


def in_zsh(home, *words):
    """The function with _describe and _files in place of those that draw."""
    return shell("zsh", f"""
        _describe() {{ (( ${{#${{(P)2}}}} )) && print -rl -- "${{(P@)2}}" }}
        _files() {{ print -r -- FILES }}
        words=(ferry "$@"); CURRENT=$#words; PREFIX="$words[-1]"
        . {SCRIPTS}/_ferry""", home, *words)


def in_fish(home, *words):
    line = " ".join(["ferry", *words])
    return [offer.split("\t")[0] for offer in
            shell("fish", f"source {SCRIPTS}/ferry.fish; complete -C '{line}'", home)]


def offered(home, *words):
    """By the program itself, and so to all three."""
    lines = ferry("--complete", *words, home=home).stdout.decode().splitlines()
    return [line.split("\t")[0] for line in lines]


@pytest.fixture(name="home")
def fixture_home(tmp_path):
    directory = tmp_path / ".config" / "ferry"
    directory.mkdir(parents=True)
    (directory / "bookmarks").write_text("# mine\nmill ftp://ftp.example.org/ tls=off\n")
    (tmp_path / "mosaic.iso").write_bytes(b"")
    return tmp_path


def test_every_command_is_offered_first(home):
    assert len(commands()) > 10
    assert offered(home, "") == [*commands(), "mill"]
    for command in commands():
        assert command in offered(home, command[:1])
        assert command not in offered(home, "get", command[:1])


def test_every_option_and_setting_is_offered(home):
    table = settings()
    assert {"tls", "verify", "case", "hash_bytes", "share_data_connection"} <= set(table)
    flags = [name for name, (kind, _) in table.items() if kind == "FLAG"]
    ours = options("get")
    wanted = [*ours, *(f"--{name}" for name in table), *(f"--no-{name}" for name in flags)]
    assert sorted(offered(home, "get", "-")) == sorted(name.replace("_", "-") for name in wanted)
    assert "--insecure" in ours and "--dry-run" not in ours and "--dry-run" in options("mirror")
    assert "--commands" in offered(home, "-") and "--no-tls" not in offered(home, "get", "--no")


def test_what_each_setting_takes_is_offered(home):
    for name, (kind, words) in settings().items():
        option = "--" + name.replace("_", "-")
        takes = {"FLAG": ["on", "off"], "CHOICE": words, "LETTER": words}.get(kind, [])
        assert offered(home, "get", option + "=") == [f"{option}={word}" for word in takes]
        is_optional = kind == "FLAG" or name in ("portable_names", "verify")
        assert offered(home, "get", option, "") == ([] if is_optional else takes)
    assert settings()["verify"] == ("CHOICE", ["auto", "size", "hash", "off"])


def test_behind_two_dashes_and_for_files_nothing_is_offered(home):
    assert offered(home, "get", "--", "-") == []
    assert offered(home, "put", "m") == []
    assert offered(home, "get", "-o", "") == []


def test_bookmarks_that_cannot_be_read_are_none(home):
    (home / ".config" / "ferry" / "bookmarks").write_text("not one\n\n")
    assert offered(home, "m") == ["mkdir", "mv", "mirror"]


def test_words_of_a_description_stand_behind_a_tab(home):
    lines = ferry("--complete", "mir", home=home).stdout.decode().splitlines()
    assert lines == ["mirror\tmake a tree like another: one a URL, one a directory here"]


def test_bash(home):
    assert in_bash(home, "m") == ["mkdir", "mv", "mirror", "mill"]
    assert in_bash(home, "get", "--down") == ["--download-rate"]
    assert in_bash(home, "get", "--tls", "") == ["auto", "require", "off"]
    assert in_bash(home, "get", "--verify", "=", "") == ["auto", "size", "hash", "off"]
    assert in_bash(home, "get", "--verify", "=") == ["auto", "size", "hash", "off"]
    assert in_bash(home, "get", "--verify", "=", "h") == ["hash"]
    assert in_bash(home, "put", "mos") == [""]


def test_bash_itself_takes_files_where_ferry_has_nothing_to_offer():
    with open(os.path.join(SCRIPTS, "ferry.bash"), encoding="utf-8") as f:
        assert re.search(r"^complete -o default -F _ferry ferry$", f.read(), re.M)


def test_zsh(home):
    assert in_zsh(home, "mir") == [
        r"mirror:make a tree like another\: one a URL, one a directory here"]
    assert in_zsh(home, "mil") == ["mill:bookmark"]
    assert in_zsh(home, "get", "--tls", "") == ["auto", "require", "off"]
    assert in_zsh(home, "get", "--verify=h") == ["--verify=hash"]
    assert in_zsh(home, "put", "mos") == ["FILES"]


def test_fish(home):
    assert sorted(in_fish(home, "m")) == ["mill", "mirror", "mkdir", "mv"]
    assert in_fish(home, "get", "--down") == ["--download-rate"]
    assert sorted(in_fish(home, "get", "--tls", "")) == ["auto", "off", "require"]
    assert in_fish(home, "get", "--verify=h") == ["--verify=hash"]
    assert in_fish(home, "put", "mos") == ["mosaic.iso"]
