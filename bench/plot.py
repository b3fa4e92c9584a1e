# SPDX-License-Identifier: Apache-2.0
"""The tables of growth as plots, drawn by gnuplot into docs/performance."""

import subprocess

import growth

PLACE = "docs/performance"
# Of a palette that everybody can tell apart (Okabe and Ito); ferryd's line is the thick one.
COLOURS = {"ferryd": "#D55E00", "vsftpd": "#0072B2", "vsftpd-1": "#56B4E9", "proftpd": "#009E73",
           "pure-ftpd": "#CC79A7", "pyftpdlib": "#E69F00", "bare": "#000000"}
AXES = {"get": "active sessions", "command": "active sessions", "list": "entries"}


def data_of(points):
    return "".join(f"{count} {figure:.6g}\n" for count, figure in sorted(points.items()))


def script(path, title, axis, figure, lines):
    """For gnuplot, with the figures in it."""
    text = f"""set terminal svg size 760,440 font "sans-serif,13" background "white"
set output "{path}"
set title "{title}"
set xlabel "{axis}"
set ylabel "{figure}"
set logscale xy
set format x "%.0f"
set grid
set key outside right top
"""
    for number, points in enumerate(lines.values()):
        text += f"$line{number} << EOD\n{data_of(points)}EOD\n"
    plots = [f'$line{number} with linespoints title "{name}" linecolor rgb "{COLOURS[name]}" '
             f"pointtype 7 pointsize 0.5 linewidth {3 if name == 'ferryd' else 1.5}"
             for number, name in enumerate(lines)]
    return text + "plot " + ", ".join(plots) + "\n"


def draw(grown):
    """The names of the files."""
    paths = []
    for work, figures in growth.FIGURES.items():
        for figure, name in figures.items():
            # A logarithm of nothing is none.
            lines = {server: above for server, points in growth.points(grown, work, figure).items()
                     if (above := {count: value for count, value in points.items() if value > 0})}
            if not lines:
                continue
            path = f"{PLACE}/{work}-{figure.replace('_', '-')}.svg"
            subprocess.run(["gnuplot"], check=True, text=True,
                           input=script(path, growth.WORKS[work], AXES[work], name, lines))
            paths.append(path)
    return paths
