"""TRL's SFTTrainer under a lehr schedule, with a model and a tokenizer made here: train, stop, resume, check each rate.

python -m examples.with_trl
"""

import textwrap
from contextlib import suppress
from tempfile import TemporaryDirectory
from typing import Any

import datasets
import tokenizers
import torch
import transformers
from trl import SFTConfig, SFTTrainer  # type: ignore[attr-defined]  # found lazily

import lehr

from .bigrams import check, watched
from .with_transformers import Stop

LINES = [line for line in textwrap.__doc__.splitlines() * 80 if line.strip()][:80]


def tokenizer() -> Any:
    """One token for each word of the text."""
    words = ["<pad>", "<eos>", "<unk>", *sorted({word for line in LINES for word in line.split()})]
    model = tokenizers.models.WordLevel({word: number for number, word in enumerate(words)}, unk_token="<unk>")
    made = tokenizers.Tokenizer(model)
    made.pre_tokenizer = tokenizers.pre_tokenizers.WhitespaceSplit()
    return transformers.PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]  # it has no types
        tokenizer_object=made, pad_token="<pad>", eos_token="<eos>", unk_token="<unk>"
    )


def train(folder: str, stop_after: int | None) -> tuple[list[float], Any]:
    """Train, from the last checkpoint if there is one."""
    words = tokenizer()
    config = transformers.LlamaConfig(
        vocab_size=len(words), hidden_size=16, intermediate_size=32, num_hidden_layers=1, num_attention_heads=2,
        max_position_embeddings=32, pad_token_id=0, eos_token_id=1, bos_token_id=1,
    )  # fmt: skip
    model = transformers.LlamaForCausalLM(config)
    optimizer = torch.optim.AdamW(model.parameters())
    arguments = SFTConfig(
        output_dir=folder, per_device_train_batch_size=4, num_train_epochs=2, save_steps=10, max_length=32,
        report_to=[], disable_tqdm=True, use_cpu=True, bf16=False, gradient_checkpointing=False, logging_strategy="no",
    )  # fmt: skip
    trainer = SFTTrainer(
        model, arguments, train_dataset=datasets.Dataset.from_dict({"text": LINES}), processing_class=words,
        optimizers=(optimizer, None), callbacks=[Stop(stop_after)],
    )  # fmt: skip
    trainer = lehr.integrations.for_transformers(trainer, "cosine", warmup_steps="10%", max_lr=0.01)
    used = watched(optimizer)
    with suppress(KeyboardInterrupt):
        trainer.train(resume_from_checkpoint=stop_after is None)
    return used, trainer


def main() -> None:
    with TemporaryDirectory() as folder:
        before, _ = train(folder, 23)
        after, trainer = train(folder, None)
    check(before[:20] + after, trainer.lr_scheduler.schedule)  # the last checkpoint was written after 20 updates


if __name__ == "__main__":
    main()
