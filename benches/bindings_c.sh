#!/usr/bin/env bash
# Sets crates/deepscreen-c/examples/screen.c beside `deepscreen scan --format jsonl` on the same folder, in one run.
#
# usage: bindings_c.sh FOLDER [ROUNDS]
#
# Both run in turn, the other one first in every second round, on the embedded engine. Prints the seconds of all cores
# and of the clock for each round, and the ratio of the medians: C's time to the program's. make_pictures.py fills a
# folder. Build first: cargo build --release -p deepscreen-c -p deepscreen-cli (or set BUILD to a folder with all three).
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
folder=${1:?usage: bindings_c.sh FOLDER [ROUNDS]} rounds=${2:-9}
build=${BUILD:-${CARGO_TARGET_DIR:-$root/target}/release}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$root/crates/deepscreen-c/install.sh" "$work/prefix" "$build"
export PKG_CONFIG_PATH=$work/prefix/lib/pkgconfig LD_LIBRARY_PATH=$work/prefix/lib TIMEFORMAT='%U %S %R'
cc -O2 "$root/crates/deepscreen-c/examples/screen.c" -o "$work/screen" $(pkg-config --cflags --libs deepscreen)

run_c() { "$work/screen" --settings '{"engine": "rten"}' "$folder" >"$work/c.jsonl"; }
run_program() { "$build/deepscreen" scan --engine rten --format jsonl "$folder" >"$work/program.jsonl" 2>/dev/null; }
run_c && run_program    # the files are in memory from here on
[ "$(wc -l <"$work/c.jsonl")" = "$(wc -l <"$work/program.jsonl")" ]

for ((round = 1; round <= rounds; round++)); do
    order=(c program)
    ((round % 2)) || order=(program c)
    for who in "${order[@]}"; do
        { time run_$who 2>/dev/null; } 2>&1 | awk -v who="$who" '{printf "%s %.2f %.2f\n", who, $1 + $2, $3}'
    done
done | tee "$work/times"
median() { awk -v who="$1" -v field="$2" '$1 == who {print $field}' "$work/times" | sort -n | awk '{all[NR] = $1} END {print all[int((NR + 1) / 2)]}'; }
for field in '2 cores' '3 clock'; do
    set -- $field
    awk -v c="$(median c "$1")" -v program="$(median program "$1")" -v what="$2" \
        'BEGIN {printf "%s: C %.2f s, program %.2f s, ratio %.3f\n", what, c, program, c / program}'
done
