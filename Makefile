# Every target works on a bare machine with Python 3.11 or later: it makes .venv first where there is none.
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/installed
# A file's tests share what they set up, so they stay together; one thread each, as there is a process for each core.
PYTEST := OMP_NUM_THREADS=1 $(BIN)/pytest -n logical --maxprocesses 8 --dist loadfile

.PHONY: install demo test test-all check speed

install: $(STAMP)

$(STAMP): pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet -c constraints.txt -e '.[dev]'
	touch $(STAMP)

# The main job, offline: three methods, three weightings, two regimes; then the leaderboard.
demo: $(STAMP)
	$(BIN)/polyskew run demo --out results/demo

test: $(STAMP)
	$(PYTEST)

test-all: $(STAMP)
	$(PYTEST) -m 'slow or not slow'

check: $(STAMP)
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(PYTEST)

# Ratios against an alternative measured in the same run; never part of the tests.
speed: $(STAMP)
	$(BIN)/python -m tests.speed.startup
	$(BIN)/python -m tests.speed.regime_drawing
	$(BIN)/python -m tests.speed.board
	$(BIN)/python -m tests.speed.site
	$(BIN)/python -m tests.speed.audit
	$(BIN)/python -m tests.speed.training
	$(BIN)/python -m tests.speed.attributions
