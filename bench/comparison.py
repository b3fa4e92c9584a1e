# SPDX-License-Identifier: Apache-2.0
"""The rounds of one metric: all servers in turns, so that whatever else the machine does hits all
of them, and each time another one is the first; and what comes of the rounds.

A server is started for its round, with a network of its own, and ended after it: rounds do not
depend on how many there were before. It is warm when the clock starts: every session has logged in
and done one operation by then.
"""

import contextlib
import dataclasses
import statistics
import time

import load
import servers
from isolation import Network


@dataclasses.dataclass(frozen=True)
class Scale:
    """How much is done."""

    rounds: int
    seconds: float
    pause_seconds: float       # the kernel clears up after the connections of a round
    large: str                 # the file of large downloads
    large_bytes: int
    upload_bytes: int
    idle_divisor: int          # of how many sessions that do nothing one is opened
    idle_of_forking: int       # for those with a process for each
    patience_seconds: int      # until a client that waits for its greeting gives up


FULL = Scale(7, 1.0, 0.1, "big", 1 << 30, 1 << 30, 1, 300, 10)
QUICK = Scale(3, 0.15, 0.02, "middle", 1 << 27, 1 << 27, 10, 40, 2)


def scaled(scale, rounds, seconds):
    """With other numbers, where there are any."""
    return dataclasses.replace(scale, rounds=rounds or scale.rounds,
                               seconds=seconds or scale.seconds)


def spread(figures):
    """Median, least, most, and the median distance from the median."""
    if not figures:
        return None
    middle = statistics.median(figures)
    return {"median": middle, "least": min(figures), "most": max(figures),
            "deviation": statistics.median(abs(one - middle) for one in figures)}


class Outcome:
    """What a metric came to, server by server, in the order in which they are shown."""

    def __init__(self, metric):
        self.metric = metric
        self.told = {}       # by server: what each round counted
        self.peers, self.limits = [], []

    def add(self, name, told):
        self.told.setdefault(name, []).append(told)

    def figures(self, name, of):
        return [of(told) for told in self.told.get(name, []) if of and told.get("operations")]

    def value(self, name):
        return spread(self.figures(name, self.metric.unit.of))

    def cost(self, name):
        return spread(self.figures(name, self.metric.unit.cost_of))

    def first_byte_ms(self, name):
        return spread(self.figures(name, lambda told: told.get("first_byte_us", 0) / 1e3))

    def peak_mib(self, name):
        return spread(self.figures(name, lambda told: told.get("peak_bytes", 0) / 2**20))

    def failures(self, name):
        return [told["failure"] for told in self.told.get(name, []) if "failure" in told]

    def resumed_share(self, name):
        """Of the data connections that were to resume a TLS session, how many did."""
        if "--resume" not in self.metric.words:
            return None
        told = [one for one in self.told.get(name, []) if one.get("operations")]
        return sum(one["resumed"] for one in told) / sum(one["operations"] for one in told) \
            if told else None

    def best_peer(self):
        """Of those that made no error, if there is one."""
        fit = [name for name in self.peers if self.value(name) and not self.failures(name)]
        choose = max if self.metric.unit.is_more_better else min
        return choose(fit, key=lambda name: self.value(name)["median"], default=None)

    def ratio(self, name, other, figure="value"):
        """Of the medians; and between which the ratios of single rounds are."""
        ours, theirs = getattr(self, figure)(name), getattr(self, figure)(other)
        if not ours or not theirs or not theirs["median"]:
            return None
        of = self.metric.unit.of if figure == "value" else self.metric.unit.cost_of
        rounds = [of(one) / of(another)
                  for one, another in zip(self.told[name], self.told[other])
                  if one.get("operations") and another.get("operations") and of(another)]
        return {"median": ours["median"] / theirs["median"],
                "least": min(rounds, default=None), "most": max(rounds, default=None)}


def filled(words, files, scale):
    """The words of a metric, with what depends on the scale and on the place."""
    if "{large}" in words:
        files.large(scale.large)
    words = words.split()
    for word in words:
        if "entries-" in word:
            files.directory(int(word.rpartition("entries-")[2]))
    return [word.format(root=files.root, large=scale.large, large_bytes=scale.large_bytes,
                        upload_bytes=scale.upload_bytes, patience=scale.patience_seconds)
            for word in words]


def one_round(metric, server, words, scale, seconds):
    if metric.idle_sessions:
        sessions = metric.idle_sessions // scale.idle_divisor
        return load.idle(server, scale.idle_of_forking if server.forks else sessions, words)
    if metric.is_timed:
        words = [*words, "--seconds", str(seconds)]
    return load.drive(server, words, seconds, metric.watches_peak)


@contextlib.contextmanager
def own_network(files, scale):
    """And a pause behind it."""
    network = Network()
    try:
        yield network
    finally:
        network.close()
        files.forget_uploads()
        time.sleep(scale.pause_seconds)


def served_round(metric, kind, words, files, certificate, scale):
    """A server's round, from its start to its end."""
    with own_network(files, scale) as network:
        try:
            with kind(files.root, network, certificate) as server:
                return one_round(metric, server, words, scale, scale.seconds)
        except (RuntimeError, OSError) as error:
            return {"failure": " ".join(str(error).split())[:200]}


def limit_round(words, files, scale):
    with own_network(files, scale) as network:
        return load.limit(network, [*words, "--seconds", str(scale.seconds)])


def turns(kinds, number):
    """Who comes after whom, in this round."""
    first = number % len(kinds)
    return kinds[first:] + kinds[:first]


def compare(metric, kinds, files, certificate, scale):
    outcome = Outcome(metric)
    outcome.peers = [kind.name for kind in kinds if kind in servers.PEER_SERVERS]
    outcome.limits = [kind.name for kind in kinds if kind.is_limit]
    if metric.limit:
        outcome.limits.append("limit")
    words, limit_words = (filled(text, files, scale) for text in (metric.words, metric.limit))
    for number in range(scale.rounds):
        if metric.limit:
            outcome.add("limit", limit_round(limit_words, files, scale))
        for kind in turns(kinds, number):
            outcome.add(kind.name, served_round(metric, kind, words, files,
                                                certificate if metric.is_tls else None, scale))
    return outcome
