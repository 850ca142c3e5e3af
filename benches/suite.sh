#!/usr/bin/env bash
# The speed of this tree's binary against an older one's, over every bundled scenario and bench, on a quiet machine:
#
#     cargo build --release
#     benches/suite.sh OLD_BINARY                # on the scenario files of this tree
#     benches/suite.sh OLD_BINARY FOLDER         # on those in FOLDER/scenarios and FOLDER/benches
#
#     --rounds N      runs per figure, taken in turn old, new, old, new (5)
#     --share S       simulates this share of each duration (1), and 20 s at least; what would happen later does not
#     --only REGEX    scenarios whose name matches
#     --markdown      a table for the docs
#
# Two figures per scenario, each a median: requests per second of the loop (one thread, one replication), and the time of
# the whole command with its report (two threads, two replications). A ratio above 1 is faster. At full length the suite
# takes some twenty minutes, with `--share 0.2 --rounds 3` three. HERDLAB names another newer binary. Both binaries run the same
# files: FOLDER is for files that the older one cannot read, or that have come to do other work since. What either cannot
# run is named and left out; so is what the two do not run alike, by the number of requests.
set -euo pipefail
here=$(cd "$(dirname "$0")/.." && pwd)

usage() { sed -n '2,/^set/s/^# \{0,1\}//p' "$0" >&2; exit 2; }
old='' folder=$here rounds=5 share=1 only=. style=plain
while [ $# -gt 0 ]; do
    case $1 in
        --rounds) rounds=$2; shift ;;
        --share) share=$2; shift ;;
        --only) only=$2; shift ;;
        --markdown) style=markdown ;;
        -*) usage ;;
        *) if [ -z "$old" ]; then old=$1; else folder=$1; fi ;;
    esac
    shift
done
new=${HERDLAB:-$here/target/release/herdlab}
test -n "$old" || usage
for binary in "$old" "$new"; do
    test -x "$binary" || { echo "no binary $binary" >&2; exit 2; }
done
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# Settings by which the newer binary does the work of the older one, where a default has changed: none so far.
as_before=()

# The simulated time of a scenario, times the share. Below 20 s start-up would be measured in place of the loop.
length() {
    sed -n 's/^duration *= *"\([0-9.]*\)\(ms\|s\|m\|h\)".*/\1 \2/p' "$1" | head -1 |
        awk -v share="$share" -v least=20e3 '
            BEGIN { unit["ms"] = 1; unit["s"] = 1e3; unit["m"] = 6e4; unit["h"] = 3.6e6 }
            { whole = $1 * unit[$2]; cut = whole * share; if (cut < least) cut = least
              printf "%dms\n", (cut < whole ? cut : whole) + 0.5 }'
}

# One run of `binary` on `file`; leaves its timings, or fails.
run() {
    local binary=$1 file=$2
    shift 2
    test "$binary" = "$old" || set -- "$@" ${as_before[@]+"${as_before[@]}"}
    test "$share" = 1 || set -- "$@" --duration "$(length "$file")"
    rm -rf "$scratch/out"
    # A broken threshold is no failure here: there is a report.
    "$binary" run "$file" "$@" --quiet --out "$scratch/out" >/dev/null 2>"$scratch/said" || true
    test -s "$scratch/out/timings.json"
}

# A field of the last run's timings.
field() { sed -n "s/.*\"$1\": *\([0-9.eE+-]*\).*/\1/p" "$scratch/out/timings.json"; }

median() { sort -n "$1" | awk '{ value[NR] = $1 } END { print (value[int((NR + 1) / 2)] + value[int(NR / 2) + 1]) / 2 }'; }

# All rounds of one scenario; prints its row.
measure() {
    local file=$1 name=$2 binary side started
    rm -f "$scratch"/loop.* "$scratch"/command.* "$scratch"/requests.*
    for ((round = 0; round < rounds; round++)); do
        for side in old new; do
            binary=${!side}
            run "$binary" "$file" --threads 1 --replications 1 || return 1
            field requests_per_second_per_core >>"$scratch/loop.$side"
            field requests >"$scratch/requests.$side"
        done
        for side in old new; do
            binary=${!side}
            started=${EPOCHREALTIME/./}
            run "$binary" "$file" --threads 2 --replications 2 || return 1
            echo "$((${EPOCHREALTIME/./} - started))" >>"$scratch/command.$side"
        done
    done
    if ! cmp -s "$scratch/requests.old" "$scratch/requests.new"; then
        echo "$(cat "$scratch/requests.old") requests in the old one, $(cat "$scratch/requests.new") in the new one" >"$scratch/said"
        return 1
    fi
    echo "$name $(cat "$scratch/requests.new") $(median "$scratch/loop.old") $(median "$scratch/loop.new")" \
        "$(median "$scratch/command.old") $(median "$scratch/command.new")"
}

# Rows to a table, and what they come to.
table() {
    awk -v style="$style" '
        function line(name, requests, a, b, c, d, e, f) {
            if (style == "markdown") printf "| %s | %s | %s | %s | %s | %s | %s | %s |\n", name, requests, a, b, c, d, e, f
            else printf "%-24s %9s %9s %9s %7s %9s %9s %7s\n", name, requests, a, b, c, d, e, f
        }
        function two(number) { return sprintf("%.2f", number) }
        BEGIN {
            line("scenario", "M req.", "loop old", "loop new", "ratio", "cmd. old", "cmd. new", "ratio")
            if (style == "markdown") print "|---|---:|---:|---:|---:|---:|---:|---:|"
        }
        {
            loop = $4 / $3; command = $5 / $6
            line($1, two($2 / 1e6), two($3 / 1e6), two($4 / 1e6), two(loop), two($5 / 1e6), two($6 / 1e6), two(command))
            loops += log(loop); commands += log(command)
            if (NR == 1 || loop < slowest) { slowest = loop; slow = $1 }
            if (NR == 1 || command < longest) { longest = command; long = $1 }
        }
        END {
            if (NR == 0) exit
            line("geometric mean", "", "", "", two(exp(loops / NR)), "", "", two(exp(commands / NR)))
            print ""
            print "Loop in million requests per second, command in seconds; " NR " scenarios."
            print "Slowest ratios: loop " two(slowest) " (" slow "), command " two(longest) " (" long ")."
        }'
}

: >"$scratch/rows"
for file in "$folder"/scenarios/*.toml "$folder"/benches/*.toml; do
    name=$(basename "$file" .toml)
    grep -Eq -- "$only" <<<"$name" || continue
    echo "$name" >&2
    measure "$file" "$name" >>"$scratch/rows" || echo "left out: $name: $(head -1 "$scratch/said")" | tee -a "$scratch/left_out" >&2
done
version() { "$1" --version | head -1; }
echo "$(version "$old") against $(version "$new"), medians of $rounds, $share of each duration, $(nproc) cores"
echo
table <"$scratch/rows"
test ! -s "$scratch/left_out" || { echo; cat "$scratch/left_out"; }
