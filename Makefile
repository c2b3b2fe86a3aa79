# Each target makes .venv first; nothing outside this folder is touched.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
STRESS := $(VENV)/.installed-stress
MINUTES ?= 60
DEMO := demo/corpus-normalized-noisy/splits/split.json

# What is installed: all that the targets below use, or requirements.txt for the tasks alone.
REQUIREMENTS ?= requirements-dev.txt
PIP := $(BIN)/python -m pip install --disable-pip-version-check $(PIP_ARGS)

.PHONY: help setup demo docs notebooks test stress lint detector bench clean-venv

help: ## list the targets
	@echo "make TARGET, where TARGET is"
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/  \1\t\2/p' $(MAKEFILE_LIST) | expand -t 16
	@echo "and settings are given as NAME=value:"
	@echo "  PYTHON=python3.11               which Python makes the environment"
	@echo "  REQUIREMENTS=requirements.txt   only what the tasks need, no tests, pages or Ray"
	@echo "  PIP_ARGS='...'                  further flags of pip, such as --index-url=URL"
	@echo "  TORCH=cpu                       a PyTorch without CUDA, at most half the size: only with"
	@echo "                                  PIP_ARGS='--extra-index-url=URL' of an index that has both"
	@echo "                                  torch and torchaudio with versions ending in +cpu. PyPI has"
	@echo "                                  none, and its own torch cannot be loaded without the CUDA"
	@echo "                                  libraries that it is linked against (libcudnn.so.9 ...)."

setup: $(STAMP) ## make .venv with all that is needed: 3.3 GB to download, 6.6 GB on the disk

$(STAMP): $(wildcard requirements*.txt)
	@$(PYTHON) .ci/check_setup.py $(VENV) --torch='$(TORCH)' --pip-args='$(PIP_ARGS)'
	$(PYTHON) -m venv $(VENV)
	$(if $(TORCH),$(PIP) $(shell sed -n 's/^\(torch\|torchaudio\)==\([0-9.]*\)$$/\1==\2+$(TORCH)/p' requirements.txt))
	$(PIP) -r $(REQUIREMENTS)
	@echo "loading PyTorch and transformers once, to see that they go together"
	@$(BIN)/python -c 'import torch, torchaudio, transformers; transformers.Wav2Vec2Model'
	touch $(STAMP)

demo: setup ## try everything offline on a made-up corpus, in 3 minutes
	$(BIN)/fab Demo

# Of the demonstration's data, made first if need be, or of any: make notebooks DATASET=folder
notebooks: setup $(if $(DATASET),,$(DEMO)) ## execute the notebooks into pages
	$(BIN)/python -m src.notebooks.pages $(if $(DATASET),--dataset='$(DATASET)')

$(DEMO): | $(STAMP)
	$(BIN)/fab Demo

# The documentation as pages in site/, which need no network; a broken link is an error.
docs: setup ## build the documentation into site/, its links checked
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict --quiet
	@echo "open site/index.html"

# A file's tests share what they have made, so each file stays with one of the two processes, which
# have a core each: products of small matrices take several times as long when cores share them. In
# the order of tests/conftest.py, the slow files first. A process that dies ends the run:
# pytest-xdist would replace it, and may wait for ever for what it had in work.
test: setup ## run all tests, doctests included
	OPENBLAS_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder \
		--max-worker-restart 0

# make stress MINUTES=10, and to do as before: SEED=n PARTS=kills,inputs ONLY=a stage or parser
stress: setup $(STRESS) ## disturb everything at random, for MINUTES=60
	$(BIN)/python -m tests.stress --minutes $(MINUTES) $(if $(SEED),--seed $(SEED)) \
		$(if $(PARTS),--parts '$(PARTS)') $(if $(ONLY),--only '$(ONLY)')

$(STRESS): requirements-stress.txt | $(STAMP)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-stress.txt || \
		echo "atheris cannot be installed here: make stress goes without it"
	touch $(STRESS)

lint: setup ## run ruff and mypy
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

detector: setup ## train the detector that comes along anew: CORPORA='../a ../b'
	$(BIN)/python -m src.build_detector --output=detectors/acoustic $(CORPORA)

bench: setup ## run the benchmarks, one after the other
	for script in benchmarks/*.py; do $(BIN)/python $$script || exit 1; done

clean-venv: ## remove .venv
	rm -rf $(VENV)
