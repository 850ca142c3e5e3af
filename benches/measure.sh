#!/usr/bin/env bash
# The figures of docs/performance.md in one go, on a quiet machine:
#
#     cargo build --release
#     benches/measure.sh | tee measured.md
#     benches/measure.sh speed memory                   # some parts only
#     BASE=path/to/an/older/herdlab benches/measure.sh speed
#
# Parts: speed parallel startup growth memory size; `build` (a clean release build) only if it is named. Speeds are
# minimum / median / maximum over ROUNDS (five by default) runs taken in turn, in millions of simulated requests per
# second of the loop, warm-up included, as every run reports them; memory is the peak that is resident. SHORT=1 cuts
# the runs to a tenth, to see that the script works. What takes longer is left out; 10^9 requests are
#
#     herdlab run benches/reference.toml --threads 1 --duration 10000s --set window=10s
set -euo pipefail
cd "$(dirname "$0")/.."

herdlab=${HERDLAB:-target/release/herdlab}
rounds=${ROUNDS:-5}
short=${SHORT:+yes}
test -x "$herdlab" || { echo "no $herdlab: cargo build --release" >&2; exit 2; }
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# Seconds of simulated time, a tenth of it if in a hurry.
seconds() { echo "$((${short:+1 +} $1 ${short:+/ 10}))s"; }

# A field of the last run's timings.
field() { sed -n "s/.*\"$1\": *\([0-9.eE+-]*\).*/\1/p" "$scratch/out/timings.json"; }

# One run: million requests per second, peak MB, seconds in loops, seconds of the clock, seconds for tables.
once() {
    local binary=$1
    shift
    "$binary" run "$@" --quiet --out "$scratch/out"
    awk -v rate="$(field requests_per_second_per_core)" -v rss="$(field peak_rss_bytes)" -v loop="$(field loop_s)" \
        -v wall="$(field wall_s)" -v tables="$(field tables_s)" \
        'BEGIN { printf "%.3f %.0f %.3f %.3f %.3f\n", rate / 1e6, rss / 1e6, loop, wall, tables }'
}

# Minimum, median and maximum of a column of numbers.
spread() { sort -n | awk '{ value[NR] = $1 } END { print value[1] " / " value[int((NR + 1) / 2)] " / " value[NR] }'; }

row() { local IFS='|'; echo "| $* |" | sed 's/|/ | /g; s/^ *| */| /; s/ *| *$/ |/; s/  */ /g'; }
heading() { printf '\n## %s\n\n' "$1"; shift; row "$@"; row "${@//*/---}"; }

speed() {
    heading "Speed (million requests/s, min / median / max; MB)" scenario "this binary" "peak memory" ${BASE:+"the other binary"}
    for scenario in reference ttl-only saturated general; do
        local file=benches/$scenario.toml length=60
        case $scenario in reference | ttl-only) length=260 ;; esac
        : >"$scratch/this" && : >"$scratch/base"
        for ((round = 0; round < rounds; round++)); do
            once "$herdlab" "$file" --threads 1 --duration "$(seconds "$length")" >>"$scratch/this"
            test -z "${BASE:-}" || once "$BASE" "$file" --threads 1 --duration "$(seconds "$length")" >>"$scratch/base"
        done
        row "$scenario" "$(cut -d' ' -f1 "$scratch/this" | spread)" "$(tail -1 "$scratch/this" | cut -d' ' -f2)" \
            ${BASE:+"$(cut -d' ' -f1 "$scratch/base" | spread)"}
    done
}

parallel() {
    heading "Two cores (min / median / max of the rounds)" case "one thread, s" "two threads, s" "speed-up" "cores kept busy by two"
    # The same cells in one case; in the other one variant takes twenty times as long as its neighbour.
    uneven() { cat <<'TOML'
name = "uneven"
question = "Does a long cell starve the others?"
duration = "20s"
replications = 6
[workload]
arrivals = { poisson = { rate = 5_000 } }
keys = 100_000
popularity = { zipf = { exponent = 1.0 } }
[[tier]]
name = "cache"
scope = "shared"
capacity = 10_000
eviction = "lru"
ttl = "60s"
network = "500us"
service = "1us"
[database]
servers = 5_000
read = { exponential = { mean = "20ms" } }
[[variant]]
name = "short"
[[variant]]
name = "long"
set = { "workload.arrivals" = { poisson = { rate = 100_000 } } }
TOML
    }
    uneven >"$scratch/uneven.toml"
    for case in even uneven; do
        local arguments=(benches/reference.toml --replications 8 --duration "$(seconds 20)")
        test $case = even || arguments=("$scratch/uneven.toml" --duration "$(seconds 20)")
        for file in one two ratio busy; do : >"$scratch/$file"; done
        for ((round = 0; round < rounds; round++)); do
            read -r _ _ _ one _ < <(once "$herdlab" "${arguments[@]}" --threads 1)
            read -r _ _ loop two _ < <(once "$herdlab" "${arguments[@]}" --threads 2)
            echo "$one" >>"$scratch/one"
            echo "$two" >>"$scratch/two"
            awk "BEGIN { printf \"%.2f\n\", $one / $two }" >>"$scratch/ratio"
            awk "BEGIN { printf \"%.2f\n\", $loop / $two }" >>"$scratch/busy"
        done
        row "$case cells" "$(spread <"$scratch/one")" "$(spread <"$scratch/two")" "$(spread <"$scratch/ratio")" \
            "$(spread <"$scratch/busy")"
    done
}

startup() {
    heading "Start-up" what figure
    for ((round = 0; round < rounds * 4; round++)); do
        local started=${EPOCHREALTIME/./}
        "$herdlab" check scenarios/stampede.toml >/dev/null
        echo "$(((${EPOCHREALTIME/./} - started) / 100))" | awk '{ print $1 / 10 }'
    done >"$scratch/check"
    row "\`herdlab check scenarios/stampede.toml\`, ms" "$(spread <"$scratch/check")"
    for keys in 1_000_000 10_000_000 100_000_000; do
        read -r _ _ _ _ tables < <(once "$herdlab" benches/ttl-only.toml --threads 1 --duration 1s --set "workload.keys=$keys")
        row "tables for Zipf 1.0 over $keys keys, s" "$tables"
    done
}

# One row of the table of growth: what, which value, arguments.
grow() {
    local what=$1 value=$2
    shift 2
    read -r rate rss loop _ _ < <(once "$herdlab" "$@" --threads 1)
    row "$what" "$value" "$rate" "$loop" "$rss"
}

growth() {
    local reference=benches/reference.toml minute
    minute=$(seconds 60)
    heading "Growth (single runs of the reference scenario, 60 s unless said)" what value "million requests/s" "s in loops" "peak MB"
    for length in 15 60 240 960; do grow "simulated time, s" $length $reference --duration "$(seconds $length)"; done
    for keys in 1_000_000 10_000_000 100_000_000; do grow "keys" $keys $reference --duration "$minute" --set workload.keys=$keys; done
    for count in 1 4 16 64 250 1000; do grow "instances" $count $reference --duration "$minute" --set clients.instances=$count; done
    grow "tiers" "none (servers unlimited)" $reference --duration "$minute" --set tier.l1.enabled=false --set tier.l2.enabled=false \
        --set database.servers=unlimited
    grow "tiers" "l2" $reference --duration "$minute" --set tier.l1.enabled=false --set database.servers=unlimited
    grow "tiers" "l1 and l2" $reference --duration "$minute"
    for window in 100ms 1s 10s 60s; do grow "window" $window $reference --duration "$minute" --set "window=$window"; done
    for count in 1 4 16; do grow "replications of 5 s" $count $reference --duration "$(seconds 5)" --replications $count; done
    for count in 1 2 4; do
        { cat $reference; for ((variant = 0; variant < count; variant++)); do
            printf '[[variant]]\nname = "v%s"\n' "$variant"
            test $variant = 0 || printf 'set = { "tier.l2.ttl" = "%ss" }\n' "$((60 + variant))"
        done; } >"$scratch/variants.toml"
        grow "variants of 5 s" $count "$scratch/variants.toml" --duration "$(seconds 5)"
    done
}

memory() {
    heading "Memory (TTL-only and LRU, peak)" case "peak MB" "bytes per key or entry over the one before"
    local before_mb=0 before=0
    for keys in 1_000_000 10_000_000 100_000_000; do
        read -r _ rss _ _ _ < <(once "$herdlab" benches/ttl-only.toml --threads 1 --duration "$(seconds 60)" \
            --set "workload.keys=$keys" --set 'workload.popularity="uniform"' --set database.servers=unlimited)
        row "unbounded tier, $keys keys" "$rss" "$(awk "BEGIN { print int(($rss - $before_mb) * 1e6 / (${keys//_/} - $before) + 0.5) }")"
        before_mb=$rss before=${keys//_/}
    done
    before_mb=0 before=0
    for entries in 100_000 1_000_000 4_000_000; do
        # Prefilled, so that every entry is there.
        read -r _ rss _ _ _ < <(once "$herdlab" benches/ttl-only.toml --threads 1 --duration "$(seconds 20)" \
            --set workload.keys=40_000_000 --set "tier.l2.capacity=$entries" --set 'tier.l2.eviction="lru"' --set 'tier.l2.ttl="1h"' \
            --set 'tier.l2.prefill={ hottest = "all" }' --set database.servers=unlimited)
        # Of the first, most is what filling it beforehand takes: all keys by their popularity.
        row "LRU of $entries entries, 40 M keys" "$rss" "$(test $before = 0 && echo "" ||
            awk "BEGIN { print int(($rss - $before_mb) * 1e6 / (${entries//_/} - $before) + 0.5) }")"
        before_mb=$rss before=${entries//_/}
    done
}

size() {
    heading "Binary" what kB
    row "file" "$(($(stat -c %s "$herdlab") / 1000))"
    # Code by the crate of its symbol, as `cargo bloat --crates` does.
    nm -S -t d --defined-only -C "$herdlab" 2>/dev/null | awk '$3 ~ /[tT]/ {
        name = $4; gsub(/[<&*]|^_/, "", name); sub(/::.*/, "", name); if (name !~ /^[a-z0-9_]+$/) name = "other"
        size[name] += $2
    } END { for (name in size) if (size[name] > 30000) printf "%d %s\n", size[name] / 1000, name }' |
        sort -rn | head -25 | while read -r kb name; do row "code of \`$name\`" "$kb"; done
}

build() {
    heading "Clean release build" what s
    local started=$SECONDS
    CARGO_TARGET_DIR=$scratch/target cargo build --release --timings >/dev/null 2>&1
    row "\`cargo build --release\`, $(nproc) cores" "$((SECONDS - started))"
    ls "$scratch"/target/cargo-timings/*.html >/dev/null && cp "$scratch"/target/cargo-timings/cargo-timing.html target/
    echo "what each crate takes: target/cargo-timing.html" >&2
}

parts=("$@")
test $# -gt 0 || parts=(speed parallel startup growth memory size)
echo "# $("$herdlab" --version) on $(nproc) cores, $(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -1)"
for part in "${parts[@]}"; do
    case $part in
        speed | parallel | startup | growth | memory | size | build) $part ;;
        *) echo "no such part: $part" >&2; exit 2 ;;
    esac
done
