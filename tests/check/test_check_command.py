"""`lehr check`: schedules and configs of frameworks, exit codes, JSON, and the hook of pre-commit."""

import json
from pathlib import Path

import pytest
from command_line import error, process, run
from ruamel.yaml import YAML

import lehr
from lehr.check import RunFacts, of_config

ROOT = Path(__file__).parent.parent.parent
COSINE = ("check", "cosine", "--training-steps", "1000", "--warmup-steps", "50", "--max-lr", "1e-3")


def checked(*words):
    """The exit code and what was printed."""
    done = run(*words)
    return done.exit_code, done.stdout


@pytest.fixture
def arguments(tmp_path):
    """The JSON that transformers itself writes."""
    from transformers import TrainingArguments

    given = TrainingArguments(
        output_dir=str(tmp_path), lr_scheduler_type="cosine", learning_rate=1e-3, num_train_epochs=3, warmup_steps=0.1,
        per_device_train_batch_size=32, gradient_accumulation_steps=4, report_to="none", use_cpu=True,
    )  # fmt: skip
    path = tmp_path / "training_args.json"
    path.write_text(given.to_json_string())
    return path


def test_the_exit_code_is_that_of_the_process():
    assert process(*COSINE, "--updates", "1000").returncode == 0
    assert process(*COSINE, "--updates", "2000").returncode == 1


def test_nothing_found():
    assert checked(*COSINE, "--updates", "1000") == (0, "nothing found\n")


def test_an_error_fails():
    code, said = checked(*COSINE, "--updates", "2000")
    assert code == 1
    assert said.splitlines() == [
        "error: the schedule of 1,000 steps ends after update 1,000 of 2,000",
        "  where  updates 1,000 to 1,999",
        "  why    50.0% of the run does nothing",
        "  fix    give the schedule 2,000 steps, or the run another length",
        "  rule   schedule-too-short (pitfall 4)",
    ]


def test_a_warning_fails_only_if_it_is_asked_to():
    words = ("check", "Ramp(0, 1e-3, 10).then(Ramp(1e-3, 0, 90))")
    assert checked(*words)[0] == 0
    assert checked(*words, "--strict")[0] == 1


def test_json():
    code, said = checked(*COSINE, "--updates", "2000", "--json")
    ((name, (finding,)),) = json.loads(said).items()
    assert (code, name, finding["rule"], finding["level"]) == (1, "cosine", "schedule-too-short", "error")
    assert set(finding) == {"rule", "level", "what", "where", "why", "fix", "pitfall"}


def test_the_arguments_of_transformers_say_the_checked(arguments):
    """3 epochs of 50,000 samples in updates of 32 x 4 x 8: 1,563 batches, 49 updates (48.8) in each."""
    facts = RunFacts(samples=50_000, world=8)
    subject = of_config(json.loads(arguments.read_text()), facts)
    assert subject.facts.run_updates == 3 * 49
    assert subject.schedule.length == 3 * 49
    assert subject.facts.lr == 1e-3
    assert [finding.rule for finding in subject.findings] == ["first-rate-zero"]
    assert checked("check", str(arguments), "--samples", "50k", "--world", "8")[0] == 0
    assert "num_training_steps" in error("check", str(arguments))


def test_what_is_given_goes_before_the_config():
    config = {"lr_scheduler_type": "linear", "max_steps": 100, "learning_rate": 1e-3}
    subject = of_config(config, RunFacts(updates=200))
    assert (subject.facts.run_updates, subject.schedule.length) == (200, 100)
    assert "schedule-too-short" in {finding.rule for finding in subject.findings}


def test_deepspeed_contradicts_itself():
    params = {"warmup_max_lr": 1e-3, "warmup_num_steps": 100, "warmup_type": "linear", "total_num_steps": 1000}
    config = {
        "train_batch_size": 100, "train_micro_batch_size_per_gpu": 8, "gradient_accumulation_steps": 4,
        "scheduler": {"type": "WarmupDecayLR", "params": params},
    }  # fmt: skip
    assert of_config(config, RunFacts()).contradictions[0].rule == "batch-contradicts-itself"
    assert of_config(config | {"train_batch_size": 128}, RunFacts()).contradictions == ()
    assert of_config(config | {"train_batch_size": 128}, RunFacts()).facts.world == 4


def test_torchtitan_s_two_lengths():
    config = {"training": {"steps": 2_000}, "optimizer": {"lr": 1e-3}, "lr_scheduler": {"total_steps": 1_000}}
    assert {one.rule for one in of_config(config, RunFacts()).findings} >= {"schedule-too-short"}
    assert of_config(config | {"training": {"steps": 1_000}}, RunFacts()).findings == ()


def test_lightning_moves_a_schedule_once_an_epoch(tmp_path):
    config = {
        "trainer": {"max_epochs": 10, "devices": 1},
        "data": {"init_args": {"batch_size": 10}},
        "optimizer": {"class_path": "torch.optim.AdamW", "init_args": {"lr": 1e-3}},
        "lr_scheduler": {
            "class_path": "torch.optim.lr_scheduler.CosineAnnealingLR", "init_args": {"T_max": 1_000}
        },
    }  # fmt: skip
    (found,) = of_config(config, RunFacts(samples=1_000)).findings
    assert (found.rule, found.pitfall) == ("schedule-too-long", 3)
    assert "uses 10 of the schedule's 1,000 steps (1.0%)" in found.what
    config["lr_scheduler"]["init_args"]["T_max"] = 10
    assert of_config(config, RunFacts(samples=1_000)).findings == ()
    path = tmp_path / "config.json"
    path.write_text(json.dumps(config))
    assert checked("check", str(path), "--samples", "1k")[0] == 0


def test_several_files_and_a_bad_one(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name, steps in (("good", 100), ("bad", 50)):
        lehr.spec.write(lehr.linear(steps, 5, max_lr=1e-3), tmp_path / f"{name}.yaml")
    code, said = checked("check", "good.yaml", "bad.yaml", "--updates", "100")
    assert (code, said.startswith("good.yaml:\nnothing found\n\nbad.yaml:\nerror: ")) == (1, True)
    (tmp_path / "other.json").write_text('{"a": 1}')
    assert "no framework recognises" in error("check", str(tmp_path / "other.json"))


def test_an_unresolved_config_is_refused():
    config = {"lr": 1e-3, "s": {"_target_": "torch.optim.lr_scheduler.StepLR", "step_size": "${steps}"}}
    with pytest.raises(ValueError, match=r"step_size='\${steps}', which is not resolved"):
        of_config(config, RunFacts())


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--batch-ramp", "8,8"), "three integers"),
        (("--group-lrs", "high"), "numbers, such as 1e-3,1e-4"),
        (("--step-per", "epoch"), "needs the updates of an epoch"),
        (("--batch", "0"), "0 is not in the range x>=1"),
    ],
)
def test_options_that_cannot_be_are_refused(words, message):
    assert message in error(*COSINE, *words)


def test_the_hook_of_pre_commit_is_the_command():
    (hook,) = YAML(typ="safe").load((ROOT / ".pre-commit-hooks.yaml").read_text())
    assert hook["id"] == "lehr-check"
    assert hook["language"] == "python"
    assert hook["entry"].split() == ["lehr", "check"]
