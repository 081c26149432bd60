#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Measures the article's two protocols on the real kernel under faults of the feeder, and draws it.

    plot_native.py BUILD            measures with BUILD/allways, writes docs/native-delay.{csv,svg}
    plot_native.py --draw           draws again from docs/native-delay.csv

Two experiments, each for both protocols: the feeder sleeps before it serialises an object, for each
of DELAYS; or its writes are cut to one of the meaningful lengths, with each of the PROBABILITIES.
A fault strikes wherever it can (--probability 1), so that a run with a delay has it at every
object. A run hangs when its process waits at exit for a feeder that nobody relieves; to find that
out takes little time: the limit is BASE_LIMIT and twice what the delays come to.
"""

import argparse
import csv
import datetime
import json
import math
import os
import subprocess
import sys
import tempfile

PROTOCOLS = ("nonblocking-empty", "sentinel-per-worker")
DELAYS = (0, 0.01, 0.1, 0.3, 1, 3, 10, 30)  # milliseconds
PROBABILITIES = (0.1, 0.25, 0.5, 1)
ITEMS, WORKERS, SIZE = 8, 4, 10000
BASE_LIMIT = 0.4  # seconds; a run without faults takes some milliseconds
FIELDS = ("protocol", "fault", "amount", "runs", "passed", "drained", "losing", "lost", "hung",
          "errors", "faults")

SCENARIO = """\
name: {name}
about: |
  Written by tools/plot_native.py.
program: {build}/models/article.so
args:
  --items {items} --workers {workers} --size {size} --protocol {protocol} --numbered --runs 1
properties: [drained]
expect:
  verdict: proved
{faults}"""

FAULTS = """\
faults:
  - point: {point}
    role: feeder
    {what}
    budget: 100
fault_budget: 100
"""


def measure(arguments, protocol, fault, amount):
    """One point: a dictionary of FIELDS."""
    text, limit, probability = "", BASE_LIMIT, 1
    if fault == "delay" and amount > 0:
        what = "kind: delay\n    delay: %d us" % round(amount * 1000)
        text = FAULTS.format(point="mpqueue/feeder/serialise", what=what)
        limit += 2 * (ITEMS + WORKERS) * amount / 1000
    elif fault == "cut":
        text = FAULTS.format(point="posix/io/rw/write/reduce", what="lengths: meaningful")
        probability = amount
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "scenario.yaml")
        with open(path, "w", encoding="utf-8") as file:
            file.write(SCENARIO.format(name="plot", build=arguments.build, items=ITEMS,
                                       workers=WORKERS, size=SIZE, protocol=protocol, faults=text))
        command = [os.path.join(arguments.build, "allways"), "native", path, "--format", "json",
                   "--runs", str(arguments.runs), "--seed", str(arguments.seed),
                   "--time-limit", "%g" % limit, "--probability", "%g" % probability]
        out = subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout
    result = json.loads(out)["native"][0]
    row = {field: result.get(field) for field in FIELDS}
    row.update(protocol=protocol, fault=fault, amount=amount)
    print("%-20s %-5s %5g: %d of %d drained, %d passed, %d hung" % (
        protocol, fault, amount, row["drained"], row["runs"], row["passed"], row["hung"]),
        file=sys.stderr, flush=True)
    return row


def processor():
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        for line in file:
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return os.uname().machine


def write_csv(path, rows, arguments):
    with open(path, "w", newline="", encoding="utf-8") as file:
        file.write("# python3 tools/plot_native.py %s --runs %d --seed %d\n" % (
            arguments.build, arguments.runs, arguments.seed))
        file.write("# %s, %s, %d processors, Linux %s; %d items, %d workers, size %d\n" % (
            datetime.date.today().isoformat(), processor(), os.cpu_count(), os.uname().release,
            ITEMS, WORKERS, SIZE))
        if arguments.note:
            file.write("# %s\n" % arguments.note)
        file.write("# amount: milliseconds of a delay; probability that a write is cut\n")
        writer = csv.DictWriter(file, FIELDS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def read_csv(path):
    with open(path, newline="", encoding="utf-8") as file:
        lines = file.readlines()
    rows = list(csv.DictReader(line for line in lines if not line.startswith("#")))
    for row in rows:
        for field in FIELDS[2:]:
            row[field] = float(row[field])
    return rows, [line[1:].strip() for line in lines if line.startswith("#")]


# ---- drawing: two panels, one for each experiment ----

WIDTH, HEIGHT, TOP, BOTTOM = 860, 430, 78, 84
PANEL, FIRST, SECOND = 290, 64, 404  # width of a panel, and where they begin
GOOD, BAD = "#1b7837", "#b2182b"


def place_of_delay(delay):
    """0 to 1: logarithmic from the shortest delay on; 0 stands to the left of it."""
    shortest = min(other for other in DELAYS if other > 0)
    decades = math.log10(max(DELAYS) / shortest)
    return 0 if delay == 0 else (1 + math.log10(delay / shortest) * 2) / (1 + decades * 2)


def y_of(share):
    return TOP + (1 - share) * (HEIGHT - TOP - BOTTOM)


def interval(hits, runs):
    """95 % by Wilson's score, which does not leave 0 to 1."""
    z, share = 1.96, hits / runs
    middle = (share + z * z / (2 * runs)) / (1 + z * z / runs)
    half = z / (1 + z * z / runs) * math.sqrt(share * (1 - share) / runs + z * z / (4 * runs * runs))
    return max(0.0, middle - half), min(1.0, middle + half)


def text(x, y, words, **more):
    style = "".join(' %s="%s"' % (key.replace("_", "-"), value) for key, value in more.items())
    return '<text x="%.1f" y="%.1f"%s>%s</text>' % (x, y, style, words)


def line(x1, y1, x2, y2, colour):
    return '<line x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f" stroke="%s"/>' % (x1, y1, x2, y2, colour)


def draw_axes(left, ticks, title):
    """`ticks`: place from 0 to 1, and its words."""
    out, bottom = [], HEIGHT - BOTTOM
    for percent in range(0, 101, 20):
        y = y_of(percent / 100)
        out.append(line(left, y, left + PANEL, y, "#ddd"))
        out.append(text(left - 8, y + 4, "%d %%" % percent, text_anchor="end"))
    for place, words in ticks:
        x = left + place * PANEL
        out.append(line(x, bottom, x, bottom + 5, "#888"))
        out.append(text(x, bottom + 20, words, text_anchor="middle"))
    out.append(text(left + PANEL / 2, bottom + 42, title, text_anchor="middle"))
    return out


def draw_line(left, rows, place, column, colour, dash=""):
    """Returns the drawing, and the height of its right end."""
    rows = sorted(rows, key=lambda row: row["amount"])
    points = [(left + place(row["amount"]) * PANEL, y_of(row[column] / row["runs"]))
              for row in rows]
    out = ['<polyline fill="none" stroke="%s" stroke-width="2"%s points="%s"/>' % (
        colour, ' stroke-dasharray="%s"' % dash if dash else "",
        " ".join("%.1f,%.1f" % point for point in points))]
    for row, (x, y) in zip(rows, points):
        low, high = interval(row[column], row["runs"])
        out.append(line(x, y_of(low), x, y_of(high), colour))
        out.append('<circle cx="%.1f" cy="%.1f" r="4" fill="%s" stroke="%s" stroke-width="2"/>' % (
            x, y, "#fff" if dash else colour, colour))
    return out, points[-1][1]


def draw(path, rows):
    title = "Share of runs on a real kernel that deliver every item, under faults of the feeder"
    delays = [row for row in rows if row["fault"] == "delay"]
    cuts = [row for row in rows if row["fault"] == "cut"]
    cuts += [row for row in delays if row["amount"] == 0]
    out = ['<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" role="img" '
           'font-family="sans-serif" font-size="12" fill="#222">' % (WIDTH, HEIGHT),
           "<title>%s</title>" % title,
           '<rect width="%d" height="%d" fill="#fff"/>' % (WIDTH, HEIGHT),
           text(16, 26, title, font_size=16, font_weight="bold"),
           text(16, 46, "%d items of 29,770 bytes, %d workers, %d runs for each point; bars: 95 %% "
                "intervals (Wilson)" % (ITEMS, WORKERS, int(delays[0]["runs"])), fill="#555")]
    out += draw_axes(FIRST, [(place_of_delay(delay), "none" if delay == 0 else "%g" % delay)
                             for delay in DELAYS],
                     "delay before each object is serialised (ms)")
    out += draw_axes(SECOND, [(share, "%g %%" % (100 * share)) for share in (0,) + PROBABILITIES],
                     "writes of the feeder that are cut short")
    labels = (("drained", 1, GOOD, "", ("one sentinel per", "worker: delivered")),
              ("hung", 0, BAD, "5 4", ("leave on Empty:", "hung at the end")),
              ("drained", 0, BAD, "", ("leave on Empty:", "delivered")))
    for column, protocol, colour, dash, words in labels:
        for left, group, place in ((FIRST, delays, place_of_delay),
                                   (SECOND, cuts, lambda share: share)):
            drawn, y = draw_line(left, [row for row in group
                                        if row["protocol"] == PROTOCOLS[protocol]],
                                 place, column, colour, dash)
            out += drawn
        below = 34 if column == "hung" and y < TOP + 30 else 0  # off the sentinels' line
        for index, word in enumerate(words):
            out.append(text(SECOND + PANEL + 14, y + 4 + below + 15 * index, word, fill=colour))
    out.append("</svg>")
    with open(path, "w", encoding="utf-8") as file:
        file.write("\n".join(out) + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("build", nargs="?", default="build")
    parser.add_argument("--runs", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", default="docs/native-delay", help="without .csv and .svg")
    parser.add_argument("--note", help="a line for the head of the table")
    parser.add_argument("--draw", action="store_true", help="measure nothing")
    arguments = parser.parse_args()
    if not arguments.draw:
        rows = [measure(arguments, protocol, "delay", delay)
                for delay in DELAYS for protocol in PROTOCOLS]
        rows += [measure(arguments, protocol, "cut", probability)
                 for probability in PROBABILITIES for protocol in PROTOCOLS]
        write_csv(arguments.out + ".csv", rows, arguments)
    rows, _ = read_csv(arguments.out + ".csv")
    draw(arguments.out + ".svg", rows)


if __name__ == "__main__":
    main()
