"""TRL's SFTTrainer under a lehr schedule, with a model and a tokenizer made here: train, stop, resume, check each rate.

python -m examples.with_trl
"""

import textwrap
from tempfile import TemporaryDirectory
from typing import Any

import datasets
import tokenizers
import torch
import transformers
from trl import SFTConfig, SFTTrainer  # type: ignore[attr-defined]  # found lazily

import lehr

from .bigrams import check
from .with_transformers import Stop, rates_of

LINES = [line for line in textwrap.__doc__.splitlines() * 80 if line.strip()][:80]


def rows() -> datasets.Dataset:
    """Lines of a text."""
    return datasets.Dataset.from_dict({"text": LINES})


def model_and_tokenizer() -> tuple[Any, Any]:
    """A small model, and one token for each word of the text."""
    words = ["<pad>", "<eos>", "<unk>", *sorted({word for line in LINES for word in line.split()})]
    vocabulary = {word: number for number, word in enumerate(words)}
    made = tokenizers.Tokenizer(tokenizers.models.WordLevel(vocabulary, unk_token="<unk>"))
    made.pre_tokenizer = tokenizers.pre_tokenizers.WhitespaceSplit()
    tokenizer = transformers.PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]  # it has no types
        tokenizer_object=made, pad_token="<pad>", eos_token="<eos>", unk_token="<unk>"
    )
    config = transformers.LlamaConfig(
        vocab_size=len(words), hidden_size=16, intermediate_size=32, num_hidden_layers=1, num_attention_heads=2,
        max_position_embeddings=32, pad_token_id=0, eos_token_id=1, bos_token_id=1,
    )  # fmt: skip
    return transformers.LlamaForCausalLM(config), tokenizer


def train(folder: str, stop_after: int | None) -> tuple[list[float], Any]:
    """Train, from the last checkpoint if there is one."""
    model, tokenizer = model_and_tokenizer()
    optimizer = torch.optim.AdamW(model.parameters())
    arguments = SFTConfig(
        output_dir=folder, per_device_train_batch_size=4, num_train_epochs=2, save_steps=10, max_length=32,
        report_to=[], disable_tqdm=True, use_cpu=True, bf16=False, gradient_checkpointing=False, logging_strategy="no",
    )  # fmt: skip
    trainer = SFTTrainer(
        model, arguments, train_dataset=rows(), processing_class=tokenizer, optimizers=(optimizer, None),
        callbacks=[Stop(stop_after)],
    )  # fmt: skip
    trainer = lehr.integrations.for_transformers(trainer, "cosine", warmup_steps="10%", max_lr=0.01)
    return rates_of(trainer, optimizer, stop_after), trainer


def main() -> None:
    with TemporaryDirectory() as folder:
        before, _ = train(folder, 23)
        after, trainer = train(folder, None)
    check(trainer.lr_scheduler.schedule, before[:20], after)  # the last checkpoint was written after 20 updates


if __name__ == "__main__":
    main()
