# SPDX-License-Identifier: Apache-2.0
"""The driver of the benchmark: whom it holds ferryd against, and what it counts as a cost."""

import json
import os
import subprocess
import sys

import pytest

BENCH = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "bench")
sys.path.insert(0, BENCH)

import comparison  # noqa: E402
import metrics  # noqa: E402
import report  # noqa: E402

pytestmark = pytest.mark.clear  # it has nothing to do with connections


def told(operations, cpu_seconds=1.0, **more):
    return {"operations": operations, "seconds": 1.0, "cpu_seconds": cpu_seconds, **more}


def outcome_of(rounds, unit=metrics.OPERATIONS, targets=()):
    outcome = comparison.Outcome(metrics.Metric("get", "downloads", unit, "get", targets))
    outcome.peers = [name for name in rounds if name not in ("ferryd", "bare")]
    outcome.limits = [name for name in rounds if name == "bare"]
    for name, several in rounds.items():
        for one in several:
            outcome.add(name, one)
    return outcome


def verdict(rounds, target, unit=metrics.OPERATIONS):
    return report.judge(outcome_of(rounds, unit), target)["is_met"]


def test_a_figure_is_the_median_and_comes_with_its_spread():
    value = outcome_of({"ferryd": [told(90), told(500), told(100)]}).value("ferryd")
    assert value == {"median": 100, "least": 90, "most": 500, "deviation": 10}


def test_who_made_an_error_is_shown_and_nobodys_yardstick():
    outcome = outcome_of({"ferryd": [told(80)], "slow": [told(50), told(60)],
                          "wrong": [told(100), told(100, failure="1 error")]})
    assert outcome.best_peer() == "slow"
    assert outcome.value("wrong")["median"] == 100
    assert outcome.failures("wrong") == ["1 error"]


def test_a_server_that_did_nothing_has_no_figure():
    outcome = outcome_of({"ferryd": [told(80)], "gone": [{"failure": "does not start"}]})
    assert outcome.value("gone") is None and outcome.best_peer() is None
    assert report.judge(outcome, metrics.at_least(1))["is_met"] is None


def test_a_ratio_is_of_the_medians_and_says_between_which_the_rounds_are():
    ratio = outcome_of({"ferryd": [told(20), told(30), told(10)],
                        "bare": [told(10), told(10), told(20)]}).ratio("ferryd", "bare")
    assert ratio == {"median": 2, "least": 0.5, "most": 3}


@pytest.mark.parametrize("factor, is_met", [(1.5, True), (1.6, False)])
def test_a_rate_has_to_reach_its_target(factor, is_met):
    rounds = {"ferryd": [told(150)], "a": [told(100)], "b": [told(90)]}
    assert verdict(rounds, metrics.at_least(factor)) is is_met


@pytest.mark.parametrize("factor, is_met", [(0.6, True), (0.4, False)])
def test_a_cost_is_compared_with_that_of_the_fastest(factor, is_met):
    rounds = {"ferryd": [told(200)], "a": [told(100, 1.0)], "b": [told(90, 0.1)]}
    assert verdict(rounds, metrics.at_most(factor, "best", figure="cost")) is is_met


def test_of_several_yardsticks_each_has_to_be_reached():
    rounds = {"ferryd": [told(200)], "a": [told(100)], "b": [told(150)]}
    assert verdict(rounds, metrics.at_least(2, "a")) is True
    assert verdict(rounds, metrics.at_least(2, "a", "b")) is False


def test_less_is_better_of_seconds():
    rounds = {"ferryd": [told(1) | {"seconds": 0.3}], "a": [told(1) | {"seconds": 0.1}],
              "bare": [told(1) | {"seconds": 0.2}]}
    assert verdict(rounds, metrics.at_most(2, "bare"), metrics.SECONDS) is True
    assert verdict(rounds, metrics.at_most(1.2, "bare"), metrics.SECONDS) is False
    assert outcome_of(rounds, metrics.SECONDS).best_peer() == "a"


def test_an_error_of_ours_meets_no_target():
    rounds = {"ferryd": [told(200, failure="1 error")], "a": [told(100)]}
    assert verdict(rounds, metrics.at_least(1)) is False


def test_what_came_of_it_is_json():
    outcome = outcome_of({"ferryd": [told(80)], "a": [told(50)], "bare": [told(100)]},
                         targets=(metrics.at_least(1.5),))
    row = json.loads(json.dumps(report.as_json(outcome)))
    assert row["best_peer"] == "a" and row["limit"] == "bare"
    assert [target["is_met"] for target in row["targets"]] == [True]
    head, rows = report.table([row])
    assert len(head) == len(rows[0]) and rows[0][-3:] == ["1.60×", "0.8×", "met"]


def ours(program):
    """What a program that uses the driver's parts says: it changes who it is to the system."""
    return subprocess.run([sys.executable, "-c", f"import sys; sys.path.insert(0, {BENCH!r})\n"
                           + program], check=True, capture_output=True, text=True).stdout.strip()


def test_processes_whose_parent_has_gone_cost_their_server():
    burn = "for i in range(10**7): pass"
    spent = ours(f"""
import os, subprocess, time, cost
# A server whose child's child works on when its parent has gone.
server = cost.orphans.started(subprocess.Popen([sys.executable, "-c", '''
import os, time
if not os.fork():
    if not os.fork():
        {burn}
    os._exit(0)
os.wait()
time.sleep(60)
''']))
time.sleep(1)
while cost.orphans.living():
    time.sleep(0.1)
begun = time.process_time()
{burn}
print(cost.cpu_seconds(server.pid) > (time.process_time() - begun) / 3)
server.kill()
server.wait()
""")
    assert spent == "True"


def test_a_network_is_nobody_elses():
    assert ours("""
import socket, isolation
isolation.leave_the_machine()
one, other = isolation.Network(), isolation.Network()
with one:
    listener = socket.create_server(("127.0.0.1", 0))
    socket.create_connection(listener.getsockname()).close()
with other:
    try:
        socket.create_connection(listener.getsockname())
    except ConnectionRefusedError:
        print("refused")
""") == "refused"
