#!/bin/sh
# run-tests.sh - runs test executables one after the other and adds up what they say.
#
# Fails when a test fails, when an executable ends badly, and when one has run no test at all (a
# filter or a build mistake must not pass for success). All that a failing executable has said comes
# again at the end, before the total, so that the tail of a log shows why it failed.
set -u

case "${1:---help}" in
-*)
    echo "usage: sh tools/run-tests.sh EXECUTABLE..." >&2
    exit 2
    ;;
esac
passed=0 failed=0 skipped=0
log=$(mktemp) broken=$(mktemp)
trap 'rm -f "$log" "$broken"' EXIT
for test in "$@"; do
    "$test" --color=never >"$log" 2>&1 </dev/null
    status=$?
    line=$(sed -n 's/.*Synthesis: //p' "$log" | tail -n 1)
    tested=$(printf '%s' "$line" | sed -n 's/.*Tested: \([0-9]*\).*/\1/p')
    good=$(printf '%s' "$line" | sed -n 's/.*Passing: \([0-9]*\).*/\1/p')
    skips=$(grep -c '^\[SKIP\]' "$log")
    bad=$((${tested:-0} - ${good:-0}))
    passed=$((passed + ${good:-0}))
    failed=$((failed + bad))
    skipped=$((skipped + skips))
    printf '%-52s %3s passed' "${test#build/}" "${good:-0}"
    [ "$skips" -gt 0 ] && printf ', %s skipped' "$skips"
    if [ "$status" -ne 0 ] || [ "$bad" -ne 0 ] || [ $((${tested:-0} + skips)) -eq 0 ]; then
        printf '  FAILED (status %s)' "$status"
        [ "$bad" -gt 0 ] || failed=$((failed + 1))
        { echo; echo "---- $test (status $status)"; cat "$log"; } >>"$broken"
    fi
    printf '\n'
    grep '^\[SKIP\]' "$log" | sed 's/^/    /'
done
cat "$broken"
echo "$passed passed, $failed failed, $skipped skipped"
[ ! -s "$broken" ]
