#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""field_guide.py - the table of docs/field-guide.md.

    python3 tools/field_guide.py update   runs scenarios/field-guide, and writes what came out
    python3 tools/field_guide.py check    fails where the table is not what those scenarios expect

Each scenario there is a condition and a question, CONDITION-items (is every item got, once?) or
CONDITION-end (does everybody come to an end?), with a matrix over the protocols. `update` takes the
verdicts of a real run, of which every one has to be as expected; `check` takes the expectations,
which `allways run scenarios` compares with real runs: so it needs no run of its own.
"""
import json
import os
import re
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
GUIDE, FOLDER = "docs/field-guide.md", "scenarios/field-guide"
BEGIN, END = "<!-- table: make field-guide -->", "<!-- end of table -->"

CONDITIONS = [("no-fault", "no fault"), ("slow-feeder", "slow feeder"),
              ("partial-writes", "partial writes"), ("worker-killed", "worker killed"),
              ("producer-killed", "producer killed"), ("several-producers", "several producers"),
              ("bounded", "bounded queue")]

PROTOCOLS = ["get-nowait", "get-timeout", "while-not-empty", "qsize", "one-sentinel", "sentinels",
             "relayed-sentinel", "counted-sentinels", "task-done", "event-flag", "event-when-empty",
             "event-before-get", "join-then-drain", "drain-then-join", "executor",
             "simple-not-empty", "simple-sentinels"]

WORDS = {"drained": "loses items", "exactly-once": "doubles items", "no-crash": "error",
         "no-error": "error", "no-deadlock": "hangs", "terminates": "never ends"}


def read(name):
    with open(os.path.join(ROOT, name), encoding="utf-8") as file:
        return file.read()


def from_expectations():
    """{(condition, question, protocol): "proved", "vacuous" or "violated PROPERTY"}"""
    try:
        import yaml
    except ImportError:  # Debian's package is Debian's Python's
        os.execv("/usr/bin/python3", ["/usr/bin/python3"] + sys.argv)
    found = {}
    for name in sorted(os.listdir(os.path.join(ROOT, FOLDER))):
        scenario = yaml.safe_load(read(os.path.join(FOLDER, name)))
        condition, question = condition_of(scenario["name"])
        expect = scenario["expect"]
        for protocol in scenario["matrix"]["protocol"]:
            for entry in expect if isinstance(expect, list) else [expect]:
                if protocol in entry.get("when", {"protocol": [protocol]})["protocol"]:
                    found[condition, question, protocol] = (
                        entry["verdict"] + " " + entry.get("property", "")).strip()
                    break
    return found


def condition_of(name):
    condition, question = name.rsplit("-", 1)
    return condition.replace("producer-killed-join", "producer-killed"), question


def from_results():
    result = subprocess.run(
        ["build/allways", "run", FOLDER, "--format", "json"], cwd=ROOT, stdout=subprocess.PIPE,
        check=False)
    found = {}
    for case in json.loads(result.stdout)["results"]:
        if not case["met"]:
            sys.exit("%s: expected %s, found %s" % (case["scenario"], case["expected"],
                                                    case["verdict"]))
        name, protocol = re.match(r"(.*)\[protocol=([^],]*)", case["scenario"]).groups()
        violated = [key for key, state in case["properties"].items() if state == "violated"]
        words = case["verdict"] + (" " + violated[0] if case["verdict"] == "violated" else "")
        found[condition_of(name) + (protocol,)] = words
    return found


def file_of(condition, question, protocol):
    joins = protocol in ("join-then-drain", "drain-then-join")
    name = "%s%s-%s" % (condition, "-join" if joins and condition == "producer-killed" else "", question)
    return name


def cell(found, condition, protocol):
    items = found.get((condition, "items", protocol))
    end = found.get((condition, "end", protocol))
    if items is None or end is None:
        return "—", []
    words, files = [], []
    for question, verdict in (("items", items), ("end", end)):
        if verdict.startswith("violated"):
            name = file_of(condition, question, protocol)
            words.append("[%s][%s]" % (WORDS[verdict.split()[1]], name))
            files.append(name)
    if words:
        return ", ".join(words), files
    if items != "proved" or end != "proved":
        sys.exit("%s, %s: %s and %s make no cell" % (condition, protocol, items, end))
    name = file_of(condition, "items", protocol)
    return "[**proved**][%s]" % name, [name]


def table(found):
    lines = ["| protocol | " + " | ".join(title for _, title in CONDITIONS) + " |",
             "|---" * (len(CONDITIONS) + 1) + "|"]
    used = set()
    for protocol in PROTOCOLS:
        row = "[`%s`](#%s)" % (protocol, protocol)
        for condition, _ in CONDITIONS:
            words, files = cell(found, condition, protocol)
            used.update(files)
            row += " | " + words
        lines.append("| " + row + " |")
    lines.append("")
    lines += ["[%s]: ../%s/%s.yaml" % (name, FOLDER, name) for name in sorted(used)]
    for name in used:
        if not os.path.exists(os.path.join(ROOT, FOLDER, name + ".yaml")):
            sys.exit("%s/%s.yaml is not there" % (FOLDER, name))
    if {p for _, _, p in found} != set(PROTOCOLS):
        sys.exit("protocols without a row, or rows without: %s" % ({p for _, _, p in found} ^ set(PROTOCOLS)))
    return "\n".join([BEGIN, ""] + lines + ["", END])


def main(arguments):
    if arguments not in (["update"], ["check"]):
        sys.exit(__doc__)
    guide = read(GUIDE)
    old = guide[guide.index(BEGIN):guide.index(END) + len(END)]
    new = table(from_results() if arguments == ["update"] else from_expectations())
    missing = [p for p in PROTOCOLS if "\n### " + p + "\n" not in guide]
    if missing:
        sys.exit("%s says nothing about %s" % (GUIDE, ", ".join(missing)))
    if arguments == ["check"]:
        if old != new:
            sys.exit("%s is stale: make field-guide, and read the difference" % GUIDE)
        print("the table is what the scenarios expect")
        return 0
    with open(os.path.join(ROOT, GUIDE), "w", encoding="utf-8") as file:
        file.write(guide.replace(old, new))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
