"""`as_keras` in an optimizer of Keras 3 on the torch backend: every used rate, the logged ones, and a loaded model."""

import os
import subprocess
import sys

import numpy as np
import pytest
from catalogue.trainers import CHECKED, printed_by_example, quietly

import lehr
from lehr.integrations import as_keras, keras_objects

os.environ.setdefault("KERAS_BACKEND", "torch")
keras = quietly(lambda: pytest.importorskip("keras"))

EPOCHS, BATCHES = 4, 10
WSD = lehr.wsd(EPOCHS * BATCHES, "10%", max_lr=0.1)
RATES = [WSD(t) for t in range(EPOCHS * BATCHES)]
FLOAT32 = {"rel": 1e-6, "abs": 0}
X = np.ones((BATCHES, 2), "float32")
Y = np.zeros((BATCHES, 1), "float32")


class Recorded(keras.optimizers.SGD):
    """SGD that keeps the rate of each of its updates."""

    used: list[float]

    def update_step(self, gradient, variable, learning_rate):
        self.used.append(float(learning_rate))
        super().update_step(gradient, variable, learning_rate)


def recorded(**options):
    optimizer = Recorded(learning_rate=as_keras(WSD, **options))
    optimizer.used = []
    return optimizer


def model_of(optimizer):
    model = keras.Sequential([keras.layers.Input((2,)), keras.layers.Dense(1, use_bias=False)])
    model.compile(optimizer, "mse", jit_compile=False)
    return model


def fit(model, epochs, **options):
    return quietly(lambda: model.fit(X, Y, batch_size=1, epochs=epochs, verbose=0, shuffle=False, **options))


def test_each_update_uses_the_rate():
    model = model_of(recorded())
    fit(model, EPOCHS)
    assert model.optimizer.used == pytest.approx(RATES, **FLOAT32)


def test_a_loaded_model_goes_on(tmp_path):
    model = model_of(recorded())
    fit(model, 1)
    quietly(lambda: model.save(tmp_path / "model.keras"))
    objects = {"Recorded": Recorded, **keras_objects()}
    loaded = keras.saving.load_model(tmp_path / "model.keras", custom_objects=objects)
    loaded.optimizer.used = []
    fit(loaded, EPOCHS - 1)
    assert model.optimizer.used + loaded.optimizer.used == pytest.approx(RATES, **FLOAT32)
    assert int(loaded.optimizer.iterations) == EPOCHS * BATCHES


def test_another_process_loads_it(tmp_path):
    model = model_of(keras.optimizers.SGD(learning_rate=as_keras(WSD)))
    fit(model, 1)
    quietly(lambda: model.save(tmp_path / "model.keras"))
    code = (
        "import keras, lehr.integrations, sys\n"
        "model = keras.saving.load_model(sys.argv[1], custom_objects=lehr.integrations.keras_objects())\n"
        "print(float(model.optimizer.learning_rate))\n"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "model.keras")]
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ | {"KERAS_BACKEND": "torch"})
    assert float(done.stdout) == pytest.approx(RATES[BATCHES], **FLOAT32), done.stderr


ON_JAX = """
import sys, jax, keras, lehr.integrations, numpy as np
schedule = lehr.wsd(40, "10%", max_lr=0.1)
class Recorded(keras.optimizers.SGD):
    def update_step(self, gradient, variable, learning_rate):
        jax.debug.callback(lambda rate: print(repr(float(rate))), learning_rate, ordered=True)
        super().update_step(gradient, variable, learning_rate)
def fit(model, epochs):
    x, y = np.ones((10, 2), "float32"), np.zeros((10, 1), "float32")
    model.fit(x, y, batch_size=1, epochs=epochs, verbose=0, shuffle=False)
assert keras.backend.backend() == "jax"
model = keras.Sequential([keras.layers.Input((2,)), keras.layers.Dense(1, use_bias=False)])
model.compile(Recorded(learning_rate=lehr.integrations.as_keras(schedule)), "mse")
assert model.jit_compile
fit(model, 1)
model.save(sys.argv[1])
objects = {"Recorded": Recorded, **lehr.integrations.keras_objects()}
model = keras.saving.load_model(sys.argv[1], custom_objects=objects)
fit(model, 3)
jax.effects_barrier()
assert "torch" not in sys.modules
"""


def test_on_the_jax_backend(tmp_path):
    """Keras chooses its backend when it is imported. The count is traced: the rates are computed in a compiled step."""
    pytest.importorskip("jax")
    command = [sys.executable, "-c", ON_JAX, str(tmp_path / "model.keras")]
    settings = {"KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu"}
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ | settings)
    assert done.returncode == 0, done.stderr
    assert [float(line) for line in done.stdout.split()] == pytest.approx(RATES, **FLOAT32)


def test_what_keras_logs_during_an_update_is_what_it_uses():
    model = model_of(recorded())
    logged = []
    log = keras.callbacks.LambdaCallback(
        on_train_batch_begin=lambda batch, logs: logged.append(float(model.optimizer.learning_rate))
    )
    fit(model, EPOCHS, callbacks=[log])
    assert logged == model.optimizer.used


def test_accumulated_gradients_count_updates():
    model = model_of(recorded(accumulate=2))
    model.optimizer.gradient_accumulation_steps = 2
    fit(model, EPOCHS)
    updates = model.optimizer.used
    assert len(updates) == EPOCHS * BATCHES // 2
    assert updates == pytest.approx(RATES[: len(updates)], **FLOAT32)


def test_without_accumulate_keras_asks_for_the_micro_batch():
    """So `accumulate` is needed."""
    model = model_of(recorded())
    model.optimizer.gradient_accumulation_steps = 2
    fit(model, 1)
    assert model.optimizer.used == pytest.approx(RATES[1:10:2], **FLOAT32)


def test_it_is_a_value():
    schedule = as_keras(WSD, accumulate=2)
    config = schedule.get_config()
    assert config == {"schedule": lehr.spec.to_text(WSD), "accumulate": 2}
    assert type(schedule).from_config(config) == schedule
    serialize = keras.optimizers.schedules.serialize
    assert keras.optimizers.schedules.deserialize(serialize(schedule)) == schedule != as_keras(WSD)
    assert repr(as_keras(lehr.Constant(1.0))) == "as_keras(Constant(rate=1.0), accumulate=1)"
    assert len({as_keras(WSD), as_keras(WSD)}) == 1


def test_what_is_no_schedule_is_refused():
    with pytest.raises(ValueError, match=r"as_keras needs a Schedule, got 0\.1"):
        as_keras(0.1)
    with pytest.raises(ValueError, match="as_keras needs an integer of at least 1 for `accumulate`, got 0"):
        as_keras(WSD, accumulate=0)


def test_the_example():
    assert CHECKED in printed_by_example("with_keras")
