# Everything one does with Apus. `make` alone lists it.
# Options: ARGS for the runner (make run ARGS="--port 8009"), PYTEST for the fleet tests.

export PATH := $(PATH):/opt/swift/usr/bin:$(HOME)/.local/share/swiftly/bin

RUN := python3 deploy/local/run.py
VENV := .build/venv
# One process for each: what computes for long in one must not stall another's sockets.
UNIT_TESTS := $(filter-out FleetTests,$(notdir $(wildcard Tests/*Tests)))
# systemd-analyze checks the units, which name procps's kill.
TEST_PACKAGES := python3-venv systemd procps
FLEET_TESTS := $(VENV)/bin/pytest Tests/FleetTests
SOURCES := Sources Tests Package.swift
SCRIPTS := deploy/local Tests/FleetTests Tests/Benchmarks Tests/Fuzz Tests/SpecRules
# The compiler keeps macro expansions in a folder of TMPDIR that it closes to other users; where
# another user's build was first, it would write them beside Package.swift.
EXPANSIONS := $(CURDIR)/.build/tmp
SUDO := $(if $(filter 0,$(shell id -u)),,sudo)
# How long `make fleet` injects faults, in seconds.
APUS_FAULT_SECONDS ?= 600
# Or `address`; for `make sanitize`.
SANITIZER ?= thread
SANITIZED := --sanitize=$(SANITIZER) --scratch-path .build/$(SANITIZER)
# Optimised, and yet open to tests.
OPTIMISED := -c release -Xswiftc -enable-testing --scratch-path .build/optimised
export TSAN_OPTIONS ?= suppressions=$(CURDIR)/Tests/thread-sanitizer.txt
CONCURRENT_TESTS := ExecutorsTests TelemetryTests PostgresTests RedisTests HTTPTests StreamsTests \
  ReplicationAPITests AccountsTests RoomsTests SyncTests PushRulesTests DeviceKeysTests EphemeraTests \
  TaskSchedulerTests BackgroundUpdatesTests DelayedEventsTests DeviceMessagesTests RoomRemovalTests
# A load harness that reads target.json, for `make bench`.
LOAD ?= ../shared/load
BENCH_DATA := .build/bench
BENCH_PORT := 18100
APUSCTL := .build/debug/apusctl
SAMPLES := .build/samples

.PHONY: help run test lint format benchmark bench fleet fuzz sanitize long samples clean python packages
.DEFAULT_GOAL := help

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: python ## Build and run a whole server on this machine; Ctrl-C stops it
	@$(RUN) $(ARGS)

test: packages $(VENV)/installed ## Unit tests, then whole fleets: clients, bad input, faults
	@mkdir -p $(EXPANSIONS)
	TMPDIR=$(EXPANSIONS) swift build --build-tests
	@for target in $(UNIT_TESTS); do \
	  echo "== $$target"; swift test --skip-build --filter "^$$target\\." || exit 1; done
	$(FLEET_TESTS) --programs .build/debug $(PYTEST)

lint: ## Check format and style
	swift format lint --strict -r -p $(SOURCES)
	PYTHONPYCACHEPREFIX=.build/python python3 -m compileall -q $(SCRIPTS)
	bash -n .ci/run

format: ## Format the Swift sources in place
	swift format -i -r -p $(SOURCES)

benchmark: packages ## Instructions and time of the room law beside the recorded table
	@$(RUN) install valgrind
	swift build -c release --product Benchmarks
	python3 Tests/Benchmarks/measure.py

bench: packages benchmark ## Measure a release build: CPU, memory, latency; LOAD names the harness
	@test -f $(LOAD)/load.py || { echo "no load.py in $(LOAD): make bench LOAD=FOLDER"; exit 1; }
	@$(RUN) install wrk
	$(RUN) run --detach --data $(BENCH_DATA) --port $(BENCH_PORT) --log-level WARNING \
	  --bcrypt-rounds 4
	trap '$(RUN) stop --data $(BENCH_DATA)' EXIT; \
	  python3 $(LOAD)/load.py run $(ARGS) --out $(BENCH_DATA)/results.json \
	    --target apus=http://127.0.0.1:$(BENCH_PORT)=$(BENCH_DATA)/target.json && \
	  python3 $(LOAD)/load.py table $(BENCH_DATA)/results.json

fleet: packages $(VENV)/installed ## The fleet tests on a release build, with many minutes of faults
	swift build -c release
	APUS_FAULT_SECONDS=$(APUS_FAULT_SECONDS) APUS_FUZZ_COUNT=100 APUS_PUNCTUAL=1 \
	  $(FLEET_TESTS) --programs .build/release $(PYTEST)

fuzz: packages ## Fuzz JSON, events and ids under the address sanitizer, APUS_FUZZ_SECONDS each
	python3 Tests/Fuzz/run.py

sanitize: packages ## What runs concurrently, under SANITIZER (thread)
	swift build --build-tests $(SANITIZED)
	@for target in $(CONCURRENT_TESTS); do \
	  echo "== $$target"; \
	  swift test --skip-build $(SANITIZED) --filter "^$$target\\." || exit 1; done

long: fuzz sanitize ## The long proofs: fuzzing, sanitizers, 100,000 random rooms, measurements
	nice swift build --build-tests $(OPTIMISED)
	APUS_LONG_TESTS=1 nice swift test --skip-build $(OPTIMISED) --filter '^StateResolutionTests\.'
	APUS_MEASURE=1 nice swift test --skip-build $(OPTIMISED) --no-parallel --filter Measurement

samples: ## Make deploy/nginx and deploy/systemd again, after a change of routes or workers
	swift build --product apusctl
	rm -rf $(SAMPLES)
	$(APUSCTL) config generate --server-name example.org --data-dir $(SAMPLES) --with-workers
	$(APUSCTL) nginx -c $(SAMPLES)/homeserver.yaml -c workers/shared.yaml -w workers \
	  > $(SAMPLES)/nginx.conf
	mv $(SAMPLES)/nginx.conf deploy/nginx/apus.conf
	$(APUSCTL) systemd --output deploy/systemd

clean: ## Remove what was built; the data folders stay
	rm -rf $(VENV)
	swift package clean

python:
	@command -v python3 >/dev/null || $(SUDO) apt-get install -y python3

packages: python
	@$(RUN) install $(TEST_PACKAGES)

$(VENV)/installed: Tests/FleetTests/requirements.txt | packages
	python3 -m venv --clear $(VENV)
	$(VENV)/bin/pip install --quiet --requirement $<
	@touch $@
