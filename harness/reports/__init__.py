"""Listeners that turn a run's events into something to read; none of them judges."""

from harness.reports.console import ConsoleReport
from harness.reports.json_report import JsonReport
from harness.reports.ndjson import NdjsonReport

__all__ = ["ConsoleReport", "JsonReport", "NdjsonReport"]
