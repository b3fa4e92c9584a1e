# SPDX-License-Identifier: Apache-2.0
"""How cost grows with what is to be done: active sessions, and entries of a directory."""

import dataclasses

import files
import metrics
import report
from comparison import compare

SESSIONS = (1, 16, 256, 1000, 5000)
DIRECTORIES = files.DIRECTORIES
ROUNDS, SECONDS = 5, 0.7
MILLION = 1_000_000
MILLION_ROUNDS = 3

# What a table is of, its figures, and between what they stand in the results.
WORKS = {"get": "1 KiB downloads", "command": "commands", "list": "LIST of a directory"}
FIGURES = {
    "get": {"value": "downloads/s", "cost": "CPU µs each"},
    "command": {"value": "commands/s", "cost": "CPU µs each"},
    "list": {"value": "entries/s", "cost": "CPU ns for an entry",
             "first_byte_ms": "ms to the first byte", "peak_mib": "MiB of memory more"},
}


def sessions_metric(work, count):
    base = next(metric for metric in metrics.ALL if metric.name == work)
    return dataclasses.replace(base, name=f"{work}-{count}", targets=(),
                               title=f"{WORKS[work]}, {count:,} sessions",
                               words=base.words.replace("--sessions 16", f"--sessions {count}"))


def directory_metric(count):
    # Of the largest one listing is enough.
    how = " --operations 1 --patience 300" if count >= MILLION else ""
    return metrics.Metric(f"list-{count}", f"LIST of {count:,} entries", metrics.ENTRIES,
                          f"list --directory entries-{count} --entries {count}{how}",
                          watches_peak=True, is_timed=count < MILLION)


def measure(kinds, place, scale, keep):
    """{work: {count: what report.as_json says}}; `keep` is told after each what there is."""
    scale = dataclasses.replace(scale, rounds=ROUNDS, seconds=SECONDS)
    grown = {work: {} for work in WORKS}
    for work in ("get", "command"):
        for count in SESSIONS:
            able = [kind for kind in kinds if kind.sessions_max >= count]
            note(grown, work, count,
                 compare(sessions_metric(work, count), able, place, None, scale))
            keep(grown)
    for count in DIRECTORIES:
        rounds = MILLION_ROUNDS if count >= MILLION else ROUNDS
        note(grown, "list", count, compare(directory_metric(count), kinds, place, None,
                                           dataclasses.replace(scale, rounds=rounds)))
        keep(grown)
    return grown


def note(grown, work, count, outcome):
    report.show(outcome)
    grown[work][str(count)] = report.as_json(outcome)


def points(grown, work, figure):
    """{server: {count: median}} of those that made no error."""
    found = {}
    for count, metric in grown[work].items():
        for name, server in metric["servers"].items():
            if server[figure] and not server["failures"]:
                found.setdefault(name, {})[int(count)] = server[figure]["median"]
    return found


def as_markdown(grown, work, figure):
    counts = list(grown[work])
    names = []
    for metric in grown[work].values():
        names += [name for name in metric["servers"] if name not in names]

    def text(count, name):
        server = grown[work][count]["servers"].get(name)
        if not server:
            return ""
        return report.short(report.median(server[figure])) + ("!" if server["failures"] else "")

    return report.as_markdown(
        [FIGURES[work][figure], *(f"{int(count):,}" for count in counts)],
        [[name, *(text(count, name) for count in counts)] for name in names])
