# SPDX-License-Identifier: MIT
"""Carries out what docs/ci.md tells CI systems to do, in a project made for it: the YAML is parsed, its
commands are run as the system would run them, and the files that are handed on have to be there.

    python3 tests/docs/ci_page.py ALLWAYS        prints how many commands ran
"""
import json
import os
import re
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree

import yaml

PROGRAM = """
#include <pthread.h>
static void *helper(void *unused) { return unused; }
int main(void)
{
    pthread_t thread;
    pthread_create(&thread, NULL, helper, NULL);
    return pthread_join(thread, NULL);
}
"""
SCENARIO = """name: join
about: a thread is waited for
program: pool.so
matrix: {n: [1, 2, 3, 4, 5, 6, 7]}
args: ${n}
expect: {verdict: proved}
"""
CASES = 7
commands = 0


def run(command, **environment):
    global commands
    commands += 1
    done = subprocess.run(["bash", "-e", "-o", "pipefail", "-c", command], env={**os.environ, **environment},
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert done.returncode == 0, "%s: status %d\n%s" % (command, done.returncode, done.stdout)
    return done.stdout


def cases_of(path):
    return [case.get("name") for case in ElementTree.parse(path).getroot().iter("testcase")]


def github(steps):
    """A list of steps; each runs a command or hands a file to an action."""
    for step in steps:
        if step.get("run", "").startswith("allways cc "):
            run(step["run"])
            assert os.path.exists("pool.so")
        elif "run" in step:
            said = run(step["run"], GITHUB_STEP_SUMMARY="summary.md")
            assert "%d cases: %d as expected" % (CASES, CASES) in said, said
            with open("summary.md", encoding="utf-8") as file:
                assert "## allways: 7 of 7 cases as expected" in file.read()
        else:
            assert step["uses"].startswith("github/codeql-action/upload-sarif@"), step
            with open(step["with"]["sarif_file"], encoding="utf-8") as file:
                assert json.load(file)["version"] == "2.1.0"


def gitlab(jobs):
    """Jobs by name; `parallel` of each share the cases."""
    for job in jobs.values():
        total, seen = job["parallel"], []
        for index in range(1, total + 1):
            run(job["script"], CI_NODE_INDEX=str(index), CI_NODE_TOTAL=str(total))
            seen += cases_of(job["artifacts"]["reports"]["junit"])
        assert len(seen) == len(set(seen)) == CASES, seen


def jenkins(text):
    for word, argument in re.findall(r"^(\w+) '([^']*)'$", text, re.M):
        if word == "sh":
            assert "%d as expected" % CASES in run(argument)
        else:
            assert word == "junit" and len(cases_of(argument)) == CASES, word


allways = os.path.abspath(sys.argv[1])
with open("docs/ci.md", encoding="utf-8") as file:
    blocks = re.findall(r"^```(\w+)[^\n]*\n(.*?)^```", file.read(), re.M | re.S)
with tempfile.TemporaryDirectory(prefix="allways-ci-") as folder:
    os.chdir(folder)
    os.makedirs("bin")
    os.makedirs("scenarios")
    os.symlink(allways, "bin/allways")
    os.environ["PATH"] = os.path.join(folder, "bin") + ":" + os.environ["PATH"]
    os.makedirs("src")
    with open("src/join.c", "w", encoding="utf-8") as file:
        file.write(PROGRAM)
    with open("scenarios/join.yaml", "w", encoding="utf-8") as file:
        file.write(SCENARIO)
    for language, text in blocks:
        if language == "yaml":
            document = yaml.safe_load(text)
            (github if isinstance(document, list) else gitlab)(document)
        elif language == "groovy":
            jenkins(text)
        else:
            assert language in ("console", "c"), language  # the outputs and the excerpts are tested too
    os.chdir("/")
print("%d commands" % commands)
