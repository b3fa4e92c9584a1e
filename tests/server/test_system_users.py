# SPDX-License-Identifier: Apache-2.0
"""Users of the system, made for these tests and removed afterwards: whose files are whose, who
is refused, and what each process of ferryd is."""

import contextlib
import ftplib
import io
import os
import pwd
import signal
import subprocess
import time

import pytest

import memory
from harness import PATIENCE, Server, eventually

pytestmark = pytest.mark.skipif(os.getuid() != 0, reason="makes accounts: only root can")

TAG = f"fty{os.getpid() % 100000}"
PASSWORD = "Correct-Horse-7"
SERVICE = f"ferry-{TAG}"

# linux/capability.h: chown dac_override fowner fsetid kill setgid setuid setpcap sys_nice
# sys_resource audit_write audit_control
OF_LOGINS = sum(1 << n for n in (0, 1, 3, 4, 5, 6, 7, 8, 23, 24, 29, 30))


def run(*command, text=None):
    subprocess.run(command, input=text, text=True, check=True, capture_output=True)


class Accounts:
    """A server's account, users anna and bert, a group that anna is in, and one of root's."""

    def __init__(self, directory):
        self.server, self.anna, self.bert = f"{TAG}s", f"{TAG}a", f"{TAG}b"
        self.shared = f"{TAG}g"
        self.log = os.path.join(directory, "sessions")
        self.names = []
        run("groupadd", self.shared)
        self.add(self.server, "-r")
        self.add(self.anna, "-m", "-s", "/bin/sh", "-G", self.shared)
        self.add(self.bert, "-m", "-s", "/bin/sh")
        script = os.path.join(directory, "session.sh")
        with open(script, "w", encoding="ascii") as f:
            f.write(f'#!/bin/sh\necho "$PAM_TYPE $PAM_USER $PAM_RHOST" >>{self.log}\n')
        os.chmod(script, 0o755)
        with open(f"/etc/pam.d/{SERVICE}", "w", encoding="ascii") as f:
            f.write("auth required pam_unix.so\naccount required pam_unix.so\n"
                    f"session required pam_exec.so {script}\n")

    def add(self, name, *options):
        run("useradd", *options, name)
        self.names.append(name)
        if "-r" not in options:
            run("chpasswd", text=f"{name}:{PASSWORD}\n")

    def remove(self):
        for name in self.names:
            subprocess.run(["userdel", "-r", "-f", name], check=False, capture_output=True)
        subprocess.run(["groupdel", self.shared], check=False, capture_output=True)
        os.unlink(f"/etc/pam.d/{SERVICE}")

    def sessions(self):
        if not os.path.exists(self.log):
            return []
        with open(self.log, encoding="ascii") as f:
            return f.read().splitlines()


class SystemServer(Server):
    def __init__(self, accounts, *options, **how):
        super().__init__("--system-users", "on", "--run-as", accounts.server,
                         "--pam-service", SERVICE, *options, **how)
        self.clients = []  # a client that nobody holds closes its connection
        entry = pwd.getpwnam(accounts.server)
        for path in (self.base, self.root):
            os.chown(path, entry.pw_uid, entry.pw_gid)

    def ftp(self, user, password=PASSWORD):
        client = ftplib.FTP(timeout=PATIENCE)
        client.connect("127.0.0.1", self.port)
        client.login(user, password)
        self.clients.append(client)
        return client

    def refuses(self, user, password=PASSWORD):
        with pytest.raises(ftplib.error_perm, match="^530 "):
            self.ftp(user, password)
        return True

    def agents(self):
        """Process numbers of the agents by the uid that each is."""
        found = {}
        for number in below(self.process.pid):
            try:
                with open(f"/proc/{number}/cmdline", "rb") as f:
                    is_agent = f.read() == b"ferryd-agent\0"
                if is_agent:
                    found.setdefault(int(status(number)["Uid"].split()[0]), []).append(number)
            except (FileNotFoundError, ProcessLookupError):
                continue  # it ended meanwhile
        return found


def below(pid):
    listed = subprocess.run(["ps", "-eo", "pid=,ppid="], capture_output=True, text=True, check=True)
    pairs = [tuple(map(int, line.split())) for line in listed.stdout.splitlines()]
    found, wanted = [], {pid}
    while wanted:
        wanted = {child for child, parent in pairs if parent in wanted}
        found += wanted
    return found


def status(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as f:
        return dict(line.rstrip("\n").split(":\t", 1) for line in f if ":\t" in line)


def still_there(pid):
    """What it is and does; an ended one that nobody has asked after yet is none any more."""
    try:
        fields = status(pid)
        return not fields["State"].startswith("Z") and {n: fields[n] for n in ("Name", "State", "PPid")}
    except (FileNotFoundError, ProcessLookupError):
        return None


def store(client, name, content=b"content"):
    client.storbinary(f"STOR {name}", io.BytesIO(content))


def fetch(client, name):
    content = io.BytesIO()
    client.retrbinary(f"RETR {name}", content.write)
    return content.getvalue()


@pytest.fixture(scope="module")
def accounts(tmp_path_factory):
    directory = tmp_path_factory.mktemp("accounts")
    made = Accounts(str(directory))
    try:
        yield made
    finally:
        made.remove()


@pytest.fixture
def running(accounts):
    with SystemServer(accounts) as server:
        yield server


def home(name, *parts):
    return os.path.join(pwd.getpwnam(name).pw_dir, *parts)


# ---- Whose files ----------------------------------------------------------------------


def test_what_a_user_stores_is_theirs(running, accounts):
    anna = running.ftp(accounts.anna)
    store(anna, "file", b"x" * 300000)
    anna.mkd("directory")
    entry = pwd.getpwnam(accounts.anna)
    for name in ("file", "directory"):
        info = os.lstat(home(accounts.anna, name))
        assert (info.st_uid, info.st_gid) == (entry.pw_uid, entry.pw_gid)
    assert fetch(anna, "file") == b"x" * 300000
    assert anna.pwd() == "/"


def test_an_append_and_a_resumption_go_through_the_agent(running, accounts):
    anna = running.ftp(accounts.anna)
    store(anna, "log", b"one")
    anna.storbinary("APPE log", io.BytesIO(b"two"))
    anna.storbinary("STOR log", io.BytesIO(b"TWO"), rest=3)
    assert fetch(anna, "log") == b"oneTWO"
    assert [name for name, _ in anna.mlsd() if name == "log"] == ["log"]


def test_a_supplementary_group_counts_and_roots_groups_do_not(running, accounts):
    for name, group in (("shared", accounts.shared), ("roots", "root")):
        path = home(accounts.anna, name)
        with open(path, "wb") as f:
            f.write(b"by group")
        run("chown", f"root:{group}", path)
        os.chmod(path, 0o640)
    anna = running.ftp(accounts.anna)
    assert fetch(anna, "shared") == b"by group"
    with pytest.raises(ftplib.error_perm, match="^550"):
        fetch(anna, "roots")


def test_users_cannot_read_each_others_private_files(accounts):
    with SystemServer(accounts, "--system-root", "/") as server:
        anna, bert = server.ftp(accounts.anna), server.ftp(accounts.bert)
        path = home(accounts.anna, "private")
        store(anna, path, b"secret")
        os.chmod(path, 0o600)
        os.chmod(home(accounts.anna), 0o755)
        assert fetch(anna, path) == b"secret"
        with pytest.raises(ftplib.error_perm, match="^550"):
            fetch(bert, path)
        with pytest.raises(ftplib.error_perm, match="^55"):
            bert.delete(path)
        with pytest.raises(ftplib.error_perm, match="^550"):
            fetch(bert, "/etc/shadow")


# ---- Who is refused --------------------------------------------------------------------


def test_a_wrong_password_is_refused(running, accounts):
    assert running.refuses(accounts.anna, "wrong")
    assert running.refuses(f"{TAG}nobody", "wrong")


def test_root_and_accounts_of_the_system_are_refused(running, accounts):
    run("chpasswd", text=f"{accounts.server}:{PASSWORD}\n")
    assert running.refuses(accounts.server)
    assert "uid below system-users-from" in running.log()
    assert running.refuses("root", "whatever")


def test_whoever_has_uid_0_is_refused_whatever_the_name(accounts):
    run("useradd", "-o", "-u", "0", "-s", "/bin/sh", "-d", "/root", f"{TAG}z")
    try:
        run("chpasswd", text=f"{TAG}z:{PASSWORD}\n")
        with SystemServer(accounts, "--system-users-from", "0") as server:
            assert server.refuses(f"{TAG}z")
            assert '"uid 0"' in server.log()
    finally:
        # Not userdel, which looks for processes of the uid.
        run("sed", "-i", f"/^{TAG}z:/d", "/etc/passwd", "/etc/shadow", "/etc/group", "/etc/gshadow")


def test_an_expired_account_is_refused(running, accounts):
    run("chage", "-E", "1", accounts.bert)
    try:
        assert running.refuses(accounts.bert)
    finally:
        run("chage", "-E", "-1", accounts.bert)
    running.ftp(accounts.bert)


def test_a_password_that_has_to_be_changed_is_refused(running, accounts):
    run("chage", "-d", "0", accounts.bert)
    try:
        assert running.refuses(accounts.bert)
    finally:
        run("chage", "-d", "2020-01-01", accounts.bert)


def test_a_shell_that_is_not_listed_is_refused_unless_any_will_do(running, accounts):
    run("usermod", "-s", "/usr/sbin/nologin", accounts.bert)
    try:
        assert running.refuses(accounts.bert)
        assert "/etc/shells" in running.log()
        with SystemServer(accounts, "--system-users-shell", "any") as server:
            server.ftp(accounts.bert)
    finally:
        run("usermod", "-s", "/bin/sh", accounts.bert)


def test_who_is_in_ftpusers_is_refused(running, accounts):
    before = None
    if os.path.exists("/etc/ftpusers"):
        with open("/etc/ftpusers", encoding="utf-8") as f:
            before = f.read()
    with open("/etc/ftpusers", "a", encoding="utf-8") as f:
        f.write(f"{accounts.bert}\n")
    try:
        assert running.refuses(accounts.bert)
        running.ftp(accounts.anna)
    finally:
        if before is None:
            os.unlink("/etc/ftpusers")
        else:
            with open("/etc/ftpusers", "w", encoding="utf-8") as f:
                f.write(before)


def test_an_account_of_ferry_comes_before_one_of_the_system(accounts):
    with SystemServer(accounts, users=(f"{accounts.anna}:other",)) as server:
        assert server.refuses(accounts.anna)
        server.ftp(accounts.anna, "other").storbinary("STOR f", io.BytesIO(b"x"))
        assert server.names() == ["f"]


# ---- What the processes are -----------------------------------------------------------------


def test_pams_session_lasts_as_long_as_the_login(running, accounts):
    before = len(accounts.sessions())
    anna = running.ftp(accounts.anna)
    opened = f"open_session {accounts.anna} 127.0.0.1"
    assert accounts.sessions()[before:] == [opened]
    store(anna, "in-session")
    assert accounts.sessions()[before:] == [opened]
    anna.quit()
    closed = f"close_session {accounts.anna} 127.0.0.1"
    assert eventually(lambda: accounts.sessions()[before:] == [opened, closed])
    assert eventually(lambda: not running.agents())


def test_sessions_of_one_user_share_an_agent_and_others_have_their_own(running, accounts):
    clients = [running.ftp(name) for name in (accounts.anna, accounts.anna, accounts.bert)]
    agents = running.agents()
    uids = [pwd.getpwnam(name).pw_uid for name in (accounts.anna, accounts.bert)]
    assert sorted(agents) == sorted(uids)
    assert all(len(numbers) == 1 for numbers in agents.values())
    clients[0].quit()
    store(clients[1], "after-the-other")
    assert running.agents() == agents


def test_an_agent_is_its_user_and_nothing_else(running, accounts):
    running.ftp(accounts.anna)
    (number,), entry = running.agents()[pwd.getpwnam(accounts.anna).pw_uid], \
        pwd.getpwnam(accounts.anna)
    now = status(number)
    assert set(now["Uid"].split()) == {str(entry.pw_uid)}
    assert set(now["Gid"].split()) == {str(entry.pw_gid)}
    groups = set(os.getgrouplist(accounts.anna, entry.pw_gid))
    assert set(map(int, now["Groups"].split())) == groups and len(groups) == 2
    assert now["NoNewPrivs"] == "1" and int(now["CapEff"], 16) == 0 and int(now["CapPrm"], 16) == 0
    assert now["Umask"] == "0000"


def test_an_agent_has_no_descriptor_of_the_server(running, accounts):
    running.ftp(accounts.anna)
    (number,) = running.agents()[pwd.getpwnam(accounts.anna).pw_uid]
    links = [os.readlink(f"/proc/{number}/fd/{fd}") for fd in os.listdir(f"/proc/{number}/fd")]
    rest = [link for link in links if not link.startswith("socket:")]
    assert sorted(rest) == sorted(["/dev/null"] * 3 + [home(accounts.anna)])
    # Its sockets are between processes: none of them is a client's or a listener.
    tcp = set()
    for table in ("tcp", "tcp6"):
        with open(f"/proc/{number}/net/{table}", encoding="ascii") as f:
            tcp |= {line.split()[9] for line in f.readlines()[1:]}
    assert not tcp & {link[len("socket:["):-1] for link in links if link.startswith("socket:")}


def test_an_agents_user_cannot_trace_it(running, accounts):
    running.ftp(accounts.anna)
    entry = pwd.getpwnam(accounts.anna)
    (number,) = running.agents()[entry.pw_uid]
    tried = subprocess.run(["setpriv", f"--reuid={entry.pw_uid}", f"--regid={entry.pw_gid}",
                            "--clear-groups", "ls", f"/proc/{number}/fd"], check=False,
                           capture_output=True, text=True)
    assert "Permission denied" in tried.stderr


def test_the_server_is_not_root(running, accounts):
    now = status(running.process.pid)
    assert set(now["Uid"].split()) == {str(pwd.getpwnam(accounts.server).pw_uid)}
    assert int(now["CapEff"], 16) == 0 and now["NoNewPrivs"] == "1"


def test_cve_2024_48651_no_group_of_whoever_started_it_stays(accounts):
    """ProFTPD's mod_sql kept them, root's among them (docs/lessons.md)."""
    server = SystemServer(accounts)
    server.prefix = ["setpriv", "--groups", "0,4,27"]
    with server:
        server.ftp(accounts.anna)
        (agent,) = server.agents()[pwd.getpwnam(accounts.anna).pw_uid]
        for name, number in ((accounts.server, server.process.pid), (accounts.anna, agent)):
            entry = pwd.getpwnam(name)
            now = status(number)
            assert set(now["Gid"].split()) == {str(entry.pw_gid)}
            groups = set(os.getgrouplist(name, entry.pw_gid))
            assert set(map(int, now["Groups"].split())) == groups and not groups & {0, 4, 27}


def test_each_process_is_held_to_a_set_of_its_own(running, accounts):
    running.ftp(accounts.anna)
    (agent,) = running.agents()[pwd.getpwnam(accounts.anna).pw_uid]
    monitor, session = (number for number in below(running.process.pid) if number != agent)
    sets = ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")
    ours = int(status("self")["CapEff"], 16)  # a container's root may not have all
    assert [int(status(agent)[name], 16) for name in sets] == [0] * 5
    for number in (monitor, session):
        now = status(number)
        assert set(now["Uid"].split()) == {"0"}
        held = {name: int(now[name], 16) for name in sets}
        assert held["CapEff"] == held["CapPrm"] == held["CapBnd"] == OF_LOGINS & ours
        assert held["CapInh"] == held["CapAmb"] == 0
    for number in (agent, monitor, session):
        now = status(number)
        assert (now["NoNewPrivs"], now["Seccomp"]) == ("1", "2")
    # The agent's filter is one more, on top of the monitor's.
    assert status(agent)["Seccomp_filters"] == "2" and status(monitor)["Seccomp_filters"] == "1"


def test_a_password_is_left_in_no_process(accounts, release):
    with SystemServer(accounts, binary=release) as server:
        server.ftp(accounts.anna)
        assert len(below(server.process.pid)) == 3
        assert memory.places(server, server.root)
        assert not memory.places(server, PASSWORD)


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP])
def test_an_agent_that_is_ended_or_stopped_costs_its_sessions_and_no_more(running, accounts, how):
    anna, bert = running.ftp(accounts.anna), running.ftp(accounts.bert)
    store(anna, "before")
    (number,) = running.agents()[pwd.getpwnam(accounts.anna).pw_uid]
    os.kill(number, how)
    assert eventually(lambda: pwd.getpwnam(accounts.anna).pw_uid not in running.agents())
    with pytest.raises(ftplib.Error, match="^4"):
        fetch(anna, "before")
    store(bert, "undisturbed")
    again = running.ftp(accounts.anna)
    assert fetch(again, "before") == b"content"


def test_an_upload_whose_agent_ends_leaves_no_file_and_is_not_confirmed(running, accounts):
    with running.login(accounts.anna, PASSWORD) as client:
        data = client.passive()
        client.ask("STOR broken", "150")
        data.sendall(b"x" * 100000)
        (number,) = running.agents()[pwd.getpwnam(accounts.anna).pw_uid]
        os.kill(number, signal.SIGKILL)
        assert eventually(lambda: not running.agents())
        with contextlib.suppress(ConnectionError):
            data.sendall(b"y" * 100000)
        data.close()
        client.expect("426", "451", "450")
    assert not os.path.exists(home(accounts.anna, "broken"))


def test_a_server_that_is_killed_leaves_no_process_and_no_open_session(accounts):
    before = len(accounts.sessions())
    with SystemServer(accounts) as server:
        server.ftp(accounts.anna)
        processes = below(server.process.pid)
        assert len(processes) == 3  # the monitor, a session, an agent
        server.kill()
        eventually(lambda: not any(map(still_there, processes)))
        assert [left for left in map(still_there, processes) if left] == []
    assert len(accounts.sessions()) == before + 2


def test_a_privileged_port_is_bound_by_the_monitor(accounts):
    port = next(n for n in range(600, 1000) if is_free(n))
    with SystemServer(accounts, "--port", str(port)) as server:
        assert server.port == port
        server.ftp(accounts.anna)


def is_free(port):
    listed = subprocess.run(["ss", "-Hltn", f"sport = :{port}"], capture_output=True, text=True,
                            check=True)
    return not listed.stdout


def test_without_being_root_it_says_why_it_does_not_start(accounts):
    entry = pwd.getpwnam(accounts.bert)
    server = SystemServer(accounts)
    command = ["setpriv", f"--reuid={entry.pw_uid}", f"--regid={entry.pw_gid}", "--clear-groups",
               *server.command()]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    run("rm", "-rf", server.base)
    assert ended.returncode == 2
    assert "system-users: ferryd must be started as root" in ended.stderr
