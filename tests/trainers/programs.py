"""A program for each trainer: it trains from the last checkpoint, if there is one, and saves now and then.

Each is what a user writes. Beside that it tells a `Watch` of its optimizer, which records the rate of each update and
may kill the process. No framework is imported before its program runs.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import lightning_programs
import loops
import torch
from catalogue.trainers import Line, Rows, batches
from lightning_programs import EPOCHWISE
from loops import BATCHES, COSINE, EPOCHS, SAVE_EVERY, SETTINGS, UPDATES, Watch, sgd, update

import lehr
from lehr import integrations


def _arguments_of_transformers(folder: Path) -> dict[str, Any]:
    return {
        "output_dir": str(folder), "num_train_epochs": EPOCHS, "save_strategy": "steps", "save_steps": SAVE_EVERY,
        "use_cpu": True, "report_to": [], "disable_tqdm": True, "optim": "sgd", "logging_strategy": "no",
    }  # fmt: skip


def _train_with_transformers(trainer: Any, folder: Path, watch: Watch) -> None:
    trainer = integrations.for_transformers(trainer, "cosine", **SETTINGS)
    trainer.create_optimizer()
    watch(trainer.optimizer)
    trainer.train(resume_from_checkpoint=any(folder.glob("checkpoint-*")))


def transformers_trainer(folder: Path, watch: Watch) -> None:
    import transformers

    arguments = transformers.TrainingArguments(**_arguments_of_transformers(folder), per_device_train_batch_size=1)
    trainer = transformers.Trainer(Line(), arguments, train_dataset=Rows(BATCHES))
    _train_with_transformers(trainer, folder, watch)


def trl_sft(folder: Path, watch: Watch) -> None:
    import trl
    from examples import with_trl

    arguments = trl.SFTConfig(
        **_arguments_of_transformers(folder), per_device_train_batch_size=8, max_length=32, bf16=False,
        gradient_checkpointing=False,
    )  # fmt: skip
    model, words = with_trl.model_and_tokenizer()
    trainer = trl.SFTTrainer(model, arguments, train_dataset=with_trl.rows(), processing_class=words)
    _train_with_transformers(trainer, folder, watch)


def accelerate(folder: Path, watch: Watch) -> None:
    """In one process, or in several if it is started so."""
    import accelerate

    accelerator = accelerate.Accelerator(cpu=True)
    model = Line()
    optimizer = sgd(model)
    loader = accelerator.prepare(batches(BATCHES * accelerator.num_processes))
    scheduler = lehr.Scheduler(optimizer, "cosine", EPOCHS * len(loader), **SETTINGS)
    watch(optimizer)
    model, optimizer, scheduler = accelerator.prepare(model, optimizer, scheduler)
    states = sorted(folder.glob("state-*"))
    done = 0
    if states:
        accelerator.load_state(str(states[-1]))
        done = int(states[-1].name.removeprefix("state-"))
    for epoch in range(done // BATCHES, EPOCHS):
        rest = accelerator.skip_first_batches(loader, done - epoch * BATCHES)
        for batch in rest:
            accelerator.backward(model(**batch)["loss"])
            optimizer.step()
            scheduler.step()
            optimizer.zero_grad()
            done += 1
            if done % SAVE_EVERY == 0:
                accelerator.save_state(str(folder / f"state-{done:02}"))
    # Not `end_training`, which destroys the process group before the model: then the model is the last to hold the
    # group, and freeing it can wait for ever for a thread of gloo that waits for the GIL (pytorch/pytorch#56297).
    accelerator.wait_for_everyone()


def ignite(folder: Path, watch: Watch) -> None:
    from ignite.engine import Engine, Events
    from ignite.handlers import Checkpoint, DiskSaver

    model = Line()
    optimizer = sgd(model)
    scheduler = lehr.Scheduler(optimizer, COSINE).follow()
    watch(optimizer)
    engine = Engine(lambda engine, batch: update(model, optimizer, batch))
    parts = {"engine": engine, "model": model, "optimizer": optimizer, "scheduler": scheduler}
    save = Checkpoint(parts, DiskSaver(str(folder), require_empty=False), filename_pattern="checkpoint.pt")
    engine.add_event_handler(Events.ITERATION_COMPLETED(every=SAVE_EVERY), save)
    if (folder / "checkpoint.pt").exists():
        Checkpoint.load_objects(parts, torch.load(folder / "checkpoint.pt", weights_only=True))
    engine.run(batches(BATCHES), max_epochs=EPOCHS)


def keras(folder: Path, watch: Watch) -> None:
    os.environ.setdefault("KERAS_BACKEND", "torch")
    import keras

    class Watched(keras.optimizers.SGD):
        def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
            watch.begins(float(learning_rate))
            super().update_step(gradient, variable, learning_rate)

    file = folder / "model.keras"
    if file.exists():
        objects = {"Watched": Watched, **integrations.keras_objects()}
        model = keras.saving.load_model(file, custom_objects=objects)
    else:
        model = keras.Sequential([keras.layers.Input((2,)), keras.layers.Dense(1, use_bias=False)])
        model.compile(Watched(learning_rate=integrations.as_keras(COSINE)), "mse")
    saves = keras.callbacks.ModelCheckpoint(file, save_freq=SAVE_EVERY)

    def data() -> Iterator[Any]:
        while True:
            yield torch.ones(1, 2), torch.zeros(1, 1)

    rest = UPDATES - int(model.optimizer.iterations)
    model.fit(data(), steps_per_epoch=rest, verbose=0, callbacks=[saves])


def deepspeed(folder: Path, watch: Watch) -> None:
    """On the CPU. Its first run on a machine compiles a part of DeepSpeed, which takes a minute."""
    torch.distributed.init_process_group("gloo", store=torch.distributed.HashStore(), rank=0, world_size=1)
    os.environ |= {"RANK": "0", "LOCAL_RANK": "0", "WORLD_SIZE": "1"}
    import deepspeed

    config = {
        "train_micro_batch_size_per_gpu": 1, "optimizer": {"type": "Adam", "params": {"lr": 0.3, "torch_adam": True}},
        "zero_optimization": {"stage": 1}, "bf16": {"enabled": True},
    }  # fmt: skip
    model = Line()
    factory = integrations.for_deepspeed("cosine", training_steps=UPDATES, **SETTINGS)
    engine, optimizer, _, _ = deepspeed.initialize(
        model=model, model_parameters=model.parameters(), config=config, lr_scheduler=factory, dist_init_required=False
    )
    watch(optimizer.optimizer)
    done = 0
    if (folder / "latest").exists():
        _, client = engine.load_checkpoint(str(folder))
        done = client["done"]
    data = [{name: part.to(torch.bfloat16) for name, part in batch.items()} for batch in batches(BATCHES)]
    for t in range(done, UPDATES):
        engine.backward(engine(**data[t % BATCHES])["loss"])
        engine.step()
        if (t + 1) % SAVE_EVERY == 0:
            engine.save_checkpoint(str(folder), client_state={"done": t + 1})
    torch.distributed.destroy_process_group()


@dataclass(frozen=True)
class Program:
    """A program, what its updates should use, and where it goes on after a kill."""

    run: Callable[[Path, Watch], None]
    schedule: lehr.Schedule = COSINE
    needs: str = "torch"
    goes_on_at: int = 15
    processes: int = 1
    tolerance: float = 0.0
    updates_per_step: int = 1


PROGRAMS = {
    "plain torch, step": Program(loops.plain_torch),
    "plain torch, follow": Program(loops.plain_torch_follow),
    "torch SequentialLR": Program(loops.sequential_lr, loops.JOINED, tolerance=1e-9),
    "torch LambdaLR": Program(loops.lambda_lr, tolerance=1e-15),
    "transformers Trainer": Program(transformers_trainer, needs="transformers"),
    "TRL SFTTrainer": Program(trl_sft, needs="trl"),
    "accelerate": Program(accelerate, needs="accelerate"),
    "accelerate in two processes": Program(accelerate, needs="accelerate", processes=2),
    "PyTorch Lightning, steps": Program(lightning_programs.steps, needs="pytorch_lightning"),
    "PyTorch Lightning, epochs": Program(
        lightning_programs.epochs, EPOCHWISE, needs="pytorch_lightning", goes_on_at=10, updates_per_step=BATCHES
    ),
    "PyTorch Lightning, saved within an epoch": Program(
        lightning_programs.epochs_saved_within, EPOCHWISE, needs="pytorch_lightning", updates_per_step=BATCHES
    ),
    "PyTorch Lightning, a GAN saved within an epoch": Program(
        lightning_programs.gan_epochs, EPOCHWISE, needs="pytorch_lightning", updates_per_step=BATCHES
    ),
    "ignite": Program(ignite, needs="ignite"),
    "timm's train.py": Program(loops.timm_loop, goes_on_at=10),
    "DeepSpeed": Program(deepspeed, needs="deepspeed"),
    "Keras 3 on torch": Program(keras, needs="keras", tolerance=1e-6),
}
"""Trainer -> its program."""
