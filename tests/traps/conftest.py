"""What once went wrong without a word. None of these tests may warn of anything else."""

import warnings

import pytest


@pytest.fixture(autouse=True)
def no_other_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield
