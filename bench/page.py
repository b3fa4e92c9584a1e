# SPDX-License-Identifier: Apache-2.0
"""Writes what was measured into docs/performance.md, between its marks; its prose is by hand."""

import os

import conditions
import growth
import metrics
import plot
import report

PAGE = "docs/performance.md"


def write_growth(grown):
    os.makedirs(plot.PLACE, exist_ok=True)
    paths = plot.draw(grown)
    for work, title in growth.WORKS.items():
        tables = [growth.as_markdown(grown, work, figure) for figure in growth.FIGURES[work]]
        pictures = [f"![{title}](performance/{os.path.basename(path)})" for path in paths
                    if os.path.basename(path).startswith(f"{work}-")]
        report.write_between(PAGE, f"growth of {work}", "\n\n".join(tables + pictures))


def write(results):
    """What was not measured stays as it was: one table is of one run."""
    if set(results["metrics"]) == {metric.name for metric in metrics.ALL}:
        rows = list(results["metrics"].values())
        lines = conditions.as_lines(results["conditions"])
        report.write_between(PAGE, "conditions", "\n".join(f"- {line}" for line in lines))
        report.write_between(PAGE, "table", report.as_markdown(*report.table(rows)))
        report.write_between(PAGE, "targets", report.targets_as_markdown(rows))
        report.write_between(PAGE, "failures", report.failures_as_markdown(rows))
    if all(results.get("growth", {}).get(work) for work in growth.WORKS):
        write_growth(results["growth"])
