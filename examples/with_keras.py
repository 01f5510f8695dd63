"""Keras 3 on the torch backend under a lehr schedule: train, save, load, train on, and check each rate.

python -m examples.with_keras
"""

import os
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

os.environ.setdefault("KERAS_BACKEND", "torch")
import keras

import lehr

from .bigrams import BATCH, EPOCHS, TEXT, UPDATES, check

SCHEDULE = lehr.cosine(UPDATES, "5%", max_lr=0.05)


def fit(model: Any, epochs: int) -> list[float]:
    """Train, and return the rate of each update: that of the optimizer before it."""
    used: list[float] = []
    watch = keras.callbacks.LambdaCallback(
        on_train_batch_begin=lambda batch, logs: used.append(float(model.optimizer.learning_rate))
    )
    text = TEXT.numpy()
    model.fit(text[:-1], text[1:], batch_size=BATCH, epochs=epochs, shuffle=False, verbose=0, callbacks=[watch])
    return used


def main() -> None:
    model = keras.Sequential([keras.layers.Input((), dtype="int32"), keras.layers.Embedding(256, 256)])
    optimizer = keras.optimizers.AdamW(learning_rate=lehr.integrations.as_keras(SCHEDULE))
    model.compile(optimizer, keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    before = fit(model, 1)
    with TemporaryDirectory() as folder:
        model.save(Path(folder) / "model.keras")
        model = keras.saving.load_model(Path(folder) / "model.keras")
    after = fit(model, EPOCHS - 1)
    check(SCHEDULE, before, after, tolerance=1e-6)  # Keras computes in float32


if __name__ == "__main__":
    main()
