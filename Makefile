# Trunkline's tasks. `make help` lists them. Each sets up what it needs by itself: a virtual environment in .venv and
# the pinned requirements, again only when a requirements file changes. Works with GNU make 3.81, which macOS has.

VENV := .venv
BIN := $(VENV)/bin
CODE := portal reconciliation integrations
RUNTIME := $(VENV)/.runtime-installed
DEV := $(VENV)/.dev-installed

# Programs that only look at the code need settings, but no real ones.
LOOKING := SECRET_KEY=only-for-looking-at-the-code FIELD_KEYS=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA= INSECURE_HTTP=1
PLAIN_HTTP := INSECURE_HTTP=1

PORT ?= 8000
PYTEST_ARGS ?=
ATTACK_ARGS ?=
BENCH_ARGS ?=
DEMO_ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help demo clean-demo attack audit bandit test lint types check check-deploy bench bench-dedupe bench-audit bench-fleet bench-admin serve worker

help: ## List these tasks
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

# --- Run ------------------------------------------------------------------------------------------------------------

demo: $(RUNTIME) ## Start everything with a demo merchant and print where to log in; Ctrl-C stops it
	@exec $(BIN)/python -m integrations.demo $(DEMO_ARGS)

clean-demo: $(RUNTIME) ## Forget the demo's data (asks first)
	@exec $(BIN)/python -m integrations.demo --clean

serve: $(RUNTIME) ## The web server alone, for work on the code (PORT=8000)
	@$(BIN)/python -m integrations.demo.keys
	@$(PLAIN_HTTP) $(BIN)/python manage.py migrate --verbosity 0
	@$(PLAIN_HTTP) exec $(BIN)/python manage.py runserver 127.0.0.1:$(PORT)

worker: $(RUNTIME) ## The worker cluster alone
	@$(BIN)/python -m integrations.demo.keys
	@$(PLAIN_HTTP) $(BIN)/python manage.py migrate --verbosity 0
	@$(PLAIN_HTTP) exec $(BIN)/python manage.py worker

# --- Check ----------------------------------------------------------------------------------------------------------

# Bytecode is kept, wherever the machine says not to: the tests start many processes, and each would compile it all.
test: $(DEV) ## The whole test suite, on SQLite or on DATABASE_URL
	@case "$${DATABASE_URL-}" in \
	    "") echo "Testing on SQLite. DATABASE_URL=postgres://… runs the same suite on PostgreSQL." ;; \
	    *) echo "Testing on the database server that DATABASE_URL names." ;; \
	esac
	@if [ -z "$${SERVICETITAN_SPECS-}" ]; then \
	    echo "SKIPPED: the contract tests. They need SERVICETITAN_SPECS to name the folder of the published specs."; \
	fi
	@if ! $(BIN)/python -m tests.tooling.chromium >/dev/null; then \
	    echo "SKIPPED: the browser tests. They need Chromium (Debian: sudo apt install chromium)."; \
	fi
	PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest -n auto --dist loadfile --no-loadscope-reorder $(PYTEST_ARGS)

attack: $(DEV) ## The attacks alone, and how much they tried (ATTACK_FULL=1 for the numbers that are published)
	PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest -n auto --dist load -m attack $(ATTACK_ARGS)

audit: bandit ## Unsafe calls in our code (bandit), known holes in what we install (pip-audit)
	$(BIN)/python -m tests.tooling.advisories requirements.txt

bandit: $(DEV)
	$(BIN)/bandit -q -r $(CODE) -ll -c pyproject.toml

lint: $(DEV) ## Style, formatting and the three floors
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(LOOKING) $(BIN)/lint-imports

types: $(DEV) ## Types
	$(LOOKING) $(BIN)/mypy $(CODE)

check: lint types check-deploy ## Everything but the tests: lint, types, migrations, production settings

check-deploy: $(DEV)
	$(LOOKING) $(BIN)/python manage.py makemigrations --check --dry-run
	SECRET_KEY="$$($(BIN)/python -c 'import secrets; print(secrets.token_urlsafe(50))')" \
	FIELD_KEYS="$$($(BIN)/python -c 'from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())')" \
	DEBUG=0 INSECURE_HTTP=0 BEHIND_TLS_PROXY=1 ALLOWED_HOSTS=portal.example.com \
	CSRF_TRUSTED_ORIGINS=https://portal.example.com \
	    $(BIN)/python manage.py check --deploy --fail-level WARNING

bench: $(DEV) ## Compare a first sync and a push with plain loops and with peers (BENCH_ARGS="--customers 5000")
	$(BIN)/python -m tests.bench $(BENCH_ARGS)

bench-dedupe: $(DEV) ## Find duplicates beside Splink and plain rules (BENCH_ARGS="--sizes 10000,100000")
	$(BIN)/python -m tests.bench_dedupe $(BENCH_ARGS)

bench-audit: $(DEV) ## Seal and verify an audit trail of a million entries (BENCH_ARGS="--entries 100000")
	$(BIN)/python -m tests.bench_audit $(BENCH_ARGS)

bench-fleet: $(DEV) ## Several worker clusters over one PostgreSQL (DATABASE_URL=postgres://… BENCH_ARGS="--tenants 10")
	$(BIN)/python -m tests.bench_fleet $(BENCH_ARGS)

bench-admin: $(DEV) ## The admin's pages at a million customers and three million jobs (BENCH_ARGS="--customers 50000")
	$(BIN)/python -m tests.bench_admin $(BENCH_ARGS)

# --- Set-up ---------------------------------------------------------------------------------------------------------

# A failed or interrupted installation leaves no stamp, so the next make takes it up again.
$(RUNTIME): requirements.txt | $(BIN)/python
	@$(call install,requirements.txt,$@)

$(DEV): requirements-dev.txt requirements.txt | $(BIN)/python
	@$(call install,requirements-dev.txt,$@)
	@touch $(RUNTIME)

# A dot for each package; pip's warnings and errors come through as they are.
define install
echo "Installing $(1) into $(VENV) (a minute or two the first time) ..."; rm -f $(2); \
{ $(BIN)/python -m pip install --disable-pip-version-check --no-input --progress-bar off -r $(1) && touch $(2); } \
    | awk '/^(Collecting|Installing collected|  Downloading)/ {printf "."; fflush(); n = 1} END {if (n) print " done"}'; \
test -f $(2) || { echo "The installation of $(1) failed; the reason stands above. Run make again to go on." >&2; exit 1; }
endef

$(BIN)/python:
	@for python in $(PYTHON) python3 python3.13 python3.12 python3.11; do \
	    if "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then found=$$python; break; fi; \
	done; \
	if [ -z "$${found-}" ]; then \
	    echo "Trunkline needs Python 3.11 or newer, and there is none on this machine's PATH." >&2; \
	    echo "  Debian:  sudo apt install python3 python3-venv" >&2; \
	    echo "  macOS:   brew install python@3.12" >&2; \
	    echo "Or name one: make PYTHON=/path/to/python3.12 ..." >&2; exit 1; \
	fi; \
	if ! "$$found" -c 'import ensurepip, venv' 2>/dev/null; then \
	    echo "This Python cannot make virtual environments yet. On Debian: sudo apt install python3-venv" >&2; exit 1; \
	fi; \
	echo "Creating $(VENV) with $$("$$found" --version)"; \
	"$$found" -m venv --clear $(VENV)
