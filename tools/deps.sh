#!/usr/bin/env bash
#
# Installs the Debian packages that assay needs and that are missing. This is the
# only list of them.
#
#     tools/deps.sh [--check] [build|dev]
#
# build (the default) is enough for `make run`, `make test` and `make asan`; dev adds
# what clang, fuzz, lint and bench need. --check installs nothing: it lists what is
# missing and exits 1 if there is any.
set -euo pipefail

build_set=(
    cmake ninja-build gcc pkg-config python3
    g++             # one test compiles every header as C++
    zlib1g-dev libssl-dev libxxhash-dev libutf8proc-dev
    libarchive-dev  # reports in zip, tar and 7z
    libsqlite3-dev libzstd-dev # the store
    libhnswlib-dev  # the graph over many vectors
    libdnnl-dev     # oneDNN: the text encoders
    libcurl4-gnutls-dev # models from a hub, embeddings from a server
    sqlite3         # tests look at the store with another program
    libcmocka-dev   # the unit tests
    python3-jsonschema # the JSON that assay prints against docs/schema
    libyajl-dev     # the other JSON parser that tests and benchmarks compare with
)
dev_set=(
    clang clang-tidy clang-format
    libclang-rt-14-dev  # sanitizers and libFuzzer
    llvm                # llvm-symbolizer: names in the traces
    yajl-tools hyperfine # the benchmarks
)

check=no
set_name=build
for arg in "$@"; do
    case $arg in
    --check) check=yes ;;
    build | dev) set_name=$arg ;;
    *)
        echo "usage: tools/deps.sh [--check] [build|dev]" >&2
        exit 2
        ;;
    esac
done

wanted=("${build_set[@]}")
if [ "$set_name" = dev ]; then
    wanted+=("${dev_set[@]}")
fi

if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
    # Not Debian: the names still say what to look for, and the build may well work.
    echo "assay needs what Debian calls: ${wanted[*]}" >&2
    exit 0
fi

missing=()
for package in "${wanted[@]}"; do
    state=$(dpkg-query -W -f='${Status}' "$package" 2>/dev/null || true)
    [ "$state" = 'install ok installed' ] || missing+=("$package")
done
if [ ${#missing[@]} -eq 0 ]; then
    exit 0
fi

echo "assay needs: ${missing[*]}"
if [ "$check" = yes ]; then
    exit 1
fi

as_root=()
if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null; then
        echo "cannot install them: not root, and there is no sudo" >&2
        exit 4
    fi
    as_root=(sudo)
fi
echo "installing them with ${as_root[*]:+${as_root[*]} }apt-get"
apt=(env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 -q)
"${as_root[@]}" "${apt[@]}" update
"${as_root[@]}" "${apt[@]}" install -y --no-install-recommends "${missing[@]}"
