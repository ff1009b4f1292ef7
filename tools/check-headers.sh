#!/usr/bin/env bash
#
# Compiles every header of src/ alone, as C and as C++: a header that needs another
# one included before it fails here. *_body.h are pieces of a .c file, not headers.
set -euo pipefail
cd "$(dirname "$0")/.."

warnings=(-Wall -Wextra -Wpedantic -Wundef -Werror -fmax-errors=1)
failed=0
for header in src/*/*.h; do
    case $header in
    *_body.h) continue ;;
    esac
    line="#include \"${header#src/}\""
    for language in 'c gnu17' 'c++ gnu++17'; do
        read -r name standard <<<"$language"
        # g++ for both would do, but C must be checked by the compiler that builds it.
        compiler=gcc
        [ "$name" = c ] || compiler=g++
        if ! "$compiler" -x "$name" -std="$standard" -D_GNU_SOURCE -Isrc "${warnings[@]}" \
            -fsyntax-only - <<<"$line"; then
            echo "$header does not compile alone as $name" >&2
            failed=1
        fi
    done
done
exit $failed
