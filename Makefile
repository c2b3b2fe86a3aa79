# Each target makes .venv first; nothing outside this folder is touched.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
STRESS := $(VENV)/.installed-stress
MINUTES ?= 60
DEMO := demo/corpus-normalized-noisy/splits/split.json

.PHONY: setup demo docs notebooks test stress lint detector bench clean-venv

setup: $(STAMP)

$(STAMP): requirements.txt requirements-cluster.txt requirements-speakers.txt requirements-docs.txt requirements-dev.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.11 ...")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	touch $(STAMP)

demo: setup
	$(BIN)/fab Demo

# Of the demonstration's data, made first if need be, or of any: make notebooks DATASET=folder
notebooks: setup $(if $(DATASET),,$(DEMO))
	$(BIN)/python -m src.notebooks.pages $(if $(DATASET),--dataset='$(DATASET)')

$(DEMO): | $(STAMP)
	$(BIN)/fab Demo

# The documentation as pages in site/, which need no network; a broken link is an error.
docs: setup
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict --quiet
	@echo "open site/index.html"

# A file's tests share what they have made, so each file stays with one of the two processes.
test: setup
	$(BIN)/python -m pytest -n 2 --dist loadfile

# make stress MINUTES=10, and to do as before: SEED=n PARTS=kills,inputs ONLY=a stage or parser
stress: setup $(STRESS)
	$(BIN)/python -m tests.stress --minutes $(MINUTES) $(if $(SEED),--seed $(SEED)) \
		$(if $(PARTS),--parts '$(PARTS)') $(if $(ONLY),--only '$(ONLY)')

$(STRESS): requirements-stress.txt | $(STAMP)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-stress.txt || \
		echo "atheris cannot be installed here: make stress goes without it"
	touch $(STRESS)

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# The detector that comes along, anew: make detector CORPORA='../a ../b' (README tells what of)
detector: setup
	$(BIN)/python -m src.build_detector --output=detectors/acoustic $(CORPORA)

bench: setup
	for script in benchmarks/*.py; do $(BIN)/python $$script || exit 1; done

clean-venv:
	rm -rf $(VENV)
