"""Delivery: sound files, stems, markers, projects for other programs, bundles and provenance."""

from core.export.bundle import read_bundle, write_bundle
from core.export.deliver import Delivery, export
from core.export.folder import OpenStory, open_story
from core.export.settings import FORMATS, PRESETS, ExportSettings

__all__ = [
    "FORMATS",
    "PRESETS",
    "Delivery",
    "ExportSettings",
    "OpenStory",
    "export",
    "open_story",
    "read_bundle",
    "write_bundle",
]
