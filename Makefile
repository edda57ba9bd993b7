# Thin on purpose: each target is a few lines, and what it runs can be run without it.
.PHONY: help install demo test test-long test-postgresql check mutants chaos fuzz fuzz-ocsp bench-ocsp bench-crl bench-keys bench-guessing bench-weight help-pages lock screenshots clean

PYTHON ?= python3
DIRECTORY ?= var/demo
CERTIFICATES ?=
PORT_BASE ?=
PART ?=
ROWS ?=
DOCS ?=
FUZZ_SECONDS ?= 300
SECONDS ?= 600
MODULES ?=
JOBS ?= 2

help: ## Say what there is.
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

install: ## Make .venv with the program in it.
	@requirements/install.sh "$(PYTHON)" runtime

demo: install ## Make a PKI to try the product on, and run every service until Ctrl-C.
	@.venv/bin/pki-revocation demo --directory $(DIRECTORY) $(if $(CERTIFICATES),--certificates $(CERTIFICATES)) $(if $(PORT_BASE),--port-base $(PORT_BASE))

test: ## Set up what tests need, and run them: all but what `make test-long` has.
	@requirements/install.sh "$(PYTHON)" test
	@requirements/programs.sh tests
	FUZZ_FACTOR=0.1 .venv/bin/pytest -n 2 --dist worksteal --durations 10 -m "not long"

test-long: ## What `make test` leaves out: PostgreSQL above the store, what repeats, and more random examples: PART=2/6 for a part.
	@requirements/install.sh "$(PYTHON)" test
	@requirements/programs.sh tests
	PART=$(PART) FUZZ_FACTOR=0.5 .venv/bin/pytest -n 2 --dist worksteal --durations 10 -m "long or hypothesis or campaign"

test-postgresql: ## The store's tests on PostgreSQL 16, four minutes: what only a newer one has is found there.
	@requirements/install.sh "$(PYTHON)" test
	POSTGRESQL=16 FUZZ_FACTOR=0.1 .venv/bin/pytest -n 2 --dist worksteal --durations 10 -m "store"

check: ## Format, lint, types and import rules.
	@requirements/install.sh "$(PYTHON)" test
	.venv/bin/ruff format --check
	.venv/bin/ruff check
	.venv/bin/mypy
	.venv/bin/lint-imports

mutants: ## Change the lines that must not be wrong, one at a time, and see whether a test notices: MODULES="service policy" for some.
	@requirements/install.sh "$(PYTHON)" test
	.venv/bin/python -m tests.mutation $(MODULES) --jobs $(JOBS)

chaos: ## Clients revoke, ask and fetch while everything fails in turn, ten minutes on each database: SECONDS=60 for less.
	@requirements/install.sh "$(PYTHON)" test
	.venv/bin/python -m tests.chaos --database sqlite --seconds $(SECONDS)
	.venv/bin/python -m tests.chaos --database postgresql --seconds $(SECONDS)

fuzz: ## The property tests, a hundred times harder: an hour or so.
	@requirements/install.sh "$(PYTHON)" test
	FUZZ_FACTOR=100 .venv/bin/pytest -n 2 --timeout 0 tests/ocsp_responder/answering/test_answerer.py tests/ocsp_responder/request/test_common_requests.py tests/pki_revocation/web/test_api_fuzz.py \
		tests/pki_revocation/encoding/test_der.py tests/pki_revocation/test_codes.py tests/pki_revocation/test_numbers.py tests/crl_publisher/entry_store/test_store.py \
		tests/crl_publisher/gate/test_expected_entries.py tests/crl_publisher/crl/test_differences.py tests/crl_publisher/crl/test_layout.py \
		tests/crl_publisher/entry_store/test_segments.py tests/crl_publisher/scheduling tests/crl_publisher/publishing/test_two_publishers.py \
		tests/pki_revocation/http_server/test_cuts.py tests/keys/pkcs11/test_outages.py tests/fuzzing

fuzz-ocsp: ## Coverage-guided fuzzing of the OCSP responder, for FUZZ_SECONDS=300.
	@requirements/install.sh "$(PYTHON)" fuzz
	.venv/bin/python -m tests.fuzzing.ocsp_target -max_total_time=$(FUZZ_SECONDS) -print_final_stats=1

bench-ocsp: ## How fast OCSP answers, beside nginx and others: ROWS="nonce start" for some, DOCS=docs/benchmarks.md to write it down.
	@requirements/install.sh "$(PYTHON)" test
	@requirements/programs.sh benchmarks
	.venv/bin/python -m benchmarks.ocsp $(ROWS) --json var/bench/ocsp.json $(if $(DOCS),--docs $(DOCS))

bench-crl: ## What CRLs of a million entries cost, beside openssl: ROWS="build latency" for some, DOCS=docs/benchmarks.md to write it down.
	@requirements/install.sh "$(PYTHON)" test
	.venv/bin/python -m benchmarks.crl $(ROWS) --json var/bench/crl.json $(if $(DOCS),--docs $(DOCS))

bench-keys: ## Signatures per second by key type, from a file and from SoftHSM: DOCS=docs/benchmarks.md to write it down.
	@requirements/install.sh "$(PYTHON)" test
	@requirements/programs.sh benchmarks
	.venv/bin/python -m benchmarks.keys $(if $(DOCS),--docs $(DOCS))

bench-guessing: ## Whether the time of an answer tells that a number exists, and how long right codes take in a flood of wrong ones.
	@requirements/install.sh "$(PYTHON)" test
	.venv/bin/python -m benchmarks.guessing.timing
	.venv/bin/python -m benchmarks.guessing.flood

bench-weight: ## Memory, processes and start of every service, CPU of --help, and size on disk: DOCS=docs/benchmarks.md to write it down.
	@requirements/install.sh "$(PYTHON)" test
	.venv/bin/python -m benchmarks.weight $(ROWS) --rounds 3 --json var/bench/weight.json $(if $(DOCS),--docs $(DOCS))

help-pages: ## Write the pages that --help prints anew, after a change of a command's options or words.
	@requirements/install.sh "$(PYTHON)" test
	.venv/bin/python -m tests.help_pages

lock: ## Write the lock files anew, with the newest versions that pyproject.toml allows.
	@requirements/lock.sh "$(PYTHON)"

screenshots: ## Pictures of every page, into docs/screenshots.
	@requirements/install.sh "$(PYTHON)" test
	.venv/bin/python -m tests.screenshots docs/screenshots

clean: ## Remove what was made here, apart from a demo's data.
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis dist
