# The only entry points; continuous integration calls the same ones. `make` lists them.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

CARGO ?= cargo
PYTHON ?= python3
POSTGRES := tests/scripts/postgres
# Where the database of `run`, `demo` and `demo-crash` is; without it they use a SQLite file under target/.
DATABASE_URL ?=
# Folder with the official schemas of pagoPA: wsdl/ and xsd-common/. `off`: go on without them.
PAGOPA_SCHEMAS ?= $(if $(wildcard ../shared/pagopa/wsdl),../shared/pagopa)
# Folder with the official schema of flows of orders, as fixtures/opi/README.md says; without it, that folder's own.
OPI_SCHEMAS ?=
# Folder with contract_check.py, the demands on the published contract. `off`: go on without them.
CHECKS ?= $(if $(wildcard ../shared/checks/contract_check.py),../shared/checks)
# Further arguments of the tests: `make test ARGS=receipts`.
ARGS ?=
VENV := target/venv
PROFILE := $(if $(CI),--profile ci)

.PHONY: help
help: ## this list
	@grep -hE '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | while IFS=$$'\t' read -r name text; do printf '  %-15s %s\n' "$$name" "$$text"; done

.PHONY: setup
setup: ## check what the other targets need, install what can be installed, name the rest
	@tests/scripts/setup

.PHONY: check
check: ## formatting, lints and documentation, cheapest first
	$(CARGO) fmt --check
	$(CARGO) clippy --all-targets --locked -- -D warnings
	RUSTDOCFLAGS='-D warnings' $(CARGO) doc --no-deps --document-private-items --locked --quiet

.PHONY: test
test: ## every test on SQLite and on a throw-away PostgreSQL
	@$(POSTGRES) tests/scripts/tests $(PROFILE) $(ARGS)

.PHONY: test-sqlite
test-sqlite: ## every test on SQLite alone
	@TEST_POSTGRES=off tests/scripts/tests $(PROFILE) $(ARGS)

.PHONY: unit
unit: ## the tests beside the code, no database server
	@TEST_POSTGRES=off tests/scripts/tests --lib --bins $(ARGS)

.PHONY: properties
properties: ## the laws of the domain, 10,000 cases each, and of whole towns, 150 (nightly; `make unit` runs 256 and 5)
	@PROPTEST_CASES=$${PROPTEST_CASES:-10000} TEST_POSTGRES=off tests/scripts/tests --profile nightly --lib domain:: app::reconciliation::tests:: $(ARGS)

.PHONY: bench
bench: ## price a million waste-tax positions in memory; prints positions a second on one core
	@$(CARGO) bench --quiet --locked --bench tari

.PHONY: bench-settlement
bench-settlement: ## a flow of 100,000 rows against 1,000,000 notices; seconds, ratios, memory (DATABASE_URL, else both)
	@DATABASE_URL='$(DATABASE_URL)' CARGO='$(CARGO)' tests/scripts/bench settlement

.PHONY: load
load: ## 200 verifies and 50 receipts a second for a minute; percentiles of the answers (DATABASE_URL, else both)
	@DATABASE_URL='$(DATABASE_URL)' CARGO='$(CARGO)' tests/scripts/bench node_load

.PHONY: fuzz
fuzz: ## fuzz what strangers write, FUZZ_SECONDS=600 for each target (ARGS=target; FUZZ_KEEP=yes renews the corpus)
	@CARGO='$(CARGO)' tests/scripts/fuzz $(ARGS)

.PHONY: e2e
e2e: ## both programs, for real, with each other over the wire, on both databases
	@$(POSTGRES) tests/scripts/tests $(PROFILE) --test e2e $(ARGS)

.PHONY: conformance
conformance: ## validate every message against the official schemas (PAGOPA_SCHEMAS=folder)
	@PAGOPA_SCHEMAS='$(PAGOPA_SCHEMAS)' OPI_SCHEMAS='$(abspath $(OPI_SCHEMAS))' tests/scripts/conformance

.PHONY: contract
contract: ## the committed contract is the served one, and meets the demands of CHECKS=folder
	@CHECKS='$(CHECKS)' PYTHON='$(PYTHON)' VENV='$(VENV)' tests/scripts/contract

.PHONY: schemathesis
schemathesis: ## throw generated requests at the running engine, the same ones each time
	@PYTHON='$(PYTHON)' VENV='$(VENV)' tests/scripts/schemathesis

.PHONY: demo
demo: ## a simulated year of a town, from charge to reconciled cent; results in ./out (again: resumes)
	@$(CARGO) build --release --locked --bins
	@target/release/avviso demo --out out $(if $(DATABASE_URL),--database-url '$(DATABASE_URL)') $(ARGS)

.PHONY: demo-crash
demo-crash: ## the same year with the engine killed five times: the same summary
	@$(CARGO) build --release --locked --bins
	@DATABASE_URL='$(DATABASE_URL)' tests/scripts/demo-crash $(ARGS)

.PHONY: run
run: ## both programs for a person to play with: a SQLite file, a town, keys, a gateway that pays
	@DATABASE_URL='$(or $(DATABASE_URL),sqlite:target/avviso.sqlite)' CARGO='$(CARGO)' tests/scripts/run

.PHONY: openapi
openapi: ## write the contracts of both programs and the catalogue of problems to openapi/
	@mkdir -p openapi
	$(CARGO) run --quiet --bin avviso -- openapi > openapi/avviso.json.new
	mv openapi/avviso.json.new openapi/avviso.json
	$(CARGO) run --quiet --bin mockpsp -- openapi > openapi/mockpsp.json.new
	mv openapi/mockpsp.json.new openapi/mockpsp.json

.PHONY: states
states: ## write the life of a notice to docs/states.md
	@{ printf '# The life of a notice\n\nPrinted by `avviso states` from the transition table; a test compares them.\n\n```mermaid\n'; \
	  $(CARGO) run --quiet --bin avviso -- states; printf '```\n'; } > docs/states.md.new
	@mv docs/states.md.new docs/states.md

.PHONY: ci
ci: check conformance contract test schemathesis ## what continuous integration runs
	@tests/scripts/unchanged

.PHONY: clean
clean: ## remove what was built
	$(CARGO) clean
