#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""bench.py - measures allways, and prints a table.

usage: python3 tools/bench.py BUILD [--runs N] [--markdown FILE [--note TEXT]]

Never a test: a target that is missed is marked in the table, and the exit status is 0 all the same.
Only what makes the figures meaningless ends with 1: a program that cannot be built or run, and a
verdict that is not the one that is known to be right.

Every job is a scenario written to a temporary folder and decided by a process of its own,
`allways run --format json`. The wall clock runs from before that process is forked until it has been
waited for; the peak is that of its resident memory, as wait4(2) tells it. Both come from
tools/bench/launch.c. What program code costs is timed inside the process, by tools/bench/edges.c.
"""

import argparse
import datetime
import json
import os
import platform
import resource
import shlex
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(HERE)

ALL = "no-deadlock, no-crash, terminates, drained, exactly-once, fifo, no-error"
WITHOUT_NUMBERS = "no-deadlock, no-crash, terminates, drained, no-error"
# The same, as bits of enum aw_property.
ALL_BITS, WITHOUT_NUMBERS_BITS = 0x7F, 0x4F

SENTINEL, EMPTY = "sentinel-per-worker", "nonblocking-empty"
# What may be cut short: the call, and to which lengths.
EVERY_WRITE = [("write", "every")]
MEANINGFUL = [("write", "meaningful"), ("read", "meaningful")]
VERDICTS = {SENTINEL: "proved", EMPTY: "violated"}

METHOD = """\
A row is the median of {runs} runs after one that is not counted; process start is included. Unless the
row says otherwise, items have size 4 (10,000 in the article) and are numbered, all seven properties
are checked, and a counterexample is made minimal and its trace is written, as for any user:
- whole graph: `--no-minimal`, since the size of the graph is asked for and not its shortest path;
- partial writes, partial transfers: of four workers and eight items, `every` length at size 4, the
  `meaningful` ones of writes and reads at the article's (docs/faults.md);
- identical items: without exactly-once and fifo, which only numbered items exercise.
The median of the wall clock decides. Processor: user and system time of the process; where it is well
below the median, something else was running.
Transitions per second: those of the reported graph, divided by the time of the whole process.
A first execution is everything that a step of program code costs when it is met for the first time:
putting the process in place, running its code, interning what came out, remembering the step. The
explorer's calls that learn are timed one by one, those in which no code ran are left out.
Again: every learned step executed once more, when nothing new has to be stored.
Memory: programs of scenarios/memory, checked as `allways check` does by itself.
Atomic operations: the whole graph, without loading the program. First: steps of program code
are executed and learned, or put together from what was learned in other states of their process.
Learned: searched again in the same machine, which is what the search itself can do; the target is for that.
Instrumented: the article's jobs with the program that tells its accesses to memory, and with the same one compiled
without; processor time of one divided by that of the other, turn by turn. (The verdict of the one
without is never `proved`.)
An empty plan: the job without a plan of faults, and with one whose budget is 0, turn by turn; processor
time of one divided by that of the other. That states and transitions are the same is checked."""


class Trouble(Exception):
    """Something that leaves nothing to be measured."""


class Part:
    """One case of a job."""

    def __init__(self, protocol, items, workers, size=4, numbered=True, faults=(), budget=0):
        self.protocol, self.items, self.workers, self.size = protocol, items, workers, size
        self.numbered, self.faults, self.budget = numbered, faults, budget

    def arguments(self):
        words = ["--items", self.items, "--workers", self.workers, "--size", self.size,
                 "--protocol", self.protocol]
        if self.numbered:
            words.append("--numbered")
        return [str(word) for word in words + ["--runs", 1]]

    def scenario(self, name, build, program="article"):
        return "\n".join([
            f"name: {name}",
            "about: a job of the bench",
            f"program: {json.dumps(os.path.join(build, 'models', program + '.so'))}",
            f"args: {json.dumps(self.arguments())}",
        ] + ([] if not self.faults else ["faults:"] + [
            f"  - {{point: posix/io/rw/{call}/reduce, lengths: {lengths}, budget: {self.budget}}}"
            for call, lengths in self.faults] + [f"fault_budget: {self.budget}"]) + [
            f"properties: [{ALL if self.numbered else WITHOUT_NUMBERS}]",
            "limits: {memory: 4 GiB, seconds: 300}",
            "expect:",
            f"  verdict: {VERDICTS[self.protocol]}",
        ] + ([] if self.protocol == SENTINEL else ["  property: drained"])) + "\n"


class Memory:
    """One case whose program shares memory between threads."""

    def __init__(self, program, arguments):
        self.program, self.arguments = program, arguments

    def scenario(self, name, build):
        return "\n".join([
            f"name: {name}",
            "about: a job of the bench",
            f"program: {json.dumps(os.path.join(build, 'models', 'memory', self.program + '.so'))}",
            f"args: {json.dumps(self.arguments)}",
            "expect: {verdict: proved}"]) + "\n"


class Job:
    def __init__(self, name, parts, options=(), seconds=None, states=None, mebibytes=None,
                 rate=None, program=None):
        self.name, self.parts, self.options, self.program = name, parts, list(options), program
        self.seconds, self.states, self.mebibytes, self.rate = seconds, states, mebibytes, rate


JOBS = [
    Job("Empty, 8 items, 4 workers", [Part(EMPTY, 8, 4)], seconds=0.05),
    Job("sentinels, 8 items, 4 workers", [Part(SENTINEL, 8, 4)], seconds=0.05),
    Job("article's size, Empty", [Part(EMPTY, 8, 4, 10000)]),
    Job("article's size, sentinels", [Part(SENTINEL, 8, 4, 10000)]),
    Job("article's size, both", [Part(EMPTY, 8, 4, 10000), Part(SENTINEL, 8, 4, 10000)],
        seconds=0.5, mebibytes=256),
    Job("sentinels, 8 items, 8 workers", [Part(SENTINEL, 8, 8)], seconds=0.2, states=100000),
    Job("sentinels, 8 items, 18 workers", [Part(SENTINEL, 8, 18)], seconds=1.0),
    Job("sentinels, 32 items, 8 workers", [Part(SENTINEL, 32, 8)], seconds=1.0),
    Job("Empty, whole graph, 8 items, 8 workers", [Part(EMPTY, 8, 8)],
        ["--whole-graph", "--no-minimal"], seconds=0.5),
    Job("sentinels, 8, 4, identical items, full graph", [Part(SENTINEL, 8, 4, numbered=False)],
        ["--no-symmetry", "--no-reduction"], rate=5e6),
    Job("every partial write, at most 2", [Part(SENTINEL, 8, 4, faults=EVERY_WRITE, budget=2)],
        seconds=2.0),
    Job("every partial write, at most 3", [Part(SENTINEL, 8, 4, faults=EVERY_WRITE, budget=3)],
        seconds=10.0),
    Job("article's size, partial transfers, at most 2",
        [Part(SENTINEL, 8, 4, 10000, faults=MEANINGFUL, budget=2)], seconds=20.0, mebibytes=1024),
]

JOBS += [
    Job(f"memory: {name}", [Memory(*what)], seconds=0.2) for name, what in [
        ("Peterson, 2 threads", ("exclusion", ["peterson"])),
        ("ring, 2 threads, 3 items", ("ring", ["right", "3"])),
        ("stack with counts, 2 threads", ("stack", ["counted"])),
        ("stack with hazard pointers, 2 threads", ("stack", ["hazard"])),
        ("deque, 3 threads, 3 jobs", ("deque", ["right", "2", "3"])),
        ("ticket lock, 3 threads", ("lock", ["ticket", "3"])),
        ("MCS lock, 3 threads", ("lock", ["mcs", "3"])),
    ]
]

# Name, arguments of counter, transitions a second wanted once the steps are learned.
ATOMICS = [
    ("3 threads, 5 atomic increments each", ["atomic", "3", "5"], 3e6),
    ("3 threads, 20 atomic increments each", ["atomic", "3", "20"], None),
]
ATOMICS_TIMES, ATOMICS_BITS = 100, 0x7

# The article's jobs, once more with the program that tells nothing of its accesses.
INSTRUMENTED = [
    ("Empty, 8 items, 4 workers", [Part(EMPTY, 8, 4)]),
    ("sentinels, 8 items, 4 workers", [Part(SENTINEL, 8, 4)]),
    ("sentinels, 8 items, 18 workers", [Part(SENTINEL, 8, 18)]),
    ("article's size, both", [Part(EMPTY, 8, 4, 10000), Part(SENTINEL, 8, 4, 10000)]),
]
INSTRUMENTED_RATIO = 1.3

# The same job without a plan of faults and with one whose budget is 0.
EMPTY_PLAN = [
    Job("sentinels, 8 items, 18 workers", [Part(SENTINEL, 8, 18)]),
    Job("the same with an empty plan", [Part(SENTINEL, 8, 18, faults=EVERY_WRITE, budget=0)]),
]
EMPTY_PLAN_RATIO = 1.05

# Name, how to explore, properties, part, microseconds wanted.
EXECUTIONS = [
    ("sentinels, 8, 4, identical items, full graph", "full", WITHOUT_NUMBERS_BITS,
     Part(SENTINEL, 8, 4, numbered=False), 5.0),
    ("sentinels, 32 items, 8 workers", "reduced", ALL_BITS, Part(SENTINEL, 32, 8), 5.0),
    ("article's size, sentinels", "reduced", ALL_BITS, Part(SENTINEL, 8, 4, 10000), None),
]


def call(words):
    done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          check=False)
    if done.returncode != 0:
        raise Trouble(f"{shlex.join(words[:3])} ... : {done.stderr.strip() or done.returncode}")
    return done.stdout


def compile_tools(build, folder):
    compiler = shlex.split(os.environ.get("CC", "gcc")) + ["-O2", "-std=gnu17", "-Wall"]
    launch, edges, again = (os.path.join(folder, name) for name in ("launch", "edges", "again"))
    call(compiler + [os.path.join(HERE, "bench", "launch.c"), "-o", launch])
    wraps = ["aw_edge_get", "aw_machine_next_local", "aw_machine_poll_is_idle"]
    libraries = shlex.split(call(["pkg-config", "--libs", "libxxhash", "libdw", "libelf", "gmp"])) + ["-lfiu", "-lZydis"]
    call(compiler + [f"-I{TOP}/harness", f"-I{TOP}/harness/include", f"-I{TOP}/fault"] +
         [f"-Wl,--wrap={name}" for name in wraps] +
         [os.path.join(HERE, "bench", "edges.c"), os.path.join(build, "liballways.a"),
          "-o", edges] + libraries)
    call(compiler + [f"-I{TOP}/harness", f"-I{TOP}/harness/include", f"-I{TOP}/fault",
                     os.path.join(HERE, "bench", "again.c"), os.path.join(build, "liballways.a"),
                     "-o", again] + libraries)
    return launch, edges, again


def run_once(words, launch, folder):
    """The JSON of one run, its seconds, those of the processor, and its peak in bytes."""
    result = os.path.join(folder, "result")
    done = subprocess.run([launch, result] + words, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode != 0:
        raise Trouble(done.stderr.strip())
    with open(result, encoding="ascii") as file:
        nanoseconds, kibibytes, user, system, status = (int(word) for word in file.read().split())
    try:
        report = json.loads(done.stdout)
    except ValueError:
        report = None
    if report is None or os.waitstatus_to_exitcode(status) not in (0, 1, 3):
        raise Trouble(done.stderr.strip() or f"wait status {status}")
    return report, nanoseconds / 1e9, (user + system) / 1e6, kibibytes * 1024


def prepare(job, number, build, folder):
    """Writes the scenarios of a job; the command line that decides them."""
    place = os.path.join(folder, f"job{number}")
    os.mkdir(place)
    for i, part in enumerate(job.parts):
        with open(os.path.join(place, f"{i}.yaml"), "w", encoding="ascii") as file:
            name = f"job{number}-{i}"
            file.write(part.scenario(name, build, job.program) if job.program
                       else part.scenario(name, build))
    return [os.path.join(build, "allways"), "run", "--format", "json", "--trace-dir",
            os.path.join(folder, "traces")] + job.options + [place]


def measure(job, number, build, launch, folder, runs):
    """A row of figures."""
    words = prepare(job, number, build, folder)
    times, processor, peaks = [], [], []
    for i in range(runs + 1):
        report, seconds, busy_seconds, peak = run_once(words, launch, folder)
        for entry in report["results"]:
            if not entry["met"]:
                raise Trouble(f"{job.name}: {entry['verdict']}, expected {entry['expected']}")
        if i > 0:
            times.append(seconds)
            processor.append(busy_seconds)
            peaks.append(peak)
    results = report["results"]
    return {
        "job": job,
        "seconds": statistics.median(times), "least": min(times), "most": max(times),
        "processor": statistics.median(processor),
        "peak": statistics.median(peaks),
        "states": sum(entry["states"] for entry in results),
        "transitions": sum(entry["transitions"] for entry in results),
        "code_runs": sum(entry["code_runs"] for entry in results),
    }


def measure_empty_plan(build, launch, folder, runs):
    """Turn by turn, so that whatever else runs here slows down both: their ratio is measured."""
    words = [prepare(job, f"-pair{i}", build, folder) for i, job in enumerate(EMPTY_PLAN)]
    ratios, counts = [], [None, None]
    for i in range(4 * runs + 1):
        seconds = [0.0, 0.0]
        for which in ((0, 1), (1, 0))[i % 2]:
            report, _, seconds[which], _ = run_once(words[which], launch, folder)
            result = report["results"][0]
            counts[which] = (result["verdict"], result["states"], result["transitions"])
        if counts[0] != counts[1]:
            raise Trouble(f"an empty plan changes what is explored: {counts[0]}, {counts[1]}")
        if i > 0:
            ratios.append(seconds[1] / seconds[0])
    return {"ratios": ratios, "states": counts[0][1], "transitions": counts[0][2]}


def measure_instrumented(number, entry, build, launch, folder, runs):
    """Turn by turn; the program with the calls, and the one without."""
    name, parts = entry
    words = [prepare(Job(name, parts, program=program), f"-instrumented{number}-{program}", build,
                     folder) for program in ("article-plain", "article")]
    ratios, counts = [], [None, None]
    for i in range(4 * runs + 1):
        seconds = [0.0, 0.0]
        for which in ((0, 1), (1, 0))[i % 2]:
            report, _, seconds[which], _ = run_once(words[which], launch, folder)
            counts[which] = [(result["states"], result["transitions"])
                             for result in report["results"]]
        if i > 0:
            ratios.append(seconds[1] / seconds[0])
    return {"ratios": ratios, "states": [sum(count[0] for count in one) for one in counts],
            "transitions": [sum(count[1] for count in one) for one in counts]}


def measure_atomics(entry, build, again, runs):
    """Transitions a second: while steps are learned, and afterwards."""
    words = [again, os.path.join(build, "runtime.so"), str(ATOMICS_TIMES), str(ATOMICS_BITS),
             os.path.join(build, "models", "memory", "counter.so")] + entry[1]
    first, learned = [], []
    for i in range(runs + 1):
        transitions, states, code_runs, first_ns, ns = (int(word) for word in call(words).split())
        if i > 0:
            first.append(transitions / first_ns * 1e9)
            learned.append(transitions / ns * 1e9)
    return {"first": first, "learned": learned, "states": states, "transitions": transitions,
            "code_runs": code_runs}


def measure_executions(entry, build, edges, runs):
    _, how, bits, part, _ = entry
    words = [edges, os.path.join(build, "runtime.so"), how, str(bits),
             os.path.join(build, "models", "article.so")] + part.arguments()
    first, again = [], []
    for i in range(runs + 1):
        numbers = [int(word) for word in call(words).split()]
        if i > 0:
            first.append(numbers[0] / numbers[1] / 1000)
            again.append(numbers[2] / numbers[3] / 1000)
    return {"first": first, "again": statistics.median(again), "count": numbers[1]}


def grouped(number):
    return f"{number:,}"


def mebibytes(number):
    return f"{number / 2**20:.0f} MiB"


def spread(least, most, form):
    return f"{least:{form}} to {most:{form}}"


def row_of(figures):
    """Cells, and whether every target was reached."""
    job, targets, good = figures["job"], [], True
    measured, between = f"{figures['seconds']:.3f} s", spread(figures["least"], figures["most"],
                                                              ".3f")
    if job.seconds is not None:
        targets.append(f"{job.seconds:g} s")
        good &= figures["seconds"] <= job.seconds
    if job.mebibytes is not None:
        targets.append(f"{job.mebibytes} MiB")
        good &= figures["peak"] <= job.mebibytes * 2**20
    if job.states is not None:
        targets.append(f"{grouped(job.states)} states")
        good &= figures["states"] <= job.states
    if job.rate is not None:
        rates = [figures["transitions"] / figures[key] for key in ("seconds", "most", "least")]
        targets.append(f"at least {job.rate / 1e6:g} M/s")
        measured = f"{rates[0] / 1e6:.1f} M/s"
        between = spread(rates[1] / 1e6, rates[2] / 1e6, ".1f")
        good &= rates[0] >= job.rate
    mark = "" if not targets else "yes" if good else "MISSED"
    return [job.name, ", ".join(targets), measured, between, f"{figures['processor']:.3f} s",
            grouped(figures["states"]), grouped(figures["transitions"]), mebibytes(figures["peak"]), mark]


def execution_row(entry, figures):
    name, _, _, _, wanted = entry
    median = statistics.median(figures["first"])
    mark = "" if wanted is None else "yes" if median <= wanted else "MISSED"
    return [name, "" if wanted is None else f"{wanted:g} us", f"{median:.1f} us",
            spread(min(figures["first"]), max(figures["first"]), ".1f"),
            f"{figures['again']:.1f} us", grouped(figures["count"]), mark]


def empty_plan_row(figures):
    median = statistics.median(figures["ratios"])
    return [EMPTY_PLAN[0].name, f"at most {EMPTY_PLAN_RATIO:g}", f"{median:.3f}",
            spread(min(figures["ratios"]), max(figures["ratios"]), ".3f"),
            grouped(figures["states"]), grouped(figures["transitions"]),
            "yes" if median <= EMPTY_PLAN_RATIO else "MISSED"]


def instrumented_row(entry, figures):
    median = statistics.median(figures["ratios"])
    without, with_calls = figures["states"]
    good = median <= INSTRUMENTED_RATIO and without == with_calls
    return [entry[0], f"at most {INSTRUMENTED_RATIO:g}, the same states", f"{median:.3f}",
            spread(min(figures["ratios"]), max(figures["ratios"]), ".3f"),
            grouped(with_calls), grouped(without), "yes" if good else "MISSED"]


def atomics_row(entry, figures):
    median = statistics.median(figures["learned"])
    target = "" if entry[2] is None else f"at least {entry[2] / 1e6:g} M/s"
    return [entry[0], target, f"{median / 1e6:.1f} M/s",
            spread(min(figures["learned"]) / 1e6, max(figures["learned"]) / 1e6, ".1f"),
            f"{statistics.median(figures['first']) / 1e6:.2f} M/s", grouped(figures["states"]),
            grouped(figures["transitions"]), grouped(figures["code_runs"]),
            "" if entry[2] is None else "yes" if median >= entry[2] else "MISSED"]


INSTRUMENTED_HEAD = ["instrumented, time with to without", "target", "median", "least to most",
                     "states with", "states without", "reached"]
ATOMICS_HEAD = ["atomic operations, whole graph, learned", "target", "median", "least to most",
                "first", "states", "transitions", "executions", "reached"]
EMPTY_PLAN_HEAD = ["an empty plan of faults, time with to without", "target", "median",
                   "least to most", "states of both", "transitions of both", "reached"]
HEAD = ["job", "target", "median", "least to most", "processor", "states", "transitions",
        "peak", "reached"]
EXECUTION_HEAD = ["first executions of program code", "target", "median", "least to most", "again",
                  "executions", "reached"]
RIGHT = {"median", "processor", "states", "transitions", "peak", "again", "executions",
         "states of both", "transitions of both", "first", "states with", "states without"}


def as_text(head, rows):
    widths = [max(len(row[i]) for row in [head] + rows) for i in range(len(head))]
    lines = []
    for row in [head] + rows:
        cells = [cell.rjust(width) if name in RIGHT else cell.ljust(width)
                 for name, cell, width in zip(head, row, widths)]
        lines.append("  ".join(cells).rstrip())
    lines.insert(1, "-" * max(len(line) for line in lines))
    return "\n".join(lines)


def as_markdown(head, rows):
    lines = ["| " + " | ".join(head) + " |",
             "|" + "|".join("--:" if name in RIGHT else "---" for name in head) + "|"]
    lines += ["| " + " | ".join(cell or " " for cell in row) + " |" for row in rows]
    return "\n".join(lines)


def environment(build):
    """What the figures depend on."""
    model = platform.machine()
    try:
        with open("/proc/cpuinfo", encoding="ascii", errors="replace") as file:
            for line in file:
                if line.startswith("model name"):
                    model = line.split(":", 1)[1].strip()
                    break
    except OSError:
        pass
    version = call([os.path.join(build, "allways"), "--version"]).strip()
    compiler = call(shlex.split(os.environ.get("CC", "gcc")) + ["-dumpfullversion"]).strip()
    return (f"{datetime.date.today().isoformat()}, {model}, {len(os.sched_getaffinity(0))} "
            f"processors, Linux {platform.release().split('-')[0]}, gcc {compiler}, {version}")


def busy_seconds():
    """What the processors have worked so far, and how much of it was for us."""
    with open("/proc/stat", encoding="ascii") as file:
        user, nice, system = (int(word) for word in file.readline().split()[1:4])
    ours = sum(resource.getrusage(who).ru_utime + resource.getrusage(who).ru_stime
               for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return (user + nice + system) / os.sysconf("SC_CLK_TCK"), ours


def disturbance(before, seconds):
    """What else ran here spoils the figures; said, not hidden."""
    after = busy_seconds()
    share = max(0.0, (after[0] - before[0]) - (after[1] - before[1])) / seconds
    if share < 0.1:
        return ""
    return (f"The machine was not idle: others kept {share:.1f} of its "
            f"{len(os.sched_getaffinity(0))} processors busy meanwhile.")


def write_markdown(path, command, about, remarks, tables, runs):
    text = ["# Figures", "",
            "Measured, not promised: generated by the command below, never edited. Targets are "
            "those of an idle machine with", "two processors.", "",
            "```", command, "```", "", about + ".", ""]
    for remark in remarks:
        text += [remark, ""]
    for head, rows in tables:
        text += [as_markdown(head, rows), ""]
    text += ["## How it is measured", "", METHOD.format(runs=runs).replace(":\n- ", ":\n\n- ", 1)
             .replace(".\nThe median of", ".\n\nThe median of"), ""]
    with open(path, "w", encoding="utf-8") as file:
        file.write("\n".join(text))


def main():
    parser = argparse.ArgumentParser(description="Measures allways, and prints a table.")
    parser.add_argument("build", metavar="BUILD", help="the folder that make has built")
    parser.add_argument("--runs", type=int, default=5, help="runs of a job that are counted (5)")
    parser.add_argument("--markdown", metavar="FILE", help="write the tables there as well")
    parser.add_argument("--note", help="what a reader of FILE has to know about this run")
    given = parser.parse_args()
    if given.runs < 1:
        parser.error("--runs: at least 1")
    build = os.path.abspath(given.build)
    folder = tempfile.mkdtemp(prefix="allways-bench-")
    try:
        launch, edges, again = compile_tools(build, folder)
        before, start = busy_seconds(), time.monotonic()
        rows, execution_rows = [], []
        for number, job in enumerate(JOBS):
            rows.append(row_of(measure(job, number, build, launch, folder, given.runs)))
        for entry in EXECUTIONS:
            execution_rows.append(
                execution_row(entry, measure_executions(entry, build, edges, given.runs)))
        empty_plan = [empty_plan_row(measure_empty_plan(build, launch, folder, given.runs))]
        instrumented = [
            instrumented_row(entry, measure_instrumented(number, entry, build, launch, folder,
                                                         given.runs))
            for number, entry in enumerate(INSTRUMENTED)]
        atomics = [atomics_row(entry, measure_atomics(entry, build, again, given.runs))
                   for entry in ATOMICS]
        warning = disturbance(before, time.monotonic() - start)
        tables = [(HEAD, rows), (EXECUTION_HEAD, execution_rows),
                  (INSTRUMENTED_HEAD, instrumented), (ATOMICS_HEAD, atomics),
                  (EMPTY_PLAN_HEAD, empty_plan)]
        about = environment(build)
        print(about)
        if warning:
            print(warning)
        for head, lines in tables:
            print("\n" + as_text(head, lines))
        print("\n" + METHOD.format(runs=given.runs))
        if given.markdown:
            command = f"python3 tools/bench.py {given.build}"
            if given.runs != 5:
                command += f" --runs {given.runs}"
            write_markdown(given.markdown, command + f" --markdown {given.markdown}", about,
                           [text for text in (warning, given.note) if text], tables, given.runs)
    except (Trouble, OSError) as trouble:
        print(f"bench: {trouble}", file=sys.stderr)
        return 1
    finally:
        shutil.rmtree(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
