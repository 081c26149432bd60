# What differs from run to run, from machine to machine, or with the search: times, memory, numbers of states.
s/ +[0-9,]+ +[0-9.]+ s/ N T s/
s/\| [0-9,]+ \| [0-9.]+ s \|/| N | T s |/
s/("seconds": |"duration_ms": |duration_ms: )[0-9.e-]+/\1T/
s/("peak_memory_bytes": |"states": |"transitions": |"code_runs": )[0-9]+/\1N/
s/^states: [0-9,]+/states: N/
s/ time="[0-9.]+"/ time="T"/
s/(harness\/runtime\/[a-z]+\.c:)[0-9]+/\1N/g
/"uri": "harness\/runtime/,/startLine/s/("startLine": )[0-9]+/\1N/
