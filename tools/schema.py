#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""schema.py - docs/scenario.schema.json: the format of scenario files, for editors.

    python3 tools/schema.py write            writes it anew
    python3 tools/schema.py check [TEST...]  fails where it is not true

It is made from the tables that the loader itself reads by: the keys in harness/scenario/, the
ranges of bounds.c, verdicts and properties, fault points with their errnos. `check` compares the
file with them, and then with what the loader does:

  - every scenario of the repository fits the schema;
  - the tests of the loader (TEST: their executables) write out every file that they try, and what
    the loader takes fits the schema, what it refuses does not. But for what a schema has no words
    for, which is listed here, with the loader's message (BEYOND).
"""
import glob
import json
import os
import re
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SCHEMA = "docs/scenario.schema.json"

# Messages about what a schema cannot say: one value compared with another, the parameters of a
# matrix, and what is not YAML at all.
BEYOND = [
    r"not YAML", r"is not UTF-8", r"control character", r"cannot hold the character", r"levels deep",
    r"second document", r"alias \*", r"tags \(", r"as key", r"again: it stands", r"again$",
    r"unknown parameter", r"\$\{", r"unknown value of", r"the file is empty",
    r"exclude: expected to leave a case", r"no case comes to this entry", r"no 'when' fits",
    r"expected a 'matrix' to pick cases of", r"unknown key of (when|exclude)",
    r"is not checked: expected one of 'properties'", r"expected 'count: true'",
    r"is a parameter of 'matrix' already", r"machine.pipe_capacity: expected a size", r"in steps of", r"at most 10000 cases",
    r"in case \S+\[", r"sum of the budgets", r"'fault_budget: 0' is for none", r"is used nowhere",
    r"did you mean \"(posix|libc|allways)/", r"no \$\{.*stands for it",
    r"faults.occurrences: .*found \"\d+-\d+\"", r"at most 4096 bytes", r"the value \"\S+\" again: two cases", r"unknown time \"real\"", r"limits.seconds: .*\.\d{4}",
    r"delay: expected a duration .*found \"[1-9]\d* s\"", r"of at most \d+ KiB",
]


def read(name):
    with open(os.path.join(ROOT, name), encoding="utf-8") as file:
        return file.read()


def strings(path, table):
    """The strings of `static const char *const TABLE[] = {...}`."""
    body = re.search(r"\b%s\[\]\s*=\s*\{(.*?)\};" % table, read(path), re.S).group(1)
    return re.findall(r'"([^"]+)"', body)


def macro_texts(path, macro):
    text = read(path)
    text = text[text.index("#define " + macro):]
    return re.findall(r'\bX\(\w+,\s*"([^"]+)"', text[:re.search(r"[^\\]\n", text).start() + 1])


QUOTES_CLOSED = r"""^([^'"\\]|\\[\s\S]|'[^']*'|"([^"\\]|\\[\s\S])*")*\\?$"""


def number(text):
    units = {"KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40}
    for name, value, shift in re.findall(r"\b(AW_\w+) = (\d+) << (\d+),", read("harness/machine/settings.h")):
        units[name] = int(value) << int(shift)
    value = 1
    for factor in text.replace("UINT64_C", "").split("*"):
        factor = factor.strip()
        digits = re.search(r"\d+", factor)
        value *= units[factor] if factor in units else int(digits.group())
    return value


def fields(table):
    """{key: (unit, minimum, maximum, or none)} of a table of bounds.c."""
    body = re.search(r"\b%s\[\]\s*=\s*\{(.*?)\n\};" % table, read("harness/scenario/bounds.c"), re.S)
    rows = re.findall(r'\{"(\w+)",.*?\{AW_UNIT_(\w+),([^,]+),([^,]+),[^,]+,\s*(\w+)\}\}',
                      body.group(1), re.S)
    return {key: (unit, number(low), number(high), none == "true")
            for key, unit, low, high, none in rows}


def points():
    """{name: (kind, [errno])} of the table of fault points."""
    found = {}
    for name, kind, rest in re.findall(r'POINT\("([^"]+)", (\w+),(.*?)\),\n', read("fault/points.c"),
                                       re.S):
        found[name] = (kind.lower(), re.findall(r"\bE[A-Z]+\b", rest))
    return found


PARAMETER = {"type": "string", "pattern": r"\$\{\w+\}"}
SPACE = r"^\s*%s\s*$"


def text(about):
    return {"type": ["string", "number", "boolean"], "description": about}


def whole(low, high, about, none=False):
    kinds = [{"type": "integer", "minimum": low, "maximum": high},
             {"type": "string", "pattern": r"^[0-9]+(_[0-9]+)*$"}, PARAMETER]
    if none:
        kinds.append({"const": "none"})
    return {"anyOf": kinds, "description": "%s (%s to %s)" % (about, low, high)}


def quantity(unit, low, high, none, about):
    if unit == "NONE":
        return whole(low, high, about, none)
    if unit == "MILLIS":
        kinds = [{"type": "number", "minimum": low / 1000, "maximum": high / 1000}, PARAMETER]
        about += " (seconds)"
    else:
        kinds = [{"type": "integer", "minimum": low, "maximum": high},
                 {"type": "string", "pattern": r"^[0-9]+(_[0-9]+)* ?(B|KiB|MiB|GiB|TiB)$"}, PARAMETER]
        about += " (bytes, or with B, KiB, MiB, GiB behind it)"
    if none:
        kinds.append({"const": "none"})
    return {"anyOf": kinds, "description": about}


def words(names, about):
    return {"enum": names, "description": about}


def closed(properties, about, **more):
    return {"type": "object", "properties": properties, "additionalProperties": False,
            "minProperties": 1, "description": about, **more}


def one_or_more(item, most):
    return {"anyOf": [item, {"type": "array", "items": item, "minItems": 1, "maxItems": most,
                             "uniqueItems": True}]}


def fault():
    table = points()
    kinds = macro_texts("fault/points.h", "AW_FAULT_KINDS")
    known = strings("harness/scenario/faults.c", "fault_keys")
    errnos = sorted({e for _, codes in table.values() for e in codes})
    role = {"type": "string", "pattern": r"^[\w.-]{1,31}$|\$\{"}
    properties = {
        "point": {"type": "string",
                  "description": "a point of the table, or one of the program's own",
                  "anyOf": [{"enum": sorted(table)},
                            {"pattern": r"^(?!(posix|libc|linux|allways)/)[\w.-]+(/[\w.-]+)*$"},
                            PARAMETER]},
        "kind": {"anyOf": [{"enum": kinds}, PARAMETER]},
        "errno": one_or_more({"anyOf": [{"enum": errnos}, PARAMETER]}, 16),
        "lengths": {"anyOf": [{"enum": ["every", "meaningful"]}, PARAMETER,
                              one_or_more(whole(1, 64 << 20, "bytes"), 16)]},
        "value": one_or_more(whole(1, 2147483647, "what fiu_fail answers"), 16),
        "delay": {"type": "string", "pattern": r"^0*[1-9][0-9_]* ?(us|ms|s)$|\$\{"},
        "role": dict(role, description="of the thread: given by aw_role, or main, or worker"),
        "site": {"type": "string", "pattern": r"^[\w./+-]+(:[1-9][0-9]{0,5})?$|\$\{",
                 "description": "file.c:123, file.c, or the name of a function"},
        "occurrences": {"anyOf": [{"type": "integer", "minimum": 1, "maximum": 1000000},
                                  {"type": "string",
                                   "pattern": r"^[1-9][0-9]{0,6}(-[1-9][0-9]{0,6})?$|\$\{"}]},
        "budget": whole(0, 100, "how often in one execution"),
    }
    assert sorted(properties) == sorted(known), "a key of a fault is missing here"
    rules = [{"if": {"not": {"required": ["point"]}},
              "then": {"required": ["kind"],
                       "properties": {"kind": {"anyOf": [{"enum": ["crash", "sigterm", "spurious"]},
                                                         PARAMETER]}}}}]
    own = dict(re.findall(r'\{"(\w+)", AW_FAULT_(\w+)\}', read("harness/scenario/faults.c")))
    for key, kind in own.items():  # only beside its own kind
        others = [k for k in kinds if k != kind.lower()]
        rules.append({"if": {"required": [key]},
                      "then": {"properties": {"kind": {"not": {"enum": others}}}}})
    for name, (kind, codes) in sorted(table.items()):
        takes = {kind} | ({"delay"} if kind == "errno" else set())
        then = {"kind": {"anyOf": [{"enum": sorted(takes)}, PARAMETER]}}
        if kind == "errno":
            then["errno"] = one_or_more({"anyOf": [{"enum": codes}, PARAMETER]}, 16)
            then.update({key: False for key in ("lengths", "value")})
        else:
            then.update({key: False for key in own if own[key].lower() != kind})
        required = ["delay"] if kind == "delay" else []
        rules.append({"if": {"required": ["point"], "properties": {"point": {"const": name}}},
                      "then": {"properties": then, "required": required}})
    rules.append({"if": {"required": ["kind"], "properties": {"kind": {"const": "delay"}}},
                  "then": {"required": ["delay"]}})
    for key in ("errno", "lengths", "value"):  # a delay without its kind is one all the same
        rules.append({"if": {"required": ["delay"]}, "then": {"properties": {key: False}}})
    named = {"required": ["point"], "properties": {"point": {"type": "string", "not": {"anyOf": [
        {"enum": sorted(table)}, {"pattern": r"\$\{"}]}}}}
    rules.append({"if": named, "then": {"properties": {
        "kind": {"anyOf": [{"enum": ["fail", "delay"]}, PARAMETER]}, "errno": False, "lengths": False}}})
    return closed(properties, "one thing that may go wrong (docs/faults.md)", allOf=rules)


def expectation():
    properties = {
        "verdict": words(macro_texts("harness/explore/verdict.h", "AW_VERDICTS"), "what comes out"),
        "property": words(macro_texts("harness/explore/verdict.h", "AW_PROPERTIES"),
                          "beside violated: which one"),
        "states": whole(1, 10**12, "exact number of states"),
        "transitions": whole(1, 10**12, "exact number of transitions"),
        "interleavings": {"anyOf": [{"type": "integer", "minimum": 1},
                                    {"type": "string", "pattern": "^[0-9_]+$"}]},
        "when": {"$ref": "#/$defs/pattern", "description": "for which cases"},
    }
    assert sorted(properties) == sorted(strings("harness/scenario/expect.c", "expect_keys"))
    violated = {"required": ["verdict"], "properties": {"verdict": {"const": "violated"}}}
    return closed(properties, "what has to come out", required=["verdict"],
                  **{"if": violated, "then": {"required": ["property"]},
                     "else": {"properties": {"property": False}}})


def machine():
    ours = {key: quantity(*rest, "see docs/scenario-format.md")
            for key, rest in fields("machine_fields").items()}
    ours["pipe_capacity"] = quantity("BYTES", 1, 64 << 20, False, "instead of pipe_slots")
    ours["time"] = {"anyOf": [{"enum": ["arbitrary", "virtual"]}, PARAMETER]}
    ours["init"] = {"anyOf": [{"enum": ["zero", "pattern"]}, PARAMETER]}
    assert sorted(ours) == sorted(strings("harness/scenario/bounds.c", "machine_keys"))
    return closed(ours, "settings of the machine",
                  **{"not": {"required": ["pipe_slots", "pipe_capacity"]}})


def limits():
    ours = {key: quantity(*rest, "when to give up") for key, rest in fields("limit_fields").items()}
    assert sorted(ours) == sorted(strings("harness/scenario/bounds.c", "limit_keys"))
    return closed(ours, "when to give up")


def make():
    value = {"type": ["string", "number", "boolean"]}
    values = {"type": "array", "items": dict(value, pattern=r"^[^][=,/]{1,64}$"), "minItems": 1, "uniqueItems": True}
    properties = {
        "name": {"type": ["string", "integer"], "pattern": r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$"},
        "about": {"type": ["string", "number", "boolean"], "pattern": r"\S",
                  "description": "a line or two: what this is about, and why one should care"},
        "program": {"type": "string", "pattern": r"[^/]$",
                    "description": "the shared object, from the working folder, or ./ from here"},
        "args": {"anyOf": [dict(value, pattern=QUOTES_CLOSED),
                           {"type": "array", "items": value, "maxItems": 255}],
                 "description": "a text, split at blanks outside '...' and \"...\", or a list"},
        "env": {"type": "object", "minProperties": 1, "additionalProperties": value,
                "propertyNames": {"pattern": r"^[A-Za-z_]\w*$"},
                "description": "the whole environment"},
        "machine": machine(),
        "limits": limits(),
        "properties": {"type": "array", "minItems": 1, "uniqueItems": True, "items": words(
            macro_texts("harness/explore/verdict.h", "AW_PROPERTIES"), "what is checked")},
        "count": {"type": "boolean", "description": "count the interleavings as well"},
        "expect": {"anyOf": [{"$ref": "#/$defs/expectation"},
                             {"type": "array", "minItems": 1,
                              "items": {"$ref": "#/$defs/expectation"}}]},
        "matrix": {"type": "object", "minProperties": 1, "maxProperties": 8,
                   "propertyNames": {"pattern": r"^[A-Za-z_][\w-]*$"}, "additionalProperties": values,
                   "description": "parameters: the scenario is run with each combination"},
        "sweep": {"type": "object", "minProperties": 1, "maxProperties": 8,
                  "propertyNames": {"pattern": r"^[A-Za-z_][\w-]*$"},
                  "additionalProperties": dict(values, minItems=2),
                  "description": "parameters that leave their first value one at a time"},
        "exclude": {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/pattern"},
                    "description": "combinations that are left out"},
        "faults": {"type": "array", "minItems": 1, "maxItems": 12, "items": fault()},
        "fault_budget": whole(0, 100, "how many faults in one execution"),
        "schedule": closed({"favour": {"type": "array", "minItems": 1, "maxItems": 16,
                                       "uniqueItems": True,
                                       "items": {"type": "string", "pattern": r"^[\w.-]{1,31}$|\$\{"}}},
                           "which schedules are explored", required=["favour"]),
        "traces": {"type": "array", "minItems": 1, "maxItems": 16,
                   "items": {"type": "string", "minLength": 1, "maxLength": 4096,
                             "pattern": r"[^/]$"},
                   "description": "kept traces, carried out before the search"},
    }
    keys = strings("harness/scenario/scenario.c", "file_keys")
    assert sorted(properties) == sorted(keys), "keys of a scenario: %s" % (set(properties) ^ set(keys))
    value_or_list = {"anyOf": [value, dict(values, uniqueItems=False)]}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "allways scenario",
        "description": "Made by tools/schema.py from the loader's tables; docs/scenario-format.md explains it.",
        "type": "object",
        "properties": properties,
        "required": strings("harness/scenario/scenario.c", "required_keys"),
        "additionalProperties": False,
        "dependentRequired": {"fault_budget": ["faults"]},
        "dependentSchemas": {"exclude": {"anyOf": [{"required": ["matrix"]}, {"required": ["sweep"]}]}},
        "if": {"required": ["faults"], "properties": {"faults": {"type": "array", "minItems": 2}}},
        "then": {"required": ["fault_budget"]},
        "$defs": {
            "expectation": expectation(),
            "pattern": {"type": "object", "minProperties": 1, "additionalProperties": value_or_list,
                        "description": "parameters of the matrix, with a value or a list of values"},
        },
    }


# --- Comparing --------------------------------------------------------------------------------


def loader():
    """YAML 1.2 as the scenarios are: true and false only, no dates, no octal numbers."""
    import yaml

    class Loader(yaml.SafeLoader):
        yaml_implicit_resolvers = {}

    Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile("^(true|false)$"), list("tf"))
    Loader.add_implicit_resolver("tag:yaml.org,2002:null", re.compile("^(~|null|)$"), ["~", "n", ""])
    Loader.add_implicit_resolver("tag:yaml.org,2002:int", re.compile("^-?(0|[1-9][0-9]*)$"),
                                 list("-0123456789"))
    Loader.add_implicit_resolver("tag:yaml.org,2002:float", re.compile(r"^[0-9]+\.[0-9]+$"),
                                 list("0123456789"))
    return lambda source: yaml.load(source, Loader)


def check(tests):
    try:
        import jsonschema
        import yaml
    except ImportError:  # Debian's packages are Debian's Python's
        if os.path.realpath(sys.executable) == os.path.realpath("/usr/bin/python3"):
            raise
        os.execv("/usr/bin/python3", ["/usr/bin/python3"] + sys.argv)
    schema, complaints, load = make(), [], loader()
    if json.dumps(schema, indent=1) + "\n" != read(SCHEMA):
        complaints.append("%s is not what the tables say: python3 tools/schema.py write" % SCHEMA)
    validator = jsonschema.validators.validator_for(schema)
    validator.check_schema(schema)
    validator = validator(schema)

    def mistake(source):
        try:
            tree = load(source)
        except (yaml.YAMLError, ValueError, RecursionError) as error:
            return str(error)
        errors = [e.message for e in validator.iter_errors(tree)]
        return errors[0] if errors else None

    count = 0
    for path in sorted(glob.glob(os.path.join(ROOT, "scenarios", "**", "*.y*ml"), recursive=True)):
        found = mistake(read(path))
        count += 1
        if found:
            complaints.append("%s does not fit: %s" % (os.path.relpath(path, ROOT), found))
    right = wrong = beyond = 0
    # Without what a Criterion test leaves to its workers: this may be run by one.
    inherited = {key: value for key, value in os.environ.items()
                 if not key.startswith(("BXF", "CRITERION", "LD_PRELOAD"))}
    for test in tests:
        with tempfile.TemporaryDirectory(prefix="allways-schema-") as folder:
            subprocess.run([test], cwd=ROOT, env=dict(inherited, AW_FIXTURES=folder), check=True,
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            for name in sorted(os.listdir(folder)):
                with open(os.path.join(folder, name), "rb") as file:
                    message, _, source = file.read().partition(b"\n---8<---\n")
                message, source = message.decode("utf-8", "replace"), source.decode("utf-8", "replace")
                found = mistake(source)
                if message == "" and found:
                    complaints.append("taken by the loader, not by the schema: %s\n%s" % (found, source))
                elif message and not found:
                    if any(re.search(pattern, message) for pattern in BEYOND):
                        beyond += 1
                    else:
                        complaints.append("refused by the loader alone: %s\n%s" % (message, source))
                right += message == ""
                wrong += message != ""
    if tests and (right < 20 or wrong < 100):
        complaints.append("the tests of the loader wrote out too little: %d, %d" % (right, wrong))
    print("\n".join(complaints) if complaints else
          "%d scenarios fit; of the loader's tests %d right files fit, of %d wrong ones %d do not "
          "and %d are beyond a schema" % (count, right, wrong, wrong - beyond, beyond))
    return 1 if complaints else 0


def main(arguments):
    if arguments in (["-h"], ["--help"]):
        print(__doc__.strip())
        return 0
    if arguments[:1] == ["write"]:
        with open(os.path.join(ROOT, SCHEMA), "w", encoding="utf-8") as file:
            file.write(json.dumps(make(), indent=1) + "\n")
        return 0
    if arguments[:1] == ["check"]:
        return check(arguments[1:])
    sys.exit(__doc__)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
