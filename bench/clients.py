# SPDX-License-Identifier: Apache-2.0
"""ferry beside the clients that Debian has, with the same server: ferryd.

Each fetches the same into an empty directory of memory, in turns; what came is compared with what
was there. Seconds, the less the better; the ratio is that of the others to ours.
"""

import filecmp
import os
import shutil
import statistics
import subprocess
import tempfile
import time

SMALL_FILES = 10_000
SMALL_BYTES = 1024
ROUNDS = 5
PATIENCE = 300  # seconds


class Failed(Exception):
    """A client did not bring what it was to bring."""


def small_url(port):
    return f"ftp://127.0.0.1:{port}/ten-thousand"


def mirrors(port, work):
    """Of many small files: as each program's manual says, and faster ways where it has them."""
    url = small_url(port)
    lftp = ["lftp", "-c", "set cmd:fail-exit yes; set ftp:ssl-allow no; set net:max-retries 1; "]
    names = "\n".join(f'url = "{url}/file-{i:05}"\nremote-name' for i in range(SMALL_FILES))
    with open(f"{work}/curlrc", "w", encoding="ascii") as f:
        f.write(names)
    rclone = ["rclone", "--config", "/dev/null", "copy", ":ftp:ten-thousand", ".", "--ftp-host", "127.0.0.1",
              "--ftp-port", str(port), "--ftp-user", "anonymous", "--ftp-pass",
              subprocess.run(["rclone", "obscure", "bench"], check=True, capture_output=True,
                             text=True).stdout.strip()]
    return {
        "ferry": ["mirror", "--tls", "off", f"{url}/", "."],
        "lftp": lftp[:2] + [lftp[2] + f"mirror {url}/ ."],
        "lftp -P4": lftp[:2] + [lftp[2] + f"mirror -P4 {url}/ ."],
        "ncftp": ["ncftpget", "-R", "-T", "-P", str(port), "127.0.0.1", ".", "/ten-thousand"],
        "curl": ["curl", "-sS", "-K", f"{work}/curlrc"],
        "curl -Z": ["curl", "-sS", "-Z", "--parallel-max", "4", "-K", f"{work}/curlrc"],
        "wget": ["wget", "-q", "-r", "-nH", "-l1", f"{url}/"],
        "rclone": rclone,
    }


def fetches(port, _):
    """Of one large file."""
    url = f"ftp://127.0.0.1:{port}/big"
    return {
        "ferry": ["get", "--tls", "off", url],
        "lftp": ["lftp", "-c", f"set cmd:fail-exit yes; set ftp:ssl-allow no; get {url}"],
        "ncftp": ["ncftpget", "-V", "-P", str(port), "127.0.0.1", ".", "/big"],
        "curl": ["curl", "-sS", "-O", url],
        "wget": ["wget", "-q", url],
        # Parts side by side end with a 426 each, which Debian's rclone 1.60 takes for a fault.
        "rclone": ["rclone", "--config", "/dev/null", "copyto", "--multi-thread-streams", "0",
                   ":ftp:big", "big", "--ftp-host", "127.0.0.1", "--ftp-port", str(port), "--ftp-user", "anonymous", "--ftp-pass",
                   subprocess.run(["rclone", "obscure", "bench"], check=True, capture_output=True,
                                  text=True).stdout.strip()],
    }


def is_whole(place, root):
    """Is what came what was there? Some keep the directory's name, some do not."""
    if os.path.exists(f"{place}/big"):
        return filecmp.cmp(f"{place}/big", f"{root}/big", shallow=False)
    if os.path.isdir(f"{place}/ten-thousand"):
        place = f"{place}/ten-thousand"
    names = os.listdir(f"{root}/ten-thousand")
    _, wrong, missing = filecmp.cmpfiles(f"{root}/ten-thousand", place, names, shallow=False)
    return not wrong and not missing


def seconds_of(command, work, root):
    place = tempfile.mkdtemp(dir=work)
    environment = dict(os.environ, HOME=work, XDG_CONFIG_HOME=work)
    begun = time.monotonic()
    try:
        result = subprocess.run(command, cwd=place, env=environment, timeout=PATIENCE, check=False,
                                capture_output=True, text=True)
    except subprocess.TimeoutExpired:
        raise Failed(f"not at its end after {PATIENCE} s") from None
    seconds = time.monotonic() - begun
    if result.returncode or not is_whole(place, root):
        raise Failed(result.stderr.strip()[-200:] or "what came is not what was there")
    shutil.rmtree(place)
    return seconds


def make_files(root):
    os.makedirs(f"{root}/ten-thousand", exist_ok=True)
    for i in range(SMALL_FILES):
        with open(f"{root}/ten-thousand/file-{i:05}", "wb") as f:
            f.write(i.to_bytes(4, "big") * (SMALL_BYTES // 4))


def take_turns(commands, work, root):
    """Seconds of each client's rounds; and what is wrong with those that failed once."""
    figures, failures = {name: [] for name in commands}, {}
    for turn in range(ROUNDS + 1):
        for name, command in commands.items():
            if name in failures:
                continue
            try:
                seconds = seconds_of(command, work, root)
            except Failed as failed:
                failures[name] = str(failed)
                continue
            if turn:  # the first turn warms the caches
                figures[name].append(seconds)
    return figures, failures


def compare(title, commands, work, root):
    commands["ferry"].insert(0, os.path.abspath("build/ferry"))
    figures, failures = take_turns(commands, work, root)
    ours = statistics.median(figures["ferry"] or [float("nan")])
    print(f"{title:<24}{'seconds':>10}{'least':>10}   {'ratio':>6}   (above 1: ferry is better)")
    for name, seconds in figures.items():
        if name in failures:
            print(f"{name:<24}  ! {failures[name]}")
            continue
        median = statistics.median(seconds)
        print(f"{name:<24}{median:>10.2f}{min(seconds):>10.2f}   {median / ours:>6.2f}", flush=True)
    print()


def compare_clients(port, root):
    make_files(root)
    # In memory: what is measured is the clients, not a disk.
    with tempfile.TemporaryDirectory(dir="/dev/shm", prefix="ferry-bench-") as work:
        compare("10,000 files of 1 KiB", mirrors(port, work), work, root)
        compare("one file of 1 GiB", fetches(port, work), work, root)
