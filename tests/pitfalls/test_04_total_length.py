"""Every trainer computes the number of updates in its own way, and some forget the world size, the last batch or the last accumulation window.

`lehr.lengths.updates` gives the number of updates that the data loaders and the trainer really make.

Reported in https://github.com/huggingface/transformers/issues/37777 https://github.com/autogluon/autogluon/issues/4966 https://github.com/deepspeedai/DeepSpeed/issues/633
"""

import pytest
import torch
from catalogue.trainers import Line, Rows, quietly
from hypothesis import given, settings
from hypothesis import strategies as st

from lehr.schedules.lengths import updates


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"samples": 37, "batch": 4, "accumulate": 3, "epochs": 2}, 8),
        ({"samples": 40, "batch": 4, "accumulate": 4, "epochs": 2}, 6),
        ({"samples": 800, "batch": 10, "world": 4, "epochs": 5}, 100),
        ({"samples": 3, "batch": 1, "accumulate": 4, "epochs": 2}, 2),
        ({"samples": 37, "batch": 4, "accumulate": 3, "epochs": 2, "drop_tail": True}, 6),
        ({"samples": 37, "batch": 4, "accumulate": 3, "epochs": 2, "drop_last": True}, 6),
    ],
)
def test_known_lengths(given, expected):
    assert updates(**given) == expected


@settings(max_examples=100, deadline=None)
@given(*[st.integers(1, 60)] * 2, *[st.integers(1, 5)] * 2, st.integers(1, 3), st.booleans(), st.booleans())
def test_what_real_loaders_give(samples, batch, accumulate, world, epochs, drop_last, drop_tail):
    made = 0
    rows = torch.zeros(samples)
    sampler = torch.utils.data.distributed.DistributedSampler(rows, world, 0)
    loader = torch.utils.data.DataLoader(rows, batch, sampler=sampler, drop_last=drop_last)
    for _ in range(epochs):
        waiting = 0
        for _ in loader:
            waiting += 1
            if waiting == accumulate:
                made, waiting = made + 1, 0
        made += waiting > 0 and not drop_tail
    assert made == updates(
        samples, batch, accumulate=accumulate, world=world, epochs=epochs, drop_last=drop_last, drop_tail=drop_tail
    )


@pytest.mark.parametrize(("samples", "batch", "accumulate"), [(40, 4, 1), (40, 4, 4), (37, 4, 3), (3, 1, 4)])
def test_what_trainer_really_makes(tmp_path, samples, batch, accumulate):
    transformers = pytest.importorskip("transformers")
    arguments = transformers.TrainingArguments(
        output_dir=str(tmp_path), per_device_train_batch_size=batch, gradient_accumulation_steps=accumulate,
        num_train_epochs=2, use_cpu=True, report_to=[], disable_tqdm=True, save_strategy="no",
    )  # fmt: skip
    trainer = transformers.Trainer(Line(), arguments, train_dataset=Rows(samples))
    trainer.create_optimizer()
    made = []
    trainer.optimizer.register_step_post_hook(lambda *_: made.append(1))
    quietly(trainer.train)
    assert len(made) == updates(samples, batch, accumulate=accumulate, epochs=2)


@pytest.mark.parametrize("name", ["samples", "batch", "accumulate", "world", "epochs"])
@pytest.mark.parametrize("value", [0, -1, 2.5, True])
def test_what_is_no_number_of_anything_is_refused(name, value):
    with pytest.raises(ValueError, match=f"needs an integer of at least 1 for `{name}`"):
        updates(**{"samples": 40, "batch": 4, name: value})
