"""``lehr import``: the framework, the spec, the picture and the comparison, from each framework's own config file."""

import pathlib
import subprocess
import sys

import pytest
import torch
from catalogue.trainers import quietly
from command_line import error, output, run
from stepped import sgd
from torch.optim.lr_scheduler import ChainedScheduler, OneCycleLR

from lehr import spec
from lehr.importers import from_torch

CONFIGS = {
    "composer.yaml": """
max_duration: 1000ba
optimizer: {name: adamw, lr: 6.0e-4}
scheduler: {name: cosine_with_warmup, t_warmup: 100ba, alpha_f: 0.1}
""",
    "deepspeed.json": """
{"train_batch_size": 32, "scheduler": {"type": "WarmupDecayLR", "params":
{"warmup_min_lr": 0, "warmup_max_lr": 0.001, "warmup_num_steps": 100, "total_num_steps": 1000}}}
""",
    "fairseq.yaml": """
lr_scheduler: inverse_sqrt
lr: [0.0005]
warmup_updates: 400
warmup_init_lr: 1.0e-07
max_update: 5000
""",
    "keras.json": """
{"module": "keras.optimizers.schedules", "class_name": "CosineDecay", "registered_name": null, "config":
{"initial_learning_rate": 0.001, "decay_steps": 1000, "alpha": 0.0, "warmup_target": null, "warmup_steps": 0}}
""",
    "megatron.yaml": """
lr: 1.0e-3
min_lr: 1.0e-4
lr_decay_style: cosine
lr_decay_iters: 1000
lr_warmup_iters: 100
train_iters: 1000
global_batch_size: 8
""",
    "nanogpt.py": """
learning_rate = 6e-4
max_iters = 1000
lr_decay_iters = 1000
warmup_iters = 100
min_lr = 6e-5
gradient_accumulation_steps = 5 * 8
raise SystemExit("executed")
""",
    "olmo.yaml": """
train_module:
  scheduler: {_CLASS_: olmo_core.optim.scheduler.CosWithWarmup, warmup_steps: 100}
  optim: {lr: 1.0e-3}
trainer:
  max_duration: {value: 1000, unit: steps}
""",
    "torchtitan.toml": """
[training]
steps = 1000
[optimizer]
lr = 3e-4
[lr_scheduler]
warmup_steps = 100
decay_type = "linear"
""",
    "optax.yaml": """
name: warmup_cosine_decay_schedule
init_value: 0.0
peak_value: 0.001
warmup_steps: 100
decay_steps: 1000
""",
    "pytorch_optimizer.yaml": """
name: REXScheduler
total_steps: 1000
max_lr: 0.001
""",
    "transformers.json": """
{"lr_scheduler_type": "linear", "learning_rate": 3e-4, "max_steps": 1000, "warmup_steps": 100}
""",
}


def framework(name):
    return name.partition(".")[0]


@pytest.fixture
def written(tmp_path):
    def write(name):
        path = tmp_path / name
        path.write_text(CONFIGS[name])
        return str(path)

    return write


@pytest.fixture
def checkpoint(tmp_path):
    """A run with a OneCycleLR, saved after 20 of 500 steps."""
    optimizer = sgd(0.1)
    scheduler = OneCycleLR(optimizer, 1.0, 500)
    for _ in range(20):
        optimizer.step()
        scheduler.step()
    path = tmp_path / "run.pt"
    torch.save({"optimizer": optimizer.state_dict(), "scheduler": scheduler.state_dict(), "step": 20}, path)
    return str(path), scheduler


@pytest.mark.parametrize("name", CONFIGS)
def test_each_framework_is_recognised(name, written):
    lines = output("import", written(name), "--no-check").splitlines()
    assert lines[0] == framework(name)
    schedule = spec.from_text(lines[1])
    assert 0 < schedule._highest <= 1e-3
    assert "(rate)" in lines[3]


def test_the_comparison_with_the_original(written):
    pytest.importorskip("transformers")
    done = run("import", written("transformers.json"))
    assert "compared with transformers itself, which computes in float64, over 1,000 steps: the largest" in done.stdout
    assert float(done.stdout.partition("relative difference is ")[2].split()[0].rstrip(",")) < 1e-12


def test_a_float32_original(written, monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    quietly(lambda: pytest.importorskip("keras"))
    said = " ".join(output("import", written("keras.json")).split())
    assert "compared with keras itself, which computes in float32, over 1,000 steps" in said


def test_what_is_not_compared_says_why(written, monkeypatch):
    assert "not compared: nanogpt cannot be run from this config alone" in output("import", written("nanogpt.py"))
    for module in ("deepspeed", "deepspeed.runtime.lr_schedules"):
        monkeypatch.setitem(sys.modules, module, None)
    missing = "not compared: deepspeed is not installed; `pip install deepspeed` allows it"
    assert missing in output("import", written("deepspeed.json"))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ("total_num_steps=5000", "changes nothing in the schedule; did you mean scheduler.params.total_num_steps?"),
        ("nonsense=5", "lehr: note: --set nonsense=5 changes nothing in the schedule\n"),
        ("scheduler.params.total_num_steps=1000", ""),  # as the config says
        ("scheduler.params.total_num_steps=5000", ""),
    ],
)
def test_a_setting_that_changes_nothing_is_said(change, says, written):
    noted = run("import", written("deepspeed.json"), "--no-check", "--set", change).stderr
    assert says in noted
    assert bool(says) == ("changes nothing" in noted)


def test_deepspeed_itself(written):
    pytest.importorskip("deepspeed")
    assert "compared with deepspeed itself" in output("import", written("deepspeed.json"))


def test_a_checkpoint(checkpoint):
    path, scheduler = checkpoint
    done = run("import", path)
    assert done.exit_code == 0
    assert "lehr: note: OneCycleLR extrapolates to 2.41418e-05, and then raises," in done.stderr
    assert done.stdout.startswith("torch\n")
    assert "compared with torch itself, which computes in float64, over 500 steps" in done.stdout
    assert spec.from_text(done.stdout.splitlines()[1]) == quietly(lambda: from_torch(scheduler))


def test_after_peer(checkpoint):
    path, scheduler = checkpoint
    lines = output("import", path, "--after", "peer", "--no-check").splitlines()
    assert spec.from_text(lines[1]) == from_torch(scheduler, after="peer")


@pytest.mark.parametrize("suffix", [".json", ".yaml", ".toml", ".txt"])
def test_out(suffix, written, tmp_path):
    path = tmp_path / f"schedule{suffix}"
    said = output("import", written("nanogpt.py"), "--no-check", "--out", str(path))
    assert said.endswith(f"wrote {path}\n")
    assert spec.read(path) == spec.from_text(said.splitlines()[1])


def test_a_setting_is_changed(written):
    said = output(
        "import", written("transformers.json"), "--no-check", "--set", "max_steps=200", "--set", "warmup_steps=0"
    )
    assert spec.from_text(said.splitlines()[1]).length == 200
    said = output("import", written("deepspeed.json"), "--no-check", "--set", "scheduler.params.total_num_steps=300")
    assert spec.from_text(said.splitlines()[1]).length == 301  # its rates come one update late


def test_a_setting_may_be_a_number_of_thousands(written):
    said = output("import", written("transformers.json"), "--no-check", "--set", "max_steps=1.5k")
    assert spec.from_text(said.splitlines()[1]).length == 1_500


def test_what_is_needed_is_said_in_options(tmp_path):
    """Not in arguments of Python, for which the command line has no word."""
    arguments, config = tmp_path / "training_args.json", tmp_path / "config.py"
    arguments.write_text('{"lr_scheduler_type": "cosine", "learning_rate": 5e-5, "num_train_epochs": 3}')
    said = error("import", str(arguments))
    assert said.endswith("(num_train_epochs=3); give its updates, --set max_steps=20k")
    config.write_text("max_iters = 600000\nwarmup_iters = 2000\nlr_decay_iters = 600000\n")
    assert error("import", str(config)).endswith("; --framework NAME says whose it is")


def test_a_framework_is_chosen(written, tmp_path):
    path = tmp_path / "both.json"
    both = CONFIGS["deepspeed.json"].strip()[:-1] + "," + CONFIGS["transformers.json"].strip()[1:]
    path.write_text(both)
    assert "may be one of deepspeed or of transformers" in error("import", str(path))
    assert output("import", str(path), "--no-check", "--framework", "deepspeed").startswith("deepspeed\n")


def test_tabulate(tmp_path):
    """A chain that is no product."""
    optimizer = sgd(0.1)
    parts = [
        torch.optim.lr_scheduler.LinearLR(optimizer, 0.1, 1, 5),
        torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 9, 0.01),
    ]
    path = tmp_path / "run.pt"
    torch.save(ChainedScheduler(parts).state_dict(), path)
    assert "a ChainedScheduler is a product only of" in error("import", str(path))
    lines = output("import", str(path), "--tabulate", "40").splitlines()
    assert lines[1].startswith("Table(rates=(0.01")
    assert "largest relative difference is 0.0e+00" in lines[-1]
    lines = output("import", str(path), "--tabulate", "4000", "--no-check").splitlines()
    assert lines[1].endswith("characters; --out FILE writes all)")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ([], "Missing argument 'FILE'"),
        (["nowhere.json"], "nowhere.json: No such file or directory"),
        (["nowhere.ini"], "a config ends in .json"),
        (["nowhere\n.json"], "nowhere .json: No such"),
        ([".", "--no-check"], "is a directory"),
    ],
)
def test_what_is_refused(words, says):
    assert says in error("import", *words)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--framework", "transformer"], "did you mean 'transformers'"),
        (["--after", "never"], "'never' is not one of 'hold', 'peer'"),
        (["--set", "max_steps"], "--set takes KEY=VALUE, such as max_steps=20000; got 'max_steps'"),
        (["--set", "learning_rate.x=3"], "leads into 0.0003, which is no mapping"),
        (["--set", "max_steps=-1"], "number of updates of the run is needed"),
        (["--set", "lr_scheduler_type=reduce_lr_on_plateau"], "Plateau"),
        (["--out", "schedule.csv"], "a spec file ends in .json"),
        (["--tabulate", "0"], "a number of steps of at least 1"),
    ],
)
def test_options_that_are_refused(words, says, written):
    assert says in error("import", written("transformers.json"), *words)


def saved(tmp_path, state, name="run.pt"):
    torch.save(state, tmp_path / name)
    return str(tmp_path / name)


@pytest.fixture
def two_optimizers(tmp_path):
    """A Lightning checkpoint of two optimizers, the second with two param groups; each scheduler has its own's."""
    first, second = sgd(0.1), sgd(0.01, 0.02, names=("body", "head"))
    schedulers = [OneCycleLR(first, 0.5, 100), OneCycleLR(second, [0.3, 0.4], 50)]
    state = {
        "state_dict": {"w": torch.ones(3)},
        "optimizer_states": [first.state_dict(), second.state_dict()],
        "lr_schedulers": [scheduler.state_dict() for scheduler in schedulers],
    }
    return saved(tmp_path, state, "last.ckpt"), schedulers


def test_a_scheduler_and_a_group_of_a_checkpoint(two_optimizers):
    path, schedulers = two_optimizers
    assert "schedulers at lr_schedulers.0, lr_schedulers.1: say which, with --scheduler" in error("import", path)
    assert "lr_schedulers.1: say which" in error("import", path, "--scheduler", "lr_schedulers.2")
    assert "first values are body: 0.012, head: 0.016" in error("import", path, "--scheduler", "lr_schedulers.1")
    for place, group, scheduler in ((0, "0", 0), (1, "1", 1), (1, "head", 1)):
        chosen = ["--scheduler", f"lr_schedulers.{place}", "--group", group]
        done = run("import", path, *chosen)
        ours = quietly(lambda which=scheduler, index=int(group != "0"): from_torch(schedulers[which], group=index))
        assert spec.from_text(done.stdout.splitlines()[1]) == ours
        assert float(done.stdout.partition("relative difference is ")[2].split()[0].rstrip(",")) < 1e-12
    assert "unknown param group 'tail'" in error("import", path, "--scheduler", "lr_schedulers.1", "--group", "tail")


def test_a_group_is_of_a_checkpoint(written):
    for option in ("--group", "--scheduler"):
        assert "for a torch checkpoint, not for a config of deepspeed" in error(
            "import", written("deepspeed.json"), option, "0"
        )


@pytest.mark.parametrize(
    ("state", "says"),
    [
        ({"model": {"w": torch.zeros(3)}}, "has no state of a scheduler of torch"),
        ({"scheduler": {"last_epoch": 3, "lr_lambdas": [None], "base_lrs": [0.1]}}, "the JSON of its TrainingArgum"),
        ({"lehr": {"schedule": {}, "version": 1}}, "which the load_state_dict of a lehr.Scheduler takes"),
        ([1, 2], "a mapping with names as its keys"),
    ],
    ids=["model", "functions", "lehr", "list"],
)
def test_a_checkpoint_without_a_schedule(state, says, tmp_path):
    assert says in error("import", saved(tmp_path, state))


def test_training_arguments_as_a_pickle(tmp_path):
    path = saved(tmp_path, {"args": pathlib.PurePosixPath()}, "training_args.bin")
    assert "save what TrainingArguments.to_json_string() gives as a .json" in error("import", path)


@pytest.mark.parametrize("suffix", [".json", ".yaml", ".toml", ".py", ".pt"])
def test_an_empty_file(suffix, tmp_path):
    path = tmp_path / f"config{suffix}"
    path.touch()
    assert f"config{suffix}: the file is empty" in error("import", str(path))


def test_a_large_checkpoint_is_mapped(tmp_path):
    """Its tensors are not read."""
    weights = torch.zeros(50_000_000)
    scheduler = torch.optim.lr_scheduler.StepLR(sgd(0.1), 3)
    path = saved(tmp_path, {"model": weights, "scheduler": scheduler.state_dict()})
    assert "Exponential(start=0.1, factor=0.1, every=3" in output("import", path, "--no-check")


def test_a_framework_without_a_file(written):
    says = error("import", written("deepspeed.json"), "--framework", "ignite")
    assert "ignite has no config file: call lehr.importers.from_ignite(scheduler)" in says
    assert "from_ignite" in output("import", "--help")


def test_a_config_without_a_schedule(tmp_path):
    path = tmp_path / "trainer_state.json"
    path.write_text('{"log_history": [{"step": 1, "learning_rate": 0.1}], "global_step": 1}')
    assert "give the training_args.json" in error("import", str(path))


def test_no_framework_is_loaded_where_it_is_not_needed(written):
    """Reading a config needs none; a checkpoint needs torch."""
    code = (
        "import sys\n"
        "from lehr.cli import main\n"
        "for path in sys.argv[1:]:\n"
        "    main(['import', path, '--no-check'], standalone_mode=False)\n"
        "loaded = [m for m in ('torch', 'transformers', 'keras', 'jax', 'optax', 'timm') if m in sys.modules]\n"
        "assert not loaded, loaded\n"
    )
    done = subprocess.run([sys.executable, "-c", code, *map(written, CONFIGS)], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
