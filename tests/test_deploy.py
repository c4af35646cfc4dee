"""The image and the compose files: what a linter and the schema say, what is promised of them."""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from compose_spec import ComposeSpecification, Service
from pydantic import BaseModel

from core.commands import serve
from core.farm.address import read_farm_address

ROOT = Path(__file__).parents[1]
DEPLOY = ROOT / "docs" / "deploy"
DOCKERFILE = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
COMPOSE, CUDA = (
    yaml.safe_load((DEPLOY / name).read_text(encoding="utf-8"))
    for name in ("compose.yaml", "compose.cuda.yaml")
)


def test_the_dockerfile_passes_the_linter() -> None:
    linter = shutil.which("hadolint", path=str(Path(sys.executable).parent))
    assert linter is not None
    said = subprocess.run([linter, DEPLOY / "Dockerfile"], capture_output=True, text=True)
    assert (said.returncode, said.stdout) == (0, "")


def unknown_fields(file: dict[str, Any]) -> set[str]:
    """Fields of the file and of its services that the schema does not know; x-… are free."""
    found = set(file) - names_of(ComposeSpecification)
    for service in file["services"].values():
        found |= set(service) - names_of(Service)
    return {name for name in found if not name.startswith("x-")}


def names_of(model: type[BaseModel]) -> set[str]:
    return {field.alias or name for name, field in model.model_fields.items()}


@pytest.mark.parametrize("file", [COMPOSE, CUDA], ids=["cpu", "cuda"])
def test_the_compose_files_fit_the_schema(file: dict[str, Any]) -> None:
    ComposeSpecification.model_validate(file)
    assert unknown_fields(file) == set()
    assert unknown_fields({"services": {"studio": {"prots": ["1:1"]}}}) == {"prots"}
    with pytest.raises(ValueError, match="services"):
        ComposeSpecification.model_validate({"services": ["studio"]})


def test_the_image_runs_as_a_user_without_rights_and_downloads_nothing() -> None:
    last = DOCKERFILE.rpartition("\nFROM ")[2]
    assert re.search(r"^USER 10001$", last, re.MULTILINE)
    assert "--home-dir /nonexistent" in last
    assert not re.search(r"pip install|curl|wget|apt-get", last)
    for setting in ("HF_HUB_OFFLINE=1", "TRANSFORMERS_OFFLINE=1", "RAY_USAGE_STATS_ENABLED=0"):
        assert setting in last
    python = re.findall(r"^FROM python:(\d+\.\d+)", DOCKERFILE, re.MULTILINE)
    assert python == ["3.11", "3.11"]


def test_a_head_and_two_workers_can_be_reached_by_the_studio_alone() -> None:
    services = COMPOSE["services"]
    assert services["worker"]["deploy"]["replicas"] == 2
    assert COMPOSE["networks"]["cluster"]["internal"] is True
    assert {name for name, service in services.items() if "ports" in service} == {"studio"}
    for service in services.values():
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert service["environment"]["RAY_AUTH_TOKEN"].startswith("${RAY_AUTH_TOKEN:?")


@pytest.mark.parametrize("file", [COMPOSE, CUDA], ids=["cpu", "cuda"])
def test_the_studios_command_is_understood(file: dict[str, Any]) -> None:
    parser = argparse.ArgumentParser()
    serve.add_arguments(parser)
    program, *words = file["services"]["studio"]["command"]
    assert program == "audiostory-studio"
    arguments = parser.parse_args(words)
    assert arguments.host == "0.0.0.0"
    port = COMPOSE["services"]["head"]["command"][-1].partition("=")[2]
    assert read_farm_address(arguments.on).cluster == f"ray://head:{port}"
