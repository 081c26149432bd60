# SPDX-License-Identifier: MIT
"""Checks a SARIF file against what is used here of the SARIF 2.1.0 specification, and prints what a
viewer would show. Objects are closed: a property that the specification does not have is an error.

    python3 tests/report/sarif.py FILE [SCHEMA]    SCHEMA: also against the official one, a file
"""
import json
import sys

import jsonschema


def closed(required, **properties):
    return {"type": "object", "properties": properties, "required": required,
            "additionalProperties": False}


def items(of):
    return {"type": "array", "items": of}


TEXT, BAG = {"type": "string"}, {"type": "object"}
LEVEL = {"enum": ["none", "note", "warning", "error"]}                      # 3.27.10
MESSAGE = closed(["text"], text={"type": "string", "minLength": 1})          # 3.11
PHYSICAL = closed(                                                           # 3.29
    ["artifactLocation"],
    artifactLocation=closed(["uri"], uri={"type": "string", "pattern": "^[^ \\\\]+$"}, uriBaseId=TEXT),
    region=closed(["startLine"], startLine={"type": "integer", "minimum": 1}))
LOCATION = closed([], physicalLocation=PHYSICAL, message=MESSAGE)            # 3.28
STEP = closed(["location"], location=LOCATION,                               # 3.38
              executionOrder={"type": "integer", "minimum": 0},
              importance={"enum": ["important", "essential", "unimportant"]})
FLOW = closed(["threadFlows"], threadFlows={                                 # 3.36, 3.37
    "type": "array", "minItems": 1,
    "items": closed(["locations"], locations={"type": "array", "minItems": 1, "items": STEP})})
RESULT = closed(                                                             # 3.27
    ["message"], ruleId=TEXT, kind={"const": "fail"}, level=LEVEL, message=MESSAGE,
    locations=items(LOCATION), relatedLocations=items(LOCATION), codeFlows=items(FLOW),
    partialFingerprints={"type": "object", "additionalProperties": TEXT}, properties=BAG)
RULE = closed(["id"], id=TEXT, shortDescription=MESSAGE)                     # 3.49
TOOL = closed(["driver"], driver=closed(                                     # 3.18, 3.19
    ["name"], name=TEXT, version=TEXT, semanticVersion=TEXT, rules=items(RULE)))
INVOCATION = closed(                                                         # 3.20
    ["executionSuccessful"], executionSuccessful={"type": "boolean"},
    toolExecutionNotifications=items(closed(["message"], level=LEVEL, message=MESSAGE)))
RUN = closed(["tool"], tool=TOOL, invocations=items(INVOCATION),             # 3.14
             columnKind={"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
             results=items(RESULT), properties=BAG)
LOG = closed(["version", "runs"], **{"$schema": TEXT, "version": {"const": "2.1.0"},  # 3.13
                                     "runs": items(RUN)})

with open(sys.argv[1], encoding="utf-8") as file:
    log = json.load(file)
schemas = [LOG]
if len(sys.argv) > 2:
    with open(sys.argv[2], encoding="utf-8") as file:
        schemas.insert(0, json.load(file))
    print("by", schemas[0]["title"])
for schema in schemas:
    try:
        jsonschema.validate(log, schema)
    except jsonschema.ValidationError as error:
        sys.exit("not valid: %s: %s" % ("/".join(map(str, error.absolute_path)), error.message))
run = log["runs"][0]
rules = {rule["id"] for rule in run["tool"]["driver"]["rules"]}
print("valid: %d results" % len(run["results"]))
for result in run["results"]:
    assert result["ruleId"] in rules, result["ruleId"]
    place = result["locations"][0]["physicalLocation"]
    print(result["ruleId"], result["level"], "%s:%s" % (
        place["artifactLocation"]["uri"], place.get("region", {}).get("startLine", "")))
    for flow in result.get("codeFlows", []):
        steps = flow["threadFlows"][0]["locations"]
        assert [step["executionOrder"] for step in steps] == list(range(1, len(steps) + 1))
        print("%d steps, the last is \"%s\"" % (len(steps), steps[-1]["location"]["message"]["text"]))
invocation = run["invocations"][0]
if not invocation["executionSuccessful"]:
    print("not successful: %d notification" % len(invocation["toolExecutionNotifications"]))
