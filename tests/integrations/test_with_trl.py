"""`for_transformers` in TRL's SFTTrainer, with the model and the tokenizer of the example: nothing is downloaded."""

import pytest
from catalogue.optimizers import recorded
from catalogue.trainers import printed_by_example, quietly

import lehr
from lehr.integrations import for_transformers

trl = quietly(lambda: pytest.importorskip("trl"))
with_trl = quietly(lambda: pytest.importorskip("examples.with_trl"))

import transformers  # noqa: E402  # trl needs it

EPOCHS, STEPS = 2, 16
COSINE = lehr.cosine(STEPS, "25%", max_lr=0.01)
RATES = [COSINE(t) for t in range(STEPS)]


def trainer_of(path, kill_after=None):
    arguments = trl.SFTConfig(
        output_dir=str(path), per_device_train_batch_size=10, num_train_epochs=EPOCHS, max_length=8, use_cpu=True,
        report_to=[], disable_tqdm=True, save_strategy="steps", save_steps=5, logging_steps=1, bf16=False,
        learning_rate=0.01, gradient_checkpointing=False,
    )  # fmt: skip

    class Watch(transformers.TrainerCallback):
        def on_train_begin(self, args, state, control, optimizer, **_):
            self.rates = recorded(optimizer.optimizer)

        def on_step_end(self, args, state, control, **_):
            if state.global_step == kill_after:
                raise KeyboardInterrupt

    watch = Watch()
    model, words = with_trl.model_and_tokenizer()
    trainer = trl.SFTTrainer(model, arguments, train_dataset=with_trl.rows(), processing_class=words, callbacks=[watch])
    return for_transformers(trainer, "cosine", warmup_steps="25%"), watch


def test_interrupted_and_resumed(tmp_path):
    trainer, before = quietly(lambda: trainer_of(tmp_path, kill_after=12))
    with pytest.raises(KeyboardInterrupt):
        quietly(trainer.train)
    trainer, after = quietly(lambda: trainer_of(tmp_path))
    quietly(lambda: trainer.train(resume_from_checkpoint=True))
    assert before.rates == RATES[:12]
    assert after.rates == RATES[10:]
    logged = {row["step"]: row["learning_rate"] for row in trainer.state.log_history if "learning_rate" in row}
    assert logged == {t + 1: RATES[t] for t in range(STEPS)}


def test_the_example():
    assert "40 rates and 1 resume checked" in printed_by_example("with_trl")
