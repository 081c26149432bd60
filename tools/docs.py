#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""docs.py - keeps the documents true.

    python3 tools/docs.py check [FILE.md...]     all documents, or some
    python3 tools/docs.py update [FILE.md...]    writes what commands print now into the documents

What is checked, in README.md, CONTRIBUTING.md, CHANGELOG.md and docs/*.md:

  ```console        A transcript. A line that begins with "$ " is a command, what follows is what
                    it prints (both outputs together), up to the next command. A line "..." stands
                    for any number of lines. Blanks at line ends, times ("0.05 s") and sizes of
                    memory ("33 MB") are not compared.
  ```c FILE         The block is a part of that file, as it stands; the same for yaml.
  [text](place)     The file is there, and so is the heading behind a "#".
  semantics.md      Names every call of harness/machine/calls.h, every function that the runtime
                    exports, every property and every verdict.

Commands that are not to be run stand in blocks of another kind (```sh). Those that are run have a
folder of their own with links to everything in the repository, so that traces and programs that
they make are left nowhere. AW_BIN names another executable than build/allways.
"""
import glob
import os
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BINARY = os.environ.get("AW_BIN", "build/allways")
BUILD = os.path.dirname(BINARY) or "."
PRIVATE = {".git", "traces"}  # not linked into the scratch folder


def documents():
    names = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"]
    names = [name for name in names if os.path.exists(os.path.join(ROOT, name))]
    return names + sorted(
        os.path.relpath(path, ROOT) for path in glob.glob(os.path.join(ROOT, "docs", "*.md")))


def read(name):
    with open(os.path.join(ROOT, name), encoding="utf-8") as file:
        return file.read()


class Block:
    def __init__(self, document, kind, line, lines):
        self.document, self.kind, self.line, self.lines = document, kind, line, lines


def blocks(document):
    found, start, kind = [], None, ""
    lines = read(document).split("\n")
    for number, line in enumerate(lines):
        if line.startswith("```"):
            if start is None:
                start, kind = number + 1, line[3:].strip()
            else:
                found.append(Block(document, kind, start + 1, lines[start:number]))
                start = None
    return found


def outside_blocks(document):
    inside = False
    for number, line in enumerate(read(document).split("\n")):
        if line.startswith("```"):
            inside = not inside
        elif not inside:
            yield number + 1, line


def transcript(block):
    """[(line number, command, printed lines)]"""
    commands = []
    for number, line in enumerate(block.lines):
        if line.startswith("$ "):
            commands.append((block.line + number, line[2:], []))
        elif commands:
            commands[-1][2].append(line)
    return commands


def masked(line):
    line = re.sub(r"\b\d+\.\d+ s\b", "# s", line)
    line = re.sub(r"\b[\d.]+ ([KMG]i?B)\b", r"# \1", line)
    return re.sub(r" +", " ", line).rstrip()


def matches(wanted, printed):
    """Both are lists of masked lines; "..." in `wanted` stands for any number of lines."""
    reached = {0}
    for line in wanted:
        if line == "...":
            reached = set(range(min(reached), len(printed) + 1)) if reached else reached
        else:
            reached = {i + 1 for i in reached if i < len(printed) and printed[i] == line}
    return len(printed) in reached


def strip_end(lines):
    while lines and lines[-1].strip() == "":
        lines = lines[:-1]
    return lines


class Scratch:
    def __enter__(self):
        self.folder = tempfile.mkdtemp(prefix="allways-docs-")
        for name in os.listdir(ROOT):
            if name not in PRIVATE and not name.endswith(".so"):  # a command tried by hand leaves one
                os.symlink(os.path.join(ROOT, name), os.path.join(self.folder, name))
        self.status = 0
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.folder)

    def run(self, command):
        if BUILD != "build":
            command = re.sub(r"\bbuild/", BUILD + "/", command)
        result = subprocess.run(
            ["sh", "-c", "(exit %d)\n%s" % (self.status, command)], cwd=self.folder,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            timeout=300, check=False)
        self.status = result.returncode
        text = result.stdout.decode("utf-8", "replace").replace(self.folder + "/", "")
        if BUILD != "build":
            text = text.replace(BUILD + "/", "build/")
        return strip_end([line.rstrip() for line in text.split("\n")])


def say(complaints, document, line, text):
    complaints.append("%s:%d: %s" % (document, line, text))


def check_transcripts(names, complaints):
    with Scratch() as scratch:
        for name in names:
            for block in blocks(name):
                if block.kind != "console":
                    continue
                for line, command, wanted in transcript(block):
                    printed = scratch.run(command)
                    if not matches([masked(w) for w in strip_end(wanted)],
                                   [masked(p) for p in printed]):
                        say(complaints, name, line, "`%s` prints something else now:" % command)
                        complaints.extend("    | " + text for text in printed[:60])


def check_files(names, complaints):
    for name in names:
        for block in blocks(name):
            words = block.kind.split()
            if len(words) != 2 or words[0] not in ("c", "yaml"):
                continue
            if not os.path.exists(os.path.join(ROOT, words[1])):
                say(complaints, name, block.line, "%s is not there" % words[1])
            elif "\n".join(block.lines) not in read(words[1]):
                say(complaints, name, block.line, "this is not what %s says" % words[1])


def anchors(name):
    found = set()
    for _, line in outside_blocks(name):
        if line.startswith("#"):
            title = line.lstrip("#").strip().lower()
            found.add(re.sub(r"[^\w\- ]", "", title).replace(" ", "-"))
    return found


def check_links(names, complaints):
    for name in names:
        for number, line in outside_blocks(name):
            for place in re.findall(r"\]\(([^)\s]+)\)", line):
                if re.match(r"[a-z]+:", place):
                    continue
                path, _, anchor = place.partition("#")
                target = os.path.normpath(os.path.join(os.path.dirname(name), path)) if path else name
                if not os.path.exists(os.path.join(ROOT, target)):
                    say(complaints, name, number, "%s is not there" % place)
                elif anchor and anchor not in anchors(target):
                    say(complaints, name, number, "%s has no heading #%s" % (target, anchor))
        if ROOT in read(name):
            say(complaints, name, 1, "names a path of this machine")


def table(path, macro):
    """First arguments of the lines X(...) of a table."""
    text = read(path)
    text = text[text.index("#define " + macro):]
    end = re.search(r"[^\\]\n", text)
    return re.findall(r'\bX\((\w+)(?:,\s*"([^"]+)")?', text[:end.start() + 1])


def check_names(complaints):
    text = read("docs/semantics.md")
    words = set(re.findall(r"[\w-]+", text))
    names = [name for name, _ in table("harness/machine/calls.h", "AW_CALLS")
             if not name.startswith("__aw_")]
    runtime = os.path.join(ROOT, BUILD, "runtime.so")
    symbols = subprocess.run(["nm", "-D", "--defined-only", runtime], stdout=subprocess.PIPE,
                             check=True).stdout.decode().split("\n")
    names += [s.split()[-1] for s in symbols if s and not s.split()[-1].startswith("_")]
    for macro in ("AW_PROPERTIES", "AW_VERDICTS"):
        names += [text for _, text in table("harness/explore/verdict.h", macro)]
    for name in names:
        if name not in words:
            say(complaints, "docs/semantics.md", 1, "says nothing about %s" % name)


def update(names):
    with Scratch() as scratch:
        for name in names:
            lines, offset = read(name).split("\n"), 0
            for block in blocks(name):
                if block.kind != "console":
                    continue
                for line, command, wanted in transcript(block):
                    printed = scratch.run(command)
                    if matches([masked(w) for w in strip_end(wanted)],
                               [masked(p) for p in printed]):
                        continue
                    if "..." in wanted:
                        print("%s:%d: `%s` is to be changed by hand" % (name, line + offset, command))
                        continue
                    kept = len(strip_end(wanted))
                    lines[line + offset:line + offset + kept] = printed
                    offset += len(printed) - kept
                    print("%s:%d: `%s`" % (name, line, command))
            with open(os.path.join(ROOT, name), "w", encoding="utf-8") as file:
                file.write("\n".join(lines))


def main(arguments):
    if arguments in (["-h"], ["--help"]):
        print(__doc__.strip())
        return 0
    if not arguments or arguments[0] not in ("check", "update", "transcripts", "files", "links", "names"):
        sys.exit(__doc__)
    names = arguments[1:] or documents()
    complaints = []
    if arguments[0] == "update":
        update(names)
        return 0
    if arguments[0] in ("check", "transcripts"):
        check_transcripts(names, complaints)
    if arguments[0] in ("check", "files"):
        check_files(names, complaints)
    if arguments[0] in ("check", "links"):
        check_links(names, complaints)
    if arguments[0] in ("check", "names"):
        check_names(complaints)
    print("\n".join(complaints) if complaints else "%d documents are true" % len(names))
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
