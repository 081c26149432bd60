#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""usage.py - the manual page and the completions, from what the commands say of themselves.

    python3 tools/usage.py man|bash|zsh|fish EXECUTABLE

`allways help` and `allways help COMMAND` are the only source: what they do not say is nowhere.
"""
import re
import subprocess
import sys


def say(binary, *words):
    return subprocess.run([binary, *words], capture_output=True, text=True, check=True).stdout


class Option:
    def __init__(self, name, argument, text):
        self.name, self.argument, self.text = name, argument, text


class Command:
    def __init__(self, name, about, usage):
        self.name, self.about, self.lines = name, about, usage.rstrip("\n").split("\n")
        self.options = []
        for line in self.lines:
            found = re.match(r"  (--[a-z-]+)(?:(\[?=| )([A-Z|a-z\[\]=]+))?(?:  +| )(\S.*)$", line)
            if found:
                self.options.append(Option(found[1], found[3], found[4]))
            elif self.options and re.match(r" {10,}\S", line):
                self.options[-1].text += " " + line.strip()


def commands(binary):
    listed = re.findall(r"^  ([a-z]+) +(\S.*)$", say(binary, "help"), re.M)
    return [Command(name, about, say(binary, "help", name))
            for name, about in listed if name != "allways"]


def roff(text):
    text = text.replace("\\", "\\e").replace("-", "\\-")
    return "\\&" + text if text[:1] in ".'" else text


def man(binary, all_commands):
    out = [".\\\" made by tools/usage.py", '.TH ALLWAYS 1 "" "%s" "User Commands"' %
           say(binary, "--version").strip(), ".SH NAME",
           "allways \\- takes a POSIX C program through every interleaving", ".SH SYNOPSIS",
           ".B allways", ".I COMMAND", ".RI [ ARGUMENT ]...", ".SH DESCRIPTION",
           "Proves or refutes what is to hold of a program with processes, threads, pipes and",
           "semaphores, over all of its executions.", ".SH COMMANDS"]
    for command in all_commands:
        out += [".SS " + command.name, roff(command.about[0].upper() + command.about[1:] + "."),
                ".PP", ".nf"]
        out += [roff(line) if line else ".sp" for line in command.lines]
        out += [".fi"]
    out += [".SH ENVIRONMENT",
            ".TP", "ALLWAYS_RUNTIME", "the runtime object, in place of the one that is found",
            ".TP", "ALLWAYS_CANARY", "the program that a run of a folder has to refute",
            ".TP", "GITHUB_STEP_SUMMARY", "a file to which \\-\\-format github appends its summary",
            ".TP", "NO_COLOR", "no colours", ".SH SEE ALSO", ".BR aw_verify (3)"]
    return "\n".join(out) + "\n"


# Arguments that are words of a list.
WORDS = {"--allow": "inconclusive vacuous", "--time": "arbitrary virtual"}


def words_of(command, option):
    if option.name == "--format":
        found = re.search(r"--format [A-Z\[\]=|a-z]+ +(.*?)(?:;|$)",
                          "\n".join(command.lines).replace("\n" + " " * 23, " "))
        if option.argument and "|" in option.argument:
            return option.argument.replace("|", " ")
        if option.argument and option.argument.islower():  # one a line
            return " ".join([option.argument] + [
                line.split()[0] for line in command.lines if re.match(r" {11}[a-z]+  +\S", line)])
        return " ".join(re.findall(r"[a-z]+", re.sub(r"\(.*?\)", "", found[1]))) if found else ""
    return WORDS.get(option.name, "")


def bash(binary, all_commands):
    out = ["# bash completion for allways; made by tools/usage.py", "_allways()", "{",
           "    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} words=",
           "    if [ \"$COMP_CWORD\" -eq 1 ]; then",
           "        COMPREPLY=($(compgen -W '%s --help --version' -- \"$word\"))" %
           " ".join(c.name for c in all_commands), "        return", "    fi",
           "    case ${COMP_WORDS[1]}:$before in"]
    for command in all_commands:
        for option in command.options:
            words = words_of(command, option)
            if words:
                out += ["    %s:%s) words='%s' ;;" % (command.name, option.name, words)]
    out += ["    help:help) words='%s' ;;" % " ".join(c.name for c in all_commands), "    esac",
            "    if [ -z \"$words\" ] && [[ $word == -* ]]; then", "        case ${COMP_WORDS[1]} in"]
    for command in all_commands:
        out += ["        %s) words='%s' ;;" %
                (command.name, " ".join([o.name for o in command.options] + ["--help"]))]
    out += ["        esac", "    fi", "    if [ -n \"$words\" ]; then",
            "        COMPREPLY=($(compgen -W \"$words\" -- \"$word\"))", "    else",
            "        COMPREPLY=($(compgen -f -- \"$word\"))", "    fi", "}",
            "complete -o filenames -F _allways allways"]
    return "\n".join(out) + "\n"


def quoted(text):
    return text.replace("'", "'\\''")


def zsh(binary, all_commands):
    def bracketed(text):
        return quoted(re.sub(r"([\[\]\\:])", r"\\\1", text))
    out = ["#compdef allways", "# made by tools/usage.py", "_allways() {", "  local -a commands",
           "  commands=("]
    out += ["    '%s:%s'" % (c.name, quoted(c.about.replace(":", "\\:"))) for c in all_commands]
    out += ["  )", "  if (( CURRENT == 2 )); then", "    _describe command commands", "    return",
            "  fi", "  local command=$words[2]", "  shift words", "  (( CURRENT-- ))",
            "  case $command in"]
    for command in all_commands:
        out += ["    %s)" % command.name, "      _arguments \\"]
        for option in command.options:
            words = words_of(command, option)
            action = ":%s:%s" % (option.argument.strip("[]=|").lower().replace("|", " "),
                                 "(%s)" % words if words else "_files") if option.argument else ""
            out += ["        '*%s[%s]%s' \\" % (option.name, bracketed(option.text), quoted(action))]
        out += ["        '--help[print the help]' \\", "        '*:file:_files'", "      ;;"]
    out += ["  esac", "}", "_allways \"$@\""]
    return "\n".join(out) + "\n"


def fish(binary, all_commands):
    out = ["# made by tools/usage.py"]
    names = " ".join(c.name for c in all_commands)
    for command in all_commands:
        out += ["complete -c allways -n 'not __fish_seen_subcommand_from %s' -f -a %s -d '%s'" %
                (names, command.name, command.about.replace("'", "\\'"))]
        for option in command.options:
            words = words_of(command, option)
            out += ["complete -c allways -n '__fish_seen_subcommand_from %s' -l %s%s%s -d '%s'" %
                    (command.name, option.name[2:], " -r" if option.argument else "",
                     " -f -a '%s'" % words if words else "",
                     option.text.replace("\\", "\\\\").replace("'", "\\'"))]
    return "\n".join(out) + "\n"


if __name__ == "__main__":
    formats = {"man": man, "bash": bash, "zsh": zsh, "fish": fish}
    if sys.argv[1:] in (["-h"], ["--help"]):
        print(__doc__.strip())
        sys.exit(0)
    if len(sys.argv) != 3 or sys.argv[1] not in formats:
        sys.exit(__doc__)
    sys.stdout.write(formats[sys.argv[1]](sys.argv[2], commands(sys.argv[2])))
