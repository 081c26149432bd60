# SPDX-License-Identifier: MIT
"""Prints what junitparser (Debian's python3-junitparser) reads in a JUnit file."""
import sys

from junitparser import JUnitXml

report = JUnitXml.fromfile(sys.argv[1])
print("%d tests, %d failures, %d errors, %d skipped" % (
    report.tests, report.failures, report.errors, sum(suite.skipped for suite in report)))
for suite in report:
    for case in suite:
        for result in case.result:
            print("%s: %s: %s" % (case.name, type(result).__name__, result.message))
        if not case.result:
            print("%s: passed" % case.name)
