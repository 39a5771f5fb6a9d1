# Everything a newcomer needs. Demo, tests and CI share one debug build in .build.

SWIFT ?= swift
# The walls between the parts are checked with every build.
BUILD_FLAGS = --explicit-target-dependency-import-check error
prefix ?= /usr/local
KILLS ?= 200
sources = Sources Tests Benchmarks Package.swift
# They have servers in their own process, which all tests at once would leave no time to answer.
server_tests = ^(SkepForgeTests|SkepTrackersTests)\.

.DEFAULT_GOAL := help

help: ## Show this help
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## Install the libraries that are missing (Debian: apt; elsewhere it says what to do)
	@sh Scripts/setup

build: setup ## Build everything, debug
	$(SWIFT) build $(BUILD_FLAGS)

demo: build ## Run five issues through the whole way, on this machine alone
	@.build/debug/skep demo $(DEMO_FLAGS)

test: setup setup-peers ## Run all tests
	$(SWIFT) build --build-tests $(BUILD_FLAGS)
ifdef TEST_FLAGS
	@Scripts/run-tests $(TEST_FLAGS)
else
	@Scripts/run-tests --skip '$(server_tests)'
	@Scripts/run-tests --filter '$(server_tests)'
	@SKEP_EXAMPLE_SCRATCH=$(CURDIR)/.build-example examples/queue/run
endif

setup-peers: ## Install the agents that the tests work with, into .build-peers
	@sh Scripts/setup-peers

test-agents: build setup-peers ## Try the agents that PyPI has, each through "skep agent test" (Python 3.12)
	@Scripts/test-agents $(AGENTS)

kill-and-resume: build setup-peers ## Kill worker and host in the middle of an agent's work, and see it go on
	@Scripts/kill-and-resume

probe-sandbox: build ## Show what each level of the sandbox lets a program get at
	@Scripts/probe-sandbox

lint: ## Check the format and a few rules of style
	@sh Scripts/lint $(sources)
	@python3 Scripts/check-docs

format: ## Format the sources
	@$(SWIFT) format --configuration .swift-format -i -r $(sources)

golden: setup ## Write the golden files anew, to be reviewed
	SKEP_GOLDEN=write $(SWIFT) test $(BUILD_FLAGS) --filter Golden

docs: ## Check that commands and links in the documents are there
	@python3 Scripts/check-docs

bench: setup ## Measure speed and memory, release build (takes a while)
	$(SWIFT) build -c release $(BUILD_FLAGS)
	@python3 Benchmarks/bench.py --programs .build/release

bench-sessions: setup ## Measure agents' sessions, release build: 200 at once, 500 MB of events
	$(SWIFT) build -c release $(BUILD_FLAGS) --product agent-bench
	$(SWIFT) build -c release $(BUILD_FLAGS) --product skep-host
	@python3 Benchmarks/sessions.py --programs .build/release $(BENCH_FLAGS)

bench-queue: setup ## Measure the queue beside Huey, release build (takes a quarter of an hour)
	$(SWIFT) build -c release $(BUILD_FLAGS) --product queue-bench
	@Scripts/setup-huey
	@python3 Benchmarks/queueing.py --programs .build/release $(BENCH_FLAGS)

soak: setup ## Kill what uses the queue two hundred times, and look that nothing is lost
	SKEP_SOAK_KILLS=$(KILLS) $(SWIFT) test $(BUILD_FLAGS) --filter SkepQueueSQLiteTests.Crash

example-queue: ## Build and run the package that depends only on the queue
	@SKEP_EXAMPLE_SCRATCH=$(CURDIR)/.build-example examples/queue/run

install: setup ## Build for release and install skep and skep-host under $(prefix)
	$(SWIFT) build -c release $(BUILD_FLAGS) --product skep
	$(SWIFT) build -c release $(BUILD_FLAGS) --product skep-host
	install -d $(DESTDIR)$(prefix)/bin
	install -m 755 .build/release/skep .build/release/skep-host $(DESTDIR)$(prefix)/bin

.PHONY: help setup build demo test test-agents probe-sandbox setup-peers lint format golden docs bench bench-queue bench-sessions soak \
	example-queue install
