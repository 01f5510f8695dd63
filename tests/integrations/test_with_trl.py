"""`for_transformers` in TRL's SFTTrainer, with a model and a tokenizer that are made here: nothing is downloaded."""

import textwrap

import pytest
from catalogue.optimizers import recorded
from catalogue.trainers import printed_by_example, quietly

import lehr
from lehr.integrations import for_transformers

trl = quietly(lambda: pytest.importorskip("trl"))

import datasets  # noqa: E402  # trl needs them, and tokenizers and transformers too
import tokenizers  # noqa: E402
import transformers  # noqa: E402

TEXTS = [line for line in textwrap.__doc__.split() + textwrap.dedent.__doc__.split() if line][:16]
EPOCHS, STEPS = 2, 16
COSINE = lehr.cosine(STEPS, "25%", max_lr=0.01)
RATES = [COSINE(t) for t in range(STEPS)]


def tokenizer():
    """One token for each word of the texts."""
    words = {word: number for number, word in enumerate(["<pad>", "<eos>", "<unk>", *sorted(set(TEXTS))])}
    made = tokenizers.Tokenizer(tokenizers.models.WordLevel(words, unk_token="<unk>"))
    made.pre_tokenizer = tokenizers.pre_tokenizers.WhitespaceSplit()
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=made, pad_token="<pad>", eos_token="<eos>", unk_token="<unk>"
    )


def trainer_of(path, kill_after=None):
    words = tokenizer()
    sizes = {"hidden_size": 8, "intermediate_size": 8, "num_hidden_layers": 1, "num_attention_heads": 1}
    config = transformers.LlamaConfig(
        vocab_size=len(words), max_position_embeddings=16, eos_token_id=1, pad_token_id=0, bos_token_id=1, **sizes
    )
    arguments = trl.SFTConfig(
        output_dir=str(path), per_device_train_batch_size=2, num_train_epochs=EPOCHS, max_length=8, use_cpu=True,
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
    trainer = trl.SFTTrainer(
        transformers.LlamaForCausalLM(config), arguments, train_dataset=datasets.Dataset.from_dict({"text": TEXTS}),
        processing_class=words, callbacks=[watch],
    )  # fmt: skip
    return for_transformers(trainer, "cosine", warmup_steps="25%"), watch


def test_killed_and_resumed(tmp_path):
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
