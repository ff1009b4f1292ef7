#!/usr/bin/env bash
#
#     tools/fuzz.sh FOLDER SECONDS [TARGET]
#
# Runs every libFuzzer target of FOLDER (or TARGET alone) for SECONDS each. What it
# learns stays in FOLDER/corpus/<target>; a crash goes to FOLDER/crash/<target>, from
# where, once understood, it moves to tests/fuzz/regress/<target>. FUZZ_SEED makes two runs
# try the same (0, the default: another each time).
set -euo pipefail
cd "$(dirname "$0")/.."

folder=$1
seconds=$2
only=${3:-}
ran=0

for source in tests/fuzz/fuzz_*.c; do
    target=$(basename "$source" .c)
    if [ -n "$only" ] && [ "$only" != "$target" ]; then
        continue
    fi
    corpus=$folder/corpus/$target
    crash=$folder/crash/$target
    mkdir -p "$corpus" "$crash"
    inputs=("$corpus")
    for given in tests/fuzz/{regress,seeds}/"$target"; do
        if [ -d "$given" ]; then
            inputs+=("$given")
        fi
    done
    options=(-max_total_time="$seconds" -seed="${FUZZ_SEED:-0}" -timeout=20 -rss_limit_mb=2048 -print_final_stats=1
        -verbosity=0 -artifact_prefix="$crash/")
    if [ -f "tests/fuzz/$target.dict" ]; then
        options+=(-dict="tests/fuzz/$target.dict")
    fi
    echo "$target: $seconds s"
    "$folder/$target" "${options[@]}" "${inputs[@]}"
    ran=$((ran + 1))
done
if [ $ran -eq 0 ]; then
    echo "no fuzz target ${only:-in tests/fuzz}" >&2
    exit 2
fi
