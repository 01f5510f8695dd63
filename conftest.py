"""Runs the Python blocks of README, CONTRIBUTING and docs as tests; pytest itself runs the docstrings' examples."""

import os
import sys
from contextlib import ExitStack, chdir
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from sybil import Sybil
from sybil.parsers.markdown import PythonCodeBlockParser, SkipParser


def enter_folder(namespace: dict[str, Any]) -> None:
    """The blocks of a page write into a folder of their own."""
    namespace["__folder"] = folder = ExitStack()
    folder.enter_context(chdir(folder.enter_context(TemporaryDirectory())))


def leave_folder(namespace: dict[str, Any]) -> None:
    namespace["__folder"].close()


pytest_collect_file = Sybil(
    parsers=[PythonCodeBlockParser(), SkipParser()],
    patterns=["*.md"],
    excludes=["docs/gallery/*.md"],  # made in the build
    setup=enter_folder,
    teardown=leave_folder,
).pytest()


def pytest_configure() -> None:
    os.environ.pop("COLUMNS", None)  # set for parallel workers; a table would take it for the width of a terminal
    # Programs of the virtual environment, such as ninja, are found also where it is not activated.
    os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])


def pytest_sessionfinish(session: pytest.Session) -> None:
    """In CI a skipped test is a failure: a framework or data that are missing there hide what they would show."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if "CI" in os.environ and reporter is not None and reporter.stats.get("skipped"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
        reporter.write_line("in CI no test may be skipped; run pytest -rs to see which were", red=True)
