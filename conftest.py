"""Runs the examples of every docstring, and the Python blocks of README and docs, as tests."""

from sybil import Sybil
from sybil.parsers.markdown import PythonCodeBlockParser, SkipParser
from sybil.parsers.rest import DocTestParser

_docstrings = Sybil(parsers=[DocTestParser()], patterns=["src/**/*.py"])
_pages = Sybil(parsers=[PythonCodeBlockParser(), SkipParser()], patterns=["README.md", "docs/*.md", "CONTRIBUTING.md"])

pytest_collect_file = (_docstrings + _pages).pytest()
