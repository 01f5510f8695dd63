"""Three thousand longer sequences of operations."""

import test_model


def test_three_thousand_sequences():
    test_model.check(sequences=3_000, steps=50)
