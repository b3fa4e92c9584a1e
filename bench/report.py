# SPDX-License-Identifier: Apache-2.0
"""What came of it: for people on the terminal, for docs/performance.md, for programs as JSON."""

import json
import re

OURS = "ferryd"


def short(figure):
    """Three digits that count."""
    if figure is None:
        return "–"
    if abs(figure) >= 1000:
        return f"{figure:,.0f}"
    if abs(figure) >= 100:
        return f"{figure:.0f}"
    return f"{figure:.2f}" if abs(figure) >= 1 else f"{figure:.3g}"


def median(figures):
    return figures["median"] if figures else None


def between(figures):
    if not figures or figures["least"] is None:
        return ""
    return f"{short(figures['least'])}–{short(figures['most'])}"


# ---- Targets ----------------------------------------------------------------------

FIGURES = {"first_byte_ms": "ms to the first byte", "peak_mib": "MiB of memory more"}


def comparisons(outcome, target):
    """(What is said of it, the factor) for each that ferryd is held against."""
    if not target.against:
        ours = median(getattr(outcome, target.figure)(OURS))
        return [(f"{short(ours)} {FIGURES.get(target.figure, outcome.metric.unit.name)}", ours)]
    unit = outcome.metric.unit
    what = unit.name if target.figure == "value" else unit.cost_name
    names = [outcome.best_peer() if name == "best" else name for name in target.against]
    ratios = [(name, outcome.ratio(OURS, name, target.figure)) for name in names if name]
    return [(f"{short(median(ratio))}× ({between(ratio)}) the {what} of {name}", median(ratio))
            for name, ratio in ratios if ratio] or [(f"nobody to compare the {what} with", None)]


def judge(outcome, target):
    """{says, is_met}: is_met is None where there is nothing to compare with."""
    compared = comparisons(outcome, target)
    verdicts = [factor >= target.factor if target.is_at_least else factor <= target.factor
                for _, factor in compared if factor is not None]
    sign, times = "≥" if target.is_at_least else "≤", "×" if target.against else ""
    return {"says": f"{'; '.join(says for says, _ in compared)}: {sign} {target.factor:g}{times}",
            "is_met": all(verdicts) and not outcome.failures(OURS) if verdicts else None}


def word_of(is_met):
    return {True: "met", False: "NOT MET", None: "unknown"}[is_met]


# ---- The terminal ---------------------------------------------------------------------

def row(name, outcome):
    value, cost = outcome.value(name), outcome.cost(name)
    text = f"  {name:<10}{short(median(value)):>12}  {between(value):<21}"
    text += f"{short(median(cost)):>10}  {between(cost):<17}"
    if outcome.metric.watches_peak and name != "limit":
        text += (f"{short(median(outcome.first_byte_ms(name))):>8}"
                 f"{short(median(outcome.peak_mib(name))):>8}")
    return text.rstrip()


def show(outcome):
    unit = outcome.metric.unit
    head = f"  {'':<10}{unit.name:>12}  {'between':<21}{unit.cost_name:>12}"
    if outcome.metric.watches_peak:
        head += f"{'':<16}{'1st ms':>7}{'+ MiB':>8}"
    lines = [f"{outcome.metric.name}: {outcome.metric.title}", head.rstrip()]
    for name in [OURS, *outcome.peers, *outcome.limits]:
        if name in outcome.told:
            lines.append(row(name, outcome))
    for name in outcome.told:
        failures = outcome.failures(name)
        if failures:
            lines.append(f"  ! {name}: {len(failures)} of {len(outcome.told[name])} rounds: "
                         f"{failures[0]}")
    for name in outcome.told:
        share = outcome.resumed_share(name)
        if share is not None and share < 0.99:
            lines.append(f"  {name} resumed the session of {share:.0%} of the data connections")
    for limit in outcome.limits:
        ratio = outcome.ratio(OURS, limit)
        if ratio:
            lines.append(f"  {short(ratio['median'])}× {limit} ({between(ratio)})")
    for target in outcome.metric.targets:
        verdict = judge(outcome, target)
        lines.append(f"  {word_of(verdict['is_met'])}: {verdict['says']}")
    print("\n".join(lines), end="\n\n", flush=True)


# ---- JSON -----------------------------------------------------------------------------------

def as_json(outcome):
    best = outcome.best_peer()
    limits = [name for name in outcome.limits if outcome.value(name)]
    return {
        "title": outcome.metric.title, "unit": outcome.metric.unit.name,
        "cost_unit": outcome.metric.unit.cost_name, "words": outcome.metric.words,
        "servers": {name: {"value": outcome.value(name), "cost": outcome.cost(name),
                           "first_byte_ms": outcome.first_byte_ms(name),
                           "peak_mib": outcome.peak_mib(name) if outcome.metric.watches_peak
                           else None,
                           "failures": outcome.failures(name), "rounds": outcome.told[name]}
                    for name in [OURS, *outcome.peers, *outcome.limits] if name in outcome.told},
        "ratios": {name: {"value": outcome.ratio(OURS, name),
                          "cost": outcome.ratio(OURS, name, "cost")}
                   for name in outcome.told if name != OURS},
        "best_peer": best, "limit": limits[-1] if limits else None,
        "targets": [judge(outcome, target) for target in outcome.metric.targets],
    }


def read_json(path):
    with open(path, encoding="utf-8") as f:
        return json.load(f)


def write_json(path, results):
    with open(path, "w", encoding="utf-8") as f:
        json.dump(results, f, indent=1, ensure_ascii=False)
        f.write("\n")


# ---- The whole as a table, from JSON -------------------------------------------------------

def verdict_of(targets):
    """One that is not met outweighs one that is not known."""
    verdicts = [target["is_met"] for target in targets]
    return False if False in verdicts else None if None in verdicts else True


def cell(server):
    if not server:
        return ""
    text = short(median(server["value"]))
    if server["cost"]:
        text += f" ({short(median(server['cost']))})"
    return text + ("!" if server["failures"] else "")


def ratio_of(metric, name):
    ratio = metric["ratios"].get(metric[name])
    return f"{short(median(ratio['value']))}×" if ratio and ratio["value"] else "–"


def table(metrics):
    """Its head, and its rows."""
    names = []
    for metric in metrics:
        names += [name for name in metric["servers"] if name not in names]
    rows = [[f"{metric['title']}, {metric['unit']}",
             *(cell(metric["servers"].get(name)) for name in names),
             ratio_of(metric, "best_peer"), ratio_of(metric, "limit"),
             word_of(verdict_of(metric["targets"]))] for metric in metrics]
    return ["", *names, "× best peer", "× limit", "target"], rows


def lines_of(name, metric, names):
    """Two lines of the terminal's table: figures, and costs."""
    servers = [metric["servers"].get(one) for one in names]
    figures = [short(median(server["value"])) + "!" * bool(server["failures"]) if server else ""
               for server in servers]
    costs = [short(median(server["cost"])) if server and server["cost"] else ""
             for server in servers]
    units = f"  {metric['unit']}" + f", {metric['cost_unit']}" * bool(metric["cost_unit"])
    return [[name, *figures, ratio_of(metric, "best_peer"), ratio_of(metric, "limit"),
             word_of(verdict_of(metric["targets"]))], [units, *costs, "", "", ""]]


def show_table(metrics):
    """{name: what as_json says}"""
    head, _ = table(metrics.values())
    names = head[1:-3]
    lines = [["", *names, "× peer", "× limit", "target"]]
    for name, metric in metrics.items():
        lines += lines_of(name, metric, names)
    widths = [max(len(line[i]) for line in lines) for i in range(len(head))]
    for line in lines:
        print("  ".join(text.ljust(width) if not i else text.rjust(width)
                        for i, (text, width) in enumerate(zip(line, widths))).rstrip())
    verdicts = [verdict_of(metric["targets"]) for metric in metrics.values()]
    print("\nBelow each figure the server's processor time of one, or of a GiB; \"!\": not without "
          "errors.\n\"× peer\", \"× limit\": ferryd's figure as a multiple of the best peer's, "
          "and of the limit's.\n"
          f"{verdicts.count(True)} of {len(verdicts)} rows reach their target.\n")


# ---- docs/performance.md -----------------------------------------------------------------------

def as_markdown(head, rows):
    lines = ["| " + " | ".join(line) + " |" for line in [head, *rows]]
    lines.insert(1, "|---" + "|---:" * (len(head) - 1) + "|")
    return "\n".join(lines)


def targets_as_markdown(metrics):
    return as_markdown(["", "ferryd", "target"],
                       [[metric["title"], target["says"], word_of(target["is_met"])]
                        for metric in metrics for target in metric["targets"]])


def failures_as_markdown(metrics):
    lines = [f"- {metric['title']}: {name}, {len(server['failures'])} of {len(server['rounds'])} "
             f"rounds: `{server['failures'][0]}`"
             for metric in metrics for name, server in metric["servers"].items()
             if server["failures"]]
    return "\n".join(lines) or "None."


def write_between(path, name, text):
    """Between the marks of that name; the rest of the page is written by hand."""
    with open(path, encoding="utf-8") as f:
        page = f.read()
    begin, end = f"<!-- bench: {name} -->", f"<!-- /bench: {name} -->"
    pattern = re.escape(begin) + ".*?" + re.escape(end)
    fresh, count = re.subn(pattern, lambda _: f"{begin}\n\n{text}\n\n{end}", page, flags=re.S)
    if count != 1:
        raise SystemExit(f"bench/run: {path} has no place for {name}")
    with open(path, "w", encoding="utf-8") as f:
        f.write(fresh)
