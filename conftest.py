"""Runs the Python blocks of README, CONTRIBUTING and docs as tests; pytest itself runs the docstrings' examples."""

from sybil import Sybil
from sybil.parsers.markdown import PythonCodeBlockParser, SkipParser

pytest_collect_file = Sybil(parsers=[PythonCodeBlockParser(), SkipParser()], patterns=["*.md"]).pytest()
