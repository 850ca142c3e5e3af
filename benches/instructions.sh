#!/usr/bin/env bash
# Instructions per simulated request, counted by callgrind: steady on busy machines. Compares them with the budget in
# benches/instructions.budget and fails where one is more than 3 % above it; `--write` sets the budget anew. HERDLAB_FEATURES="what-if,live" takes the build
# with these features.
set -euo pipefail
cd "$(dirname "$0")/.."

command -v valgrind >/dev/null || { echo "valgrind is needed (Debian: apt-get install valgrind)" >&2; exit 2; }
bench=$(cargo bench --bench instructions ${HERDLAB_FEATURES:+--features "$HERDLAB_FEATURES"} --no-run 2>&1 | tee -a /dev/stderr | sed -n 's/.*Executable.*(\(.*\))/\1/p')
budget=benches/instructions.budget
counts=$(mktemp)
trap 'rm -f "$counts"' EXIT

# Name, file, simulated time, variant.
cases=(
    "reference|benches/reference.toml|6s|"
    "ttl-only|benches/ttl-only.toml|6s|"
    "saturated|benches/saturated.toml|20s|"
    "general|benches/general.toml|6s|"
    "stampede-singleflight|scenarios/stampede.toml|10s|singleflight"
    "leases|scenarios/leases.toml|1s|leases"
    "write-back|scenarios/write-strategies.toml|20s|write-back"
    "sentinels|scenarios/negative-cache-attack.toml|30s|sentinels 30s"
    "multi-get|scenarios/multi-get.toml|20s|MGET, 16 nodes"
)
for case in "${cases[@]}"; do
    IFS='|' read -r name file duration variant <<<"$case"
    output=$(valgrind --tool=callgrind --callgrind-out-file=/dev/null --toggle-collect='*loop_alone*' \
        "$bench" "$file" "$duration" ${variant:+"$variant"} 2>&1)
    requests=$(sed -n 's/^\([0-9]*\) requests.*/\1/p' <<<"$output")
    instructions=$(sed -n 's/.*Collected : \([0-9]*\).*/\1/p' <<<"$output")
    echo "$name $((instructions / requests))" | tee -a "$counts"
done

if [ "${1:-}" = --write ]; then
    cp "$counts" "$budget"
    exit
fi
while read -r name allowed; do
    counted=$(sed -n "s/^$name //p" "$counts")
    if [ "$((counted * 100))" -gt "$((allowed * 103))" ]; then
        echo "$name: $counted instructions per request, the budget is $allowed" >&2
        exit 1
    fi
done <"$budget"
