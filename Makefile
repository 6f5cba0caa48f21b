# Everything one does with Apus. `make` alone lists it.
# Options: ARGS for the runner (make run ARGS="--port 8009"), PYTEST for the fleet tests.

export PATH := $(PATH):/opt/swift/usr/bin:$(HOME)/.local/share/swiftly/bin

RUN := python3 deploy/local/run.py
VENV := .build/venv
# One process for each: what computes for long in one must not stall another's sockets.
UNIT_TESTS := $(filter-out FleetTests,$(notdir $(wildcard Tests/*Tests)))
FLEET_TESTS := $(VENV)/bin/pytest Tests/FleetTests
SOURCES := Sources Tests Package.swift
SUDO := $(if $(filter 0,$(shell id -u)),,sudo)
# How long `make fleet` injects faults, in seconds.
APUS_FAULT_SECONDS ?= 600
# A load harness that reads target.json, for `make bench`.
LOAD ?= ../shared/load
BENCH_DATA := .build/bench
BENCH_PORT := 18100
APUSCTL := .build/debug/apusctl
SAMPLES := .build/samples

.PHONY: help run test lint format bench fleet samples clean python packages
.DEFAULT_GOAL := help

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: python ## Build and run a whole server on this machine; Ctrl-C stops it
	@$(RUN) $(ARGS)

test: packages $(VENV)/installed ## Unit tests, then whole fleets: clients, bad input, faults
	swift build --build-tests
	@for target in $(UNIT_TESTS); do \
	  echo "== $$target"; swift test --skip-build --filter "^$$target\\." || exit 1; done
	$(FLEET_TESTS) --programs .build/debug $(PYTEST)

lint: ## Check format and style
	swift format lint --strict -r -p $(SOURCES)
	python3 -m compileall -q deploy/local Tests/FleetTests
	bash -n .ci/run

format: ## Format the Swift sources in place
	swift format -i -r -p $(SOURCES)

bench: packages ## Measure CPU, memory and latency of a release build; LOAD names the harness
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
	APUS_FAULT_SECONDS=$(APUS_FAULT_SECONDS) APUS_FUZZ_COUNT=100 \
	  $(FLEET_TESTS) --programs .build/release $(PYTEST)

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
	@$(RUN) install python3-venv

$(VENV)/installed: Tests/FleetTests/requirements.txt | packages
	python3 -m venv --clear $(VENV)
	$(VENV)/bin/pip install --quiet --requirement $<
	@touch $@
