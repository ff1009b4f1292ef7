# The front door; CMake and Ninja do the work. Folders: the program is build/assay,
# every other preset has build/<preset>.
#
#   make                the program and its tests, built
#   make run            what is missing installed, the program built and run on an example
#   make run REPORT=p   ... and run on your own report
#   make test           every test
#   make asan           every test under the address and undefined-behaviour sanitizers
#   make tsan           every test under the thread sanitizer
#   make clang          built with clang
#   make fuzz           every fuzz target for FUZZ_SECONDS (FUZZ=fuzz_json: that one)
#   make lint           formatting, clang-tidy, and the checks of lint-quick
#   make format-check   formatting alone
#   make lint-quick     style, layers and headers: seconds
#   make golden         the expected outputs rewritten; review the difference
#   make bench          the benchmarks, one JSON document each
#   make release        hardened, without assertions: build/release/assay
#   make deps           what is missing for all of the above, installed
#   make clean          build/ removed

REPORT       ?= examples/cape-report.json
FUZZ_SECONDS ?= 60
FUZZ         ?=
JOBS         ?= $(shell nproc)

# Real reports; the tests that want them are skipped where there are none.
export ASSAY_DATA ?= $(CURDIR)/../shared/data

.DEFAULT_GOAL := all
.PHONY: all run test asan tsan clang fuzz lint lint-quick golden bench release deps clean
.PHONY: needs-build needs-dev format-check

# Configures a preset once (Ninja configures again by itself when a list of files or a
# CMakeLists.txt changes) and builds it. $(1): preset, $(2): folder, $(3): more arguments.
define build
@test -f $(2)/build.ninja || cmake --preset $(1)
@cmake --build --preset $(1) $(3)
endef

needs-build:
	@tools/deps.sh build

needs-dev:
	@tools/deps.sh dev

all: needs-build
	$(call build,dev,build)

run: needs-build
	$(call build,dev,build,--target assay)
	build/assay analyze "$(REPORT)"

test: all
	ctest --preset dev -j $(JOBS)

asan: needs-build
	$(call build,asan,build/asan)
	ctest --preset asan -j $(JOBS)

tsan: needs-build
	$(call build,tsan,build/tsan)
	ctest --preset tsan -j $(JOBS)

clang: needs-dev
	$(call build,clang,build/clang)

fuzz: needs-dev
	$(call build,fuzz,build/fuzz)
	tools/fuzz.sh build/fuzz $(FUZZ_SECONDS) $(FUZZ)

lint-quick: needs-build
	tools/check-style.py
	tools/check-layers.py
	tools/check-headers.sh

format-check: needs-dev
	find src tests -name '*.[ch]' -exec clang-format --dry-run -Werror {} +

lint: lint-quick format-check clang
	run-clang-tidy -quiet -j $(JOBS) -p build/clang '/(src|tests)/'

golden: all
	ASSAY_GOLDEN=write ctest --preset dev -R golden

bench: needs-dev
	$(call build,release,build/release,--target bench)
	@set -e; for b in build/release/bench/bench_* tests/bench/*.sh tests/bench/*.py; do \
	    if test -x "$$b"; then ASSAY_BIN=$(CURDIR)/build/release/assay "$$b"; fi; \
	done

release: needs-build
	$(call build,release,build/release,--target assay)

deps:
	@tools/deps.sh dev

clean:
	rm -rf build
