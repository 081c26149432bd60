#!/bin/sh
# run-tests.sh - runs test executables one after the other and adds up what they say.
#
# Fails when a test fails, when an executable ends badly, and when one has run no test at all (a
# filter or a build mistake must not pass for success).
set -u

passed=0 failed=0 skipped=0 broken=""
log=$(mktemp)
trap 'rm -f "$log"' EXIT
for test in "$@"; do
    "$test" --color=never >"$log" 2>&1
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
        broken="$broken $test"
        [ "$bad" -gt 0 ] || failed=$((failed + 1))
    fi
    printf '\n'
    grep '^\[SKIP\]' "$log" | sed 's/^/    /'
    case " $broken " in *" $test "*) sed 's/^/    | /' "$log" | tail -n 60 ;; esac
done
echo "$passed passed, $failed failed, $skipped skipped"
[ -z "$broken" ]
