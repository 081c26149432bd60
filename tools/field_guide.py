#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""field_guide.py - the table of docs/field-guide.md, and docs/field-guide-traces.md behind it.

    python3 tools/field_guide.py update   runs what decides the cells, and writes both
    python3 tools/field_guide.py check    fails where one of the two is stale; runs what fails, and
                                          takes the expectation of what is proved, which `allways
                                          run scenarios` compares with real runs

A cell is a protocol under a condition. It is decided by the files of scenarios/protocols/PROTOCOL
that are named for the condition, CONDITION.yaml and CONDITION-loses, -hangs and -spins.yaml:

  - It names each property that one of them breaks, in a real run. Every verdict has to be expected.
  - It says "proved" when none does, and then CONDITION.yaml must be proved of all that PROVED
    names, without a schedule or a place for its faults that would leave something out. With
    faults it says "proved, bounded", as the reports do.
  - What fails with no fault at all fails under the conditions that only add to what may happen
    (ADDING): those cells name the broken properties of fault-free.yaml as well.
  - several-producers-joined.yaml is the same with the producers joined first.
  - What does not apply is in NOT_APPLICABLE, with the reason.

Other files of the folder belong to a protocol alone and are in no cell.
"""
import json
import os
import re
import subprocess
import sys
import tempfile
import textwrap

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BINARY = os.environ.get("AW_BIN", "build/allways")
GUIDE, TRACES, FOLDER = "docs/field-guide.md", "docs/field-guide-traces.md", "scenarios/protocols"
BEGIN, END = "<!-- table: make field-guide -->", "<!-- end of table -->"

CONDITIONS = [("fault-free", "no fault"), ("slow-feeder", "slow feeder"),
              ("partial-writes", "partial writes"), ("worker-killed", "worker killed"),
              ("producer-killed", "producer killed"), ("several-producers", "several producers"),
              ("bounded-queue", "bounded queue")]
ADDING = ("slow-feeder", "partial-writes", "worker-killed", "producer-killed")
SUFFIXES = ("", "-loses", "-hangs", "-spins")

PROTOCOLS = ["get-nowait", "get-timeout", "while-not-empty", "qsize", "one-sentinel", "sentinels",
             "relayed-sentinel", "counted-sentinels", "task-done", "event-flag", "event-when-empty",
             "event-before-get", "join-then-drain", "drain-then-join", "executor",
             "simple-not-empty", "simple-sentinels"]

NOT_APPLICABLE = {
    ("simple-not-empty", "slow-feeder"): "no feeder",
    ("simple-sentinels", "slow-feeder"): "no feeder",
    ("join-then-drain", "worker-killed"): "no workers: the parent gets",
    ("drain-then-join", "worker-killed"): "no workers: the parent gets",
    ("executor", "several-producers"): "only its parent puts",
}

WORDS = {"drained": "loses items", "exactly-once": "doubles items", "no-crash": "error",
         "no-error": "error", "no-deadlock": "hangs", "terminates": "never ends"}
PROVED = {"drained", "exactly-once", "no-error", "no-crash", "no-deadlock", "terminates"}


def read(name):
    with open(os.path.join(ROOT, name), encoding="utf-8") as file:
        return file.read()


def path_of(protocol, name):
    return "%s/%s/%s.yaml" % (FOLDER, protocol, name)


def is_there(protocol, name):
    return os.path.exists(os.path.join(ROOT, path_of(protocol, name)))


def names_of_cell(protocol, condition):
    """The scenarios that decide a cell, the joined one included."""
    names = [condition + suffix for suffix in SUFFIXES + ("-joined",)]
    return [name for name in names if is_there(protocol, name)]


def run(files, folder):
    """{name of a scenario: its cases, in their order}"""
    command = [BINARY, "run", "--no-canary", "--format", "json", "--trace-dir", folder] + files
    result = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=False)
    found = {}
    for case in json.loads(result.stdout)["results"]:
        if not case["met"]:
            sys.exit("%s: expected %s, found %s" % (case["scenario"], case["expected"],
                                                    case["verdict"]))
        found.setdefault(case["scenario"].split("[")[0], []).append(case)
    return found


def expected(files):
    """What the scenarios say that are to be proved, in the shape of `run`; and the other files."""
    try:
        import yaml
    except ImportError:  # Debian's package is Debian's Python's
        os.execv("/usr/bin/python3", ["/usr/bin/python3"] + sys.argv)
    found, others = {}, []
    for name in files:
        scenario = yaml.safe_load(read(name))
        if scenario["expect"] == {"verdict": "proved"}:
            properties = dict.fromkeys(scenario["properties"], "holds")
            found[scenario["name"]] = [{"verdict": "proved", "properties": properties,
                                        "bounded": "faults" in scenario}]
        else:
            others.append(name)
    return found, others


def failing(cases):
    """The first case that is violated, and by what; or None."""
    for case in cases:
        broken = [name for name, state in case["properties"].items() if state == "violated"]
        if broken:
            return case, broken[0]
    return None


def check_proof(protocol, name, cases):
    text = read(path_of(protocol, name))
    missing = PROVED - set(cases[0]["properties"])
    if any(case["verdict"] != "proved" for case in cases) or missing:
        sys.exit("%s: a cell is to say proved, without %s" % (path_of(protocol, name), ", ".join(
            sorted(missing)) or "a proof"))
    if "schedule:" in text or re.search(r"\b(site|occurrences):", text):
        sys.exit("%s: proved of some schedules or places only" % path_of(protocol, name))


def proved(cases):
    """What a cell says of a proof: a budget of faults, or of moves of the clock, is a bound."""
    return "**proved, bounded**" if any(case["bounded"] for case in cases) else "**proved**"


def link(words, protocol, name):
    return "[%s][%s/%s]" % (words, protocol, name)


def cell(found, protocol, condition):
    """Its text, and the scenarios that it links to as (protocol, name)."""
    if (protocol, condition) in NOT_APPLICABLE:
        return "n/a: " + NOT_APPLICABLE[protocol, condition], []
    names = names_of_cell(protocol, condition)
    joined = [name for name in names if name.endswith("-joined")]
    names = [name for name in names if name not in joined]
    if condition in ADDING:
        names = names_of_cell(protocol, "fault-free") + names
    words, used = {}, []
    for name in names:
        broken = failing(found["%s-%s" % (protocol, name)])
        if broken and WORDS[broken[1]] not in words:
            words[WORDS[broken[1]]] = name
    if not words:
        if condition not in names:
            sys.exit("%s, %s: no scenario" % (protocol, condition))
        check_proof(protocol, condition, found["%s-%s" % (protocol, condition)])
        words[proved(found["%s-%s" % (protocol, condition)])] = condition
    for name in words.values():
        used.append((protocol, name))
    parts = []
    for word, name in words.items():
        text = link(word, protocol, name)
        if word in WORDS.values():
            text += " ([how][how %s/%s])" % (protocol, name)
        parts.append(text)
    text = ", ".join(parts)
    for name in joined:
        check_proof(protocol, name, found["%s-%s" % (protocol, name)])
        text += "; joined first: " + link(proved(found["%s-%s" % (protocol, name)]), protocol, name)
        used.append((protocol, name))
    return text, used


def table(found):
    lines = ["| protocol | " + " | ".join(title for _, title in CONDITIONS) + " |",
             "|---" * (len(CONDITIONS) + 1) + "|"]
    used = set()
    for protocol in PROTOCOLS:
        row = "[`%s`](#%s)" % (protocol, protocol)
        for condition, _ in CONDITIONS:
            text, files = cell(found, protocol, condition)
            used.update(files)
            row += " | " + text
        lines.append("| " + row + " |")
    lines.append("")
    for protocol, name in sorted(used):
        lines.append("[%s/%s]: ../%s" % (protocol, name, path_of(protocol, name)))
        if failing(found["%s-%s" % (protocol, name)]):
            lines.append("[how %s/%s]: %s#%s-%s" % (protocol, name, os.path.basename(TRACES),
                                                    protocol, name))
    return "\n".join([BEGIN, ""] + lines + ["", END]), used


def without_places(text):
    """Source lines change with every edit of the port; functions say enough."""
    return re.sub(r" \((\w+), \w+\.c:\d+\)", r" (\1)", text)


def section(protocol, name, case):
    shown = subprocess.run([BINARY, "show", "--format", "json", case["trace"]], cwd=ROOT,
                           stdout=subprocess.PIPE, check=True)
    trace = json.loads(shown.stdout)
    lines = ["### %s-%s" % (protocol, name), "", "%s: **%s**, [scenario](../%s)" % (
        trace["scenario"], WORDS[trace["property"]], path_of(protocol, name))]
    if not trace["minimal"]:  # which one is found is then the explorer's business
        lines[-1] += ". Of schedules that go on for ever no shortest one is looked for; run it to see one."
        return "\n".join(lines) + "\n"
    lines[-1] += ", %d steps, %d fault%s." % (len(trace["steps"]), trace["faults"],
                                              "" if trace["faults"] == 1 else "s")
    lines += [""] + ["> " + line for line in textwrap.wrap(without_places(trace["why"]), 130)]
    if trace["critical"]:
        lines += [">"] + ["> " + line for line in textwrap.wrap(
            "Critical: " + without_places(trace["critical"]["text"]), 130)]
    return "\n".join(lines) + "\n"


PREFACE = """# Field guide: how each of them fails

Behind each "how" of the [field guide](field-guide.md)'s table: the shortest schedule that fails, in the tool's own words, for the first case of the
scenario. Written by `make field-guide` from real runs. To see every step of one:

```sh
build/allways run scenarios/protocols/get-nowait/worker-killed.yaml
build/allways show traces/get-nowait-worker-killed.trace
```

"""


def pages(run_all):
    files = []
    for protocol in PROTOCOLS:
        for condition, _ in CONDITIONS:
            files += [path_of(protocol, name) for name in names_of_cell(protocol, condition)]
    with tempfile.TemporaryDirectory(prefix="allways-field-guide-") as folder:
        found, others = ({}, files) if run_all else expected(files)
        found.update(run(others, folder))
        text, used = table(found)
        traces = PREFACE
        for protocol in PROTOCOLS:
            for condition, _ in CONDITIONS:
                for name in names_of_cell(protocol, condition):
                    broken = failing(found["%s-%s" % (protocol, name)])
                    if broken and (protocol, name) in used:
                        traces += section(protocol, name, broken[0]) + "\n"
    return text, traces.rstrip("\n") + "\n"


def main(arguments):
    if arguments in (["-h"], ["--help"]):
        print(__doc__.strip())
        return 0
    if arguments not in (["update"], ["check"]):
        sys.exit(__doc__)
    guide = read(GUIDE)
    old = guide[guide.index(BEGIN):guide.index(END) + len(END)]
    folders = {name for name in os.listdir(os.path.join(ROOT, FOLDER)) if "." not in name}
    if folders != set(PROTOCOLS):
        sys.exit("protocols without a row, or rows without: %s" % (folders ^ set(PROTOCOLS)))
    missing = [p for p in PROTOCOLS if "\n### " + p + "\n" not in guide]
    if missing:
        sys.exit("%s says nothing about %s" % (GUIDE, ", ".join(missing)))
    new, traces = pages(arguments == ["update"])
    if arguments == ["check"]:
        stale = [GUIDE] if old != new else []
        if not os.path.exists(os.path.join(ROOT, TRACES)) or read(TRACES) != traces:
            stale.append(TRACES)
        if stale:
            sys.exit("%s: stale; make field-guide, and read the difference" % ", ".join(stale))
        print("both are what the scenarios come to")
        return 0
    for name, text in ((GUIDE, guide.replace(old, new)), (TRACES, traces)):
        with open(os.path.join(ROOT, name), "w", encoding="utf-8") as file:
            file.write(text)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
