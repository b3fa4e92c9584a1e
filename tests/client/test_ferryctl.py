# SPDX-License-Identifier: Apache-2.0
"""ferryctl on a database of its own: what people see, what programs get, what is refused."""

import json
import os
import re
import socket
import subprocess
import threading

import pytest

from harness import HASH_OF_SECRET, SANITIZER_ENV, Client, Server

FERRYCTL = os.path.abspath(os.path.join(os.path.dirname(os.environ.get("FERRYD", "build/asan/ferryd")),
                                        "ferryctl"))
HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.join(HERE, "..", "..")


def run(*arguments, stdin=b"", status=0, **env):
    result = subprocess.run([FERRYCTL, *map(str, arguments)], input=stdin, capture_output=True,
                            timeout=60, check=False,
                            env=dict(os.environ, **SANITIZER_ENV, **env))
    assert result.returncode == status, (arguments, result)
    return result


class Database:
    """ferryctl --database FILE, and directories to serve."""

    def __init__(self, base):
        self.base = base
        self.file = base / "users.db"
        for name in ("alice", "bob", "pub"):
            (base / name).mkdir()

    def __call__(self, *arguments, stdin=b"", status=0):
        return run("--database", self.file, *arguments, stdin=stdin, status=status)

    def text(self, *arguments, status=0):
        return self(*arguments, status=status).stdout.decode().replace(str(self.base), "BASE")

    def json(self, *arguments, stdin=b"", status=0):
        lines = self("--json", *arguments, stdin=stdin, status=status).stdout.decode().splitlines()
        assert len(lines) == 1
        return json.loads(lines[0])

    def refuses(self, *arguments, status=2, stdin=b""):
        result = self(*arguments, status=status, stdin=stdin)
        assert not result.stdout and result.stderr.count(b"\n") == 1
        assert result.stderr.startswith(b"ferryctl: ")
        return result.stderr.decode()[len("ferryctl: "):]

    def add(self, name="alice", *options, **how):
        return self("user", "add", name, "--password-stdin", "--root", self.base / "alice", *options,
                    stdin=b"wonderland-7\n", **how)


@pytest.fixture
def database(tmp_path):
    return Database(tmp_path)


# ---- Help, manual, completion: all of the same table -----------------------------------------


def patterns():
    """Of each command, as the help has it."""
    lines = run("--help").stdout.decode().split("\n\n")[1].splitlines()
    return [re.split(r"  +", line.strip())[0] for line in lines]


def words(pattern):
    return [word for word in pattern.split() if not word.startswith(("<", "[<"))]


def options_of(pattern):
    text = run(*words(pattern), "--help").stdout.decode()
    return re.findall(r"^  --([a-z-]+)", text, re.M)


def test_every_command_has_its_help_and_its_place_in_the_manual_and_the_documents():
    manual = open(os.path.join(ROOT, "man/ferryctl.1"), encoding="utf-8").read()
    document = open(os.path.join(ROOT, "docs/administration.md"), encoding="utf-8").read()
    assert len(patterns()) > 30
    for pattern in patterns():
        command = " ".join(words(pattern))
        assert f".It Cm {command}" in manual, command
        if words(pattern)[0] not in ("firewall", "password") and command not in (
                "session watch", "config check"):
            assert f"`{command}`" in document, command
        assert pattern in run(*words(pattern), "--help").stdout.decode()
        for option in options_of(pattern):
            assert f".It Fl -{option}" in manual, option


def test_the_manual_has_no_option_and_no_command_that_there_is_not():
    manual = open(os.path.join(ROOT, "man/ferryctl.1"), encoding="utf-8").read()
    known = {option for pattern in patterns() for option in options_of(pattern)} | {"complete"}
    assert set(re.findall(r"^\.It Fl -([a-z-]+)", manual, re.M)) == known
    commands = {" ".join(words(pattern)) for pattern in patterns()}
    written = {re.sub(r" (Ar|Op) .*", "", line)
               for line in re.findall(r"^\.It Cm (.*)", manual, re.M)}
    assert written == commands


def test_help_is_of_what_the_words_say():
    text = run("user", "--help").stdout.decode()
    assert "user add <name>" in text and "group add" not in text and "--quota-bytes" not in text
    assert "--quota-bytes N" in run("user", "add", "--help").stdout.decode()
    assert "--quota-bytes" not in run("user", "show", "--help").stdout.decode()


def test_completion_says_what_may_come_next():
    def following(*given):
        return run("--complete", *given).stdout.decode().split()
    assert following()[:3] == ["user", "group", "folder"]
    assert following("user") [:3] == ["add", "set", "show"]
    assert following().count("user") == 1
    assert "--quota-bytes" in following("user", "add", "alice")
    assert "--quota-bytes" not in following("user", "show", "alice")
    assert "--json" in following("status")
    for pattern in patterns():
        for count, word in enumerate(words(pattern)):
            assert word in following(*words(pattern)[:count]), pattern


def test_bash_completes():
    script = f"""
        PATH={os.path.dirname(FERRYCTL)}:$PATH
        . {ROOT}/conf/completion/ferryctl.bash
        COMP_WORDS=(ferryctl user add alice --quota-b); COMP_CWORD=4
        _ferryctl
        echo "${{COMPREPLY[@]}}"
    """
    result = subprocess.run(["bash", "-c", script], capture_output=True, check=True, timeout=60,
                            env=dict(os.environ, **SANITIZER_ENV))
    assert result.stdout == b"--quota-bytes\n"


def test_a_command_line_that_makes_no_sense_is_refused():
    for wrong in ([], ["nonsense"], ["user"], ["user", "add"], ["user", "show"],
                  ["user", "list", "x"], ["password"], ["password", "hash", "x"],
                  ["user", "list", "--nonsense"], ["user", "list", "-x"],
                  ["user", "list", "--root", "/"], ["user", "list", "--socket"],
                  ["user", "list", "--json=yes"], ["user", "list", "--json", "--json"],
                  ["user", "add", "a", "--quota-bytes"], ["user", "add", "a", "--disabled=maybe"],
                  ["user", "add", "a", "--no-quota-bytes"], ["user", "add", "a", "--no-json"],
                  ["user", "add", "a", "--root", "/a", "--root", "/b"],
                  ["group", "add", "g", "--group", "x"], ["a"] * 20):
        result = run(*wrong, status=2)
        assert result.stderr.startswith(b"ferryctl: ") and not result.stdout, wrong
    assert b"--quota-bytes: needs a value" in run("user", "add", "a", "--quota-bytes",
                                                  status=2).stderr
    assert b"--root: is no option" in run("user", "list", "--root", "/", status=2).stderr


# ---- Passwords ------------------------------------------------------------------------------------


def test_ferryctl_hashes_a_password_that_ferryd_takes():
    password = run("password", "hash", stdin=b"a secret\n").stdout.decode().strip()
    assert password.startswith("$y$")
    with Server(users=(), config=f'user "anna" {{ password = "{password}" }}\n') as server:
        with Client(server.port) as c:
            c.expect("220")
            c.login("anna", "a secret")


def test_password_hash_takes_one_line():
    assert run("--version").stdout.startswith(b"ferryctl ")
    run("password", "hash", status=1)
    run("password", "hash", stdin=b"x" * 511)
    run("password", "hash", stdin=b"x" * 2000 + b"\n", status=1)
    answer = json.loads(run("--json", "password", "hash", stdin=b"a secret\n").stdout)
    assert answer["ok"] is True and answer["hash"].startswith("$y$")


def test_a_weak_or_missing_password_is_refused(database):
    root = database.base / "alice"
    assert database.refuses("user", "add", "alice", "--root", root).startswith("password: ")
    assert database.refuses("user", "add", "alice", "--root", root, "--password-stdin",
                            stdin=b"short\n").startswith("password: ")
    assert database.refuses("user", "add", "alice", "--root", root, "--password-stdin"
                            ).startswith("password: ")
    assert database.refuses("user", "add", "alice", "--root", root, "--password-hash", "secret"
                            ).startswith("password-hash: ")
    database("user", "add", "alice", "--root", root, "--password-hash", HASH_OF_SECRET)
    database("user", "passwd", "alice", "--password-stdin", stdin=b"wonderland-7\n")
    assert database.refuses("user", "passwd", "alice").startswith("password: ")


def test_a_person_is_asked_twice_without_an_echo(database):
    script = (f"{FERRYCTL} --database {database.file} user add alice --root {database.base}/alice; "
              "echo status $?")
    def dialogue(first, second):
        python = ("import os, pty, sys, time\n"
                  "def read(fd):\n"
                  "    data = os.read(fd, 1024)\n"
                  "    for prompt, answer in list(answers.items()):\n"
                  "        if prompt in data:\n"
                  "            os.write(fd, answers.pop(prompt))\n"
                  "    return data\n"
                  f"answers = {{b'Password: ': {first!r}, b'Once more: ': {second!r}}}\n"
                  f"pty.spawn(['sh', '-c', {script!r}], read)\n")
        return subprocess.run(["/usr/bin/python3", "-c", python], capture_output=True, timeout=60,
                              check=True, stdin=subprocess.DEVNULL,
                              env=dict(os.environ, **SANITIZER_ENV)).stdout
    shown = dialogue(b"wonderland-7\n", b"wonderland-8\n")
    assert b"status 2" in shown and b"the two are not the same" in shown
    shown = dialogue(b"wonderland-7\n", b"wonderland-7\n")
    assert b"status 0" in shown and b"wonderland" not in shown
    assert database.json("user", "show", "alice")["user"]["password"] is True


# ---- Users, groups, folders -----------------------------------------------------------------------------


def test_users_are_shown_for_people(database):
    database("folder", "add", "pub", "--path", database.base / "pub", "--read-only")
    database("group", "add", "staff", "--max-sessions", "5", "--idle-time", "10m")
    database.add("alice", "--group", "staff", "--folder", "pub:/shared", "--quota-bytes", "10k",
                 "--deny-name", "*.exe", "--deny-name", "*.com", "--expires", "2027-01-31")
    database.add("bob", "--disabled")
    rows = [line.split("  ") for line in database.text("user", "list").splitlines()]
    assert [[cell.strip() for cell in row if cell] for row in rows] == [
        ["NAME", "ROOT", "GROUP", "DISABLED", "EXPIRES", "DAMAGED"],
        ["alice", "BASE/alice", "staff", "-", "2027-01-31T00:00:00Z", "-"],
        ["bob", "BASE/alice", "-", "yes", "-", "-"]]
    assert database.text("user", "show", "alice") == """\
name:                   alice
root:                   BASE/alice
password:               yes
account:                no
group:                  staff
folder:                 pub:/shared
expires:                2027-01-31T00:00:00Z
deny-name:              *.exe
deny-name:              *.com
quota-bytes:            10240

TERM          VALUE                 FROM
expires       2027-01-31T00:00:00Z  user alice
deny-name     *.exe, *.com          user alice
max-sessions  5                     group staff
idle-time     600                   group staff
quota-bytes   10240                 user alice
"""
    assert database.text("group", "show", "staff") == """\
name:                   staff
max-sessions:           5
idle-time:              600
members:                alice
"""
    assert database.text("folder", "show", "pub") == """\
name:                   pub
path:                   BASE/pub
read-only:              yes
"""


def test_users_are_given_to_programs(database):
    database.add("alice", "--require-tls", "--ratio", "1:3")
    assert database.json("user", "show", "alice") == {"ok": True, "user": {
        "name": "alice", "root": str(database.base / "alice"), "password": True, "account": False,
        "group": [], "folder": [], "require-tls": True, "ratio": "1:3"}}
    users = database.json("user", "list")["users"]
    assert [user["name"] for user in users] == ["alice"]
    answer = database.json("user", "show", "carol", status=1)
    assert answer == {"ok": False, "fault": "NOT_FOUND", "field": "name",
                      "error": 'name: there is no user "carol"'}


def test_set_changes_what_it_names_and_takes_back_what_is_none(database):
    database.add("alice", "--disabled", "--read-only", "--require-tls", "--quota-bytes", "1M",
                 "--deny-name", "a", "--deny-name", "b", "--max-sessions", "2")
    database("user", "set", "alice", "--no-disabled", "--read-only", "off", "--require-tls=none",
             "--quota-bytes", "none", "--deny-name", "c", "--ignore-case")
    user = database.json("user", "show", "alice")["user"]
    assert not {"disabled", "read-only", "require-tls", "quota-bytes"} & set(user)
    assert user["deny-name"] == ["c"] and user["max-sessions"] == 2 and user["ignore-case"] is True
    database("user", "set", "alice", "--deny-name", "none")
    assert "deny-name" not in database.json("user", "show", "alice")["user"]


TERMS = {  # of every term: a value that is right, and one that is not
    "disabled": (None, "perhaps"), "expires": ("2027-01-31", "soon"),
    "must-change-password": (None, "perhaps"), "require-tls": (None, "perhaps"),
    "require-tls-control": (None, "perhaps"), "require-tls-data": (None, "perhaps"),
    "hours": ("Mon-Fri 08:00-18:00 Europe/Madrid", "Mon-Fry 08:00-18:00"),
    "allow-from": ("192.0.2.0/24", "192.0.2.1/24"), "deny-from": ("2001:db8::/32", "2001:db8::/129"),
    "read-only": (None, "perhaps"), "rule": ("deny delete /**", "permit delete /**"),
    "allow-name": ("*.pdf", "a/b"), "deny-name": ("*.exe", "a/b"), "hide-name": (".*", "a/b"),
    "ignore-case": (None, "perhaps"), "max-sessions": ("3", "-1"), "max-transfers": ("3", "x"),
    "max-per-address": ("3", "1.5"), "download-rate": ("1M", "0"), "upload-rate": ("512k", "0"),
    "max-session-time": ("1h", "1y"), "idle-time": ("60", "-1"), "max-file-size": ("1G", "1X"),
    "quota-bytes": ("10G", "-1"), "quota-files": ("1000", "1k"), "ratio": ("1:3", "0:1"),
    "comment": ("a note", "a\nb"),
}


def test_the_table_of_terms_is_whole():
    ours = {"root", "group", "folder", "account", "password-stdin", "password-hash", "database",
            "socket", "json", "help", "version"}
    assert set(TERMS) == set(options_of("user add <name>")) - ours


@pytest.mark.parametrize("word", TERMS)
def test_every_term_is_stored_and_shown_and_a_wrong_value_names_it(database, word):
    right, wrong = TERMS[word]
    if right is None:
        assert f"--{word}" in database.refuses("user", "add", "alice", f"--{word}={wrong}")
        database.add("alice", f"--{word}")
    else:
        result = database.add("alice", f"--{word}", wrong, status=2)
        assert result.stderr.decode().startswith(f"ferryctl: {word}: ")
        database("user", "show", "alice", status=1)
        database.add("alice", f"--{word}", right)
    assert word in database.json("user", "show", "alice")["user"]
    database("user", "set", "alice", f"--{word}", "none")
    assert word not in database.json("user", "show", "alice")["user"]


def test_what_is_not_there_or_in_use_is_refused(database):
    assert database.refuses("user", "add", "a", "--root", "/missing", "--password-hash",
                            HASH_OF_SECRET).startswith("root: ")
    database.add("alice")
    assert database.add("alice", status=1).stderr.startswith(b"ferryctl: name: ")
    for kind in ("user", "group", "folder"):
        for verb in ("show", "remove", "set"):
            assert database.refuses(kind, verb, "nobody", status=1).startswith("name: ")
    assert database.add("bob", "--group", "nobody", status=1).stderr.startswith(
        b"ferryctl: group: ")
    database("group", "add", "staff")
    database.add("bob", "--group", "staff")
    assert database.refuses("group", "remove", "staff", status=1).startswith("name: ")
    database("user", "remove", "bob")
    database("group", "remove", "staff")


def test_control_characters_do_not_reach_the_terminal(database):
    database("ban", "add", "192.0.2.1", "--reason", "a\x1b[31mb")
    assert b"\x1b" not in database("ban", "list").stdout
    assert database.json("ban", "list")["bans"][0]["subject"] == "192.0.2.1"


# ---- Without a server ------------------------------------------------------------------------------------


def test_bans_are_kept_in_the_database(database):
    database("ban", "add", "192.0.2.0/24", "--reason", "scanners")
    database("ban", "add", "user alice", "--for", "1h")
    assert database.text("ban", "list").splitlines()[0].split() == ["SUBJECT", "UNTIL", "REASON"]
    bans = {ban["subject"]: ban for ban in database.json("ban", "list")["bans"]}
    assert bans["192.0.2.0/24"] == {"subject": "192.0.2.0/24", "reason": "scanners"}
    assert "until" in bans["user alice"]
    database("ban", "remove", "user alice")
    assert database.refuses("ban", "remove", "user alice", status=1).startswith("subject: ")
    assert database.refuses("ban", "add", "nobody").startswith("subject: ")
    assert database.refuses("ban", "add", "192.0.2.1", "--for", "0").startswith("for: ")


def test_quotas_are_counted(database):
    (database.base / "alice" / "f").write_bytes(b"x" * 100)
    database.add("alice", "--quota-bytes", "150")
    assert database.text("quota", "show", "alice") == """\
OF          BYTES  QUOTA-BYTES  BYTES-LEFT  FILES  QUOTA-FILES  FILES-LEFT
user alice  100    150          50          1      -            -
"""
    (database.base / "alice" / "g").write_bytes(b"x" * 20)
    assert database.json("quota", "recount", "alice")["quota"][0]["bytes"] == 120
    assert database.json("quota", "show", "alice")["quota"][0]["bytes"] == 120


def test_explain_says_which_rule_decides(database):
    database.add("alice", "--rule", "deny overwrite /**", "--hours", "Mon-Fri 08:00-18:00 UTC")
    monday = ("--at", "2026-11-23T09:00:00Z")
    text = database.text("explain", "alice", "STOR", "/a", *monday, status=3)
    assert text.startswith("denied\n\nlogin: allowed: ")
    assert "\nwrite if there is no such file: allowed: " in text
    assert "\noverwrite if there is one: denied: " in text
    assert database.text("explain", "alice", "RETR", "/a", *monday).startswith("allowed\n")
    answer = database.json("explain", "alice", "RETR", "/a", "--at", "2026-11-22T09:00:00Z",
                           status=3)
    assert answer["allowed"] is False and answer["checks"][0]["allowed"] is False
    assert "hours" in answer["checks"][0]["rule"]
    assert database.refuses("explain", "alice", "NOOP", "/a").startswith("verb: ")
    assert database.refuses("explain", "nobody", "RETR", "/a", status=1).startswith("user: ")


def test_what_takes_a_server_says_so(database):
    for command in (["session", "list"], ["session", "kick", "1"], ["session", "watch"],
                    ["status"], ["reload"], ["config", "show"]):
        assert "no server runs here" in database.refuses(*command, status=1)
    nowhere = database.base / "nothing"
    for command in (["user", "list"], ["status"], ["ban", "list"]):
        result = run("--socket", nowhere, *command, status=1)
        assert b"no server answers there" in result.stderr
    result = run("status", status=1, STATE_DIRECTORY=str(database.base))
    assert f"{database.base}/ferryd.sock" in result.stderr.decode()


def test_a_database_that_is_none_is_refused(tmp_path):
    (tmp_path / "text").write_text("this is no database, and it is long enough to look at" * 100)
    result = run("--database", tmp_path / "text", "user", "list", status=1)
    assert result.stderr.startswith(b"ferryctl: database: ")
    run("--database", tmp_path / "no" / "such", "user", "list", status=1)


# ---- Settings -----------------------------------------------------------------------------------------------


@pytest.fixture
def settings(tmp_path):
    file = tmp_path / "ferryd.conf"
    def write(text):
        file.write_text(f"root = \"{tmp_path}\"\n{text}")
        return file
    return write


def test_settings_are_checked_and_shown(settings, tmp_path):
    file = settings('port = 2121\npassive_ports = "50000-50100"\n')
    assert run("config", "check", "--config", file).stdout == b"The settings are right.\n"
    shown = json.loads(run("config", "show", "--config", file, "--json").stdout)["settings"]
    assert shown["port"] == "2121" and shown["passive-ports"] == "50000-50100"
    assert shown["root"] == str(tmp_path) and shown["audit"] is None
    assert b"passive-ports:" in run("config", "show", "--config", file).stdout
    wrong = settings("port = 99999\n")
    for command in ("check", "show"):
        assert b"port" in run("config", command, "--config", wrong, status=2).stderr
    missing = settings('user "a" { password = "$6$x" }\n')
    run("config", "check", "--config", missing, status=2)


def test_a_firewall_s_rules_are_for_the_ports_configured(settings):
    file = settings('port = 2121\npassive_ports = "50000-50100"\n')
    assert run("firewall", "nftables", "--config", file).stdout.decode() == (
        'add rule inet filter input tcp dport 2121 accept comment "ferryd: control"\n'
        'add rule inet filter input tcp dport 50000-50100 accept comment "ferryd: passive data"\n')
    assert run("firewall", "ufw", "--config", file).stdout.decode() == (
        "ufw allow 2121/tcp comment 'ferryd: control'\n"
        "ufw allow 50000:50100/tcp comment 'ferryd: passive data'\n")
    assert b"49152-65535" in run("firewall", "nftables", "--config", settings("")).stdout
    run("firewall", "ufw", "--config", settings("port = 0\n"), status=1)


def test_the_audit_s_tail_is_shown(database, settings):
    audit = database.base / "audit"
    event = {"v": 1, "time": "2026-11-21T09:00:00.000Z", "session": 1, "peer": "192.0.2.1",
             "user": "alice", "action": "read", "result": "OK", "path": "/a b"}
    audit.write_text("".join(json.dumps(dict(event, path=f"/{i}")) + "\n" for i in range(20)))
    file = settings(f'audit = "{audit}"\n')
    shown = database.text("log", "tail", "--config", file).splitlines()
    assert len(shown) == 10
    assert shown[-1] == "2026-11-21T09:00:00.000Z  alice  192.0.2.1  read  OK  /19"
    lines = database("--json", "log", "tail", "--lines", "2", "--config", file).stdout.splitlines()
    assert [json.loads(line)["path"] for line in lines] == ["/18", "/19"]
    assert "no audit file" in database.refuses("log", "tail", status=1)


def test_the_audit_s_tail_goes_on(database, settings):
    audit = database.base / "audit"
    audit.write_text('{"n":1}\n')
    process = subprocess.Popen([FERRYCTL, "--database", str(database.file), "--json", "log", "tail", "-f",
                                "--config", str(settings(f'audit = "{audit}"\n'))],
                               stdout=subprocess.PIPE, env=dict(os.environ, **SANITIZER_ENV))
    assert process.stdout.readline() == b'{"n":1}\n'
    with open(audit, "a", encoding="utf-8") as f:
        f.write('{"n":2}\n')
    assert process.stdout.readline() == b'{"n":2}\n'
    process.kill()
    process.wait()
    process.stdout.close()


# ---- At a server ---------------------------------------------------------------------------------------------


class Answering:
    """A server that notes what it is asked, and gives the answers it was told to."""

    def __init__(self, path, *answers):
        self.path, self.answers, self.requests = str(path), list(answers), []
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(self.path)
        self.listener.listen()
        self.thread = threading.Thread(target=self._run)

    def _run(self):
        for answer in self.answers:
            connection, _ = self.listener.accept()
            with connection, connection.makefile("rb") as lines:
                self.requests.append(json.loads(lines.readline()))
                connection.sendall(json.dumps(answer).encode() + b"\n")
        os.unlink(self.path)
        self.listener.close()

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.thread.join(60)


@pytest.mark.parametrize("command, request_", [
    (["user", "show", "alice"], {"command": "user show", "name": "alice"}),
    (["--json", "user", "set", "--", "--odd"], {"command": "user set", "name": "--odd"}),
    (["group", "add", "staff", "--folder", "a", "--folder=b:/c", "--max-sessions=3"],
     {"command": "group add", "name": "staff", "folder": ["a", "b:/c"], "max-sessions": "3"}),
    (["user", "set", "--read-only", "on", "alice", "--no-disabled", "--group", "none"],
     {"command": "user set", "name": "alice", "read-only": True, "disabled": None, "group": None}),
    (["session", "kick", "7"], {"command": "session kick", "session": "7"}),
    (["session", "kick", "--user", "bob"], {"command": "session kick", "user": "bob"}),
    (["reload"], {"command": "reload"}),
    (["explain", "alice", "STOR", "/a", "--tls", "--from", "::1"],
     {"command": "explain", "user": "alice", "verb": "STOR", "path": "/a", "tls": True,
      "from": "::1"}),
])
def test_a_command_line_is_a_request(tmp_path, command, request_):
    with Answering(tmp_path / "s", {"ok": True, "allowed": True}) as server:
        run("--socket", tmp_path / "s", *command)
    assert server.requests == [request_]


def test_a_file_to_import_goes_with_the_request(tmp_path):
    (tmp_path / "accounts").write_text("alice:x\n")
    (tmp_path / "homes").write_text("alice:/home/alice\n")
    answer = {"ok": True, "records": [{"kind": "user", "name": "alice", "line": 1,
                                       "result": "imported", "remark": ""}]}
    with Answering(tmp_path / "s", answer) as server:
        result = run("--socket", tmp_path / "s", "user", "import", "shadow", tmp_path / "accounts",
                     "--passwd", tmp_path / "homes", "--root", "/srv", "--dry-run")
    assert server.requests == [{"command": "user import", "format": "shadow", "root": "/srv",
                                "text": "alice:x\n", "passwd": "alice:/home/alice\n",
                                "dry-run": True}]
    assert result.stdout.decode().splitlines()[1].split() == ["user", "alice", "1", "imported",
                                                             "-"]
    assert b"missing" in run("user", "import", "shadow", tmp_path / "missing", status=2).stderr
    (tmp_path / "latin").write_bytes(b"\xe9")
    assert b"UTF-8" in run("user", "import", "shadow", tmp_path / "latin", status=2).stderr


def test_an_answer_is_a_table_or_a_status(tmp_path):
    sessions = {"ok": True, "sessions": [{"session": 7, "user": "alice", "idle": 0},
                                         {"session": 12, "user": "bob", "idle": 300}]}
    with Answering(tmp_path / "s", sessions):
        assert run("--socket", tmp_path / "s", "session", "list").stdout.decode() == (
            "SESSION  USER   IDLE\n7        alice  0\n12       bob    300\n")
    with Answering(tmp_path / "s", {"ok": True, "sessions": []}):
        assert run("--socket", tmp_path / "s", "session", "list").stdout == b""
    for fault, status in (("ARGUMENT", 2), ("NOT_FOUND", 1)):
        with Answering(tmp_path / "s", {"ok": False, "fault": fault, "error": "name: no"}):
            result = run("--socket", tmp_path / "s", "user", "show", "x", status=status)
        assert result.stderr == b"ferryctl: name: no\n"
    with Answering(tmp_path / "s", [1]):
        run("--socket", tmp_path / "s", "status", status=1)


def test_sessions_are_watched_until_the_server_is_gone(tmp_path):
    answer = {"ok": True, "sessions": [{"session": 7}]}
    with Answering(tmp_path / "s", answer, answer) as server:
        result = run("--socket", tmp_path / "s", "session", "watch", "--json", status=1)
    assert [json.loads(line) for line in result.stdout.splitlines()] == [answer, answer]
    assert server.requests == [{"command": "session list"}] * 2
    assert b"no server answers there" in result.stderr


def test_the_firewall_can_ask_the_server(tmp_path):
    answer = {"ok": True, "settings": {"port": "2121", "passive-ports": None}}
    with Answering(tmp_path / "s", answer) as server:
        result = run("--socket", tmp_path / "s", "firewall", "ufw")
    assert server.requests == [{"command": "config show"}]
    assert b"49152:65535/tcp" in result.stdout
