"""lehr fit: what it reads, says and writes."""

import json

import pytest
from shell import COSINE, STABLE, STABLE_TEXT, TEXT, output, process, rows, write_csv

from lehr import spec
from lehr.forecast import Law, Prior, default_prior, read_run, write_priors
from lehr.forecast import fit as fit_law


def test_fit_writes_the_law_of_the_logs_and_says_what_it_read(here):
    printed = output("fit", "stable.csv", "cosine.csv", "-o", "new.json")
    assert (here / "new.json").read_bytes() == (here / "law.json").read_bytes()
    head, stable, cosine = (line.split() for line in printed.splitlines()[:3])
    assert head == ["log", "losses", "updates", "peak", "warmup", "last", "loss", "median", "error", "rates"]
    last = [f"{rows(schedule)[-1]['val_loss']:.4f}" for schedule in (STABLE, COSINE)]
    assert (stable[:4], stable[5:6], stable[7]) == (["stable.csv", "80", "4,000", "0.001"], last[:1], "logged")
    assert (cosine[:4], cosine[5:6], cosine[7]) == (["cosine.csv", "80", "4,000", "0.001"], last[1:], "logged")
    assert all(float(row[6].rstrip("%")) < 0.1 for row in (stable, cosine))
    law = Law.read("law.json")
    flat = " ".join(printed.split())
    assert "kww law" not in flat
    verbose = " ".join(output("fit", "stable.csv", "cosine.csv", "-o", "new.json", "--verbose").split())
    assert f"kww law, prior from {default_prior('kww').source}: - L0 " in verbose
    assert all(note.replace("\n", " ") in flat.replace("- ", "") for note in law.notes)
    assert law.experiment().description in flat
    assert repr(law.experiment().schedule) in flat
    assert printed.endswith("wrote new.json\n")


def test_each_log_has_the_schedule_that_was_said_for_it(here):
    printed = output(
        "fit", "stable.csv", "cosine.csv", "--schedule", f"cosine.csv={TEXT}", "--schedule", STABLE_TEXT, "-o", "a.json"
    )
    assert [line.split("%")[1].strip() for line in printed.splitlines()[1:3]] == [STABLE_TEXT, TEXT]
    runs = [read_run("stable.csv", STABLE, name="stable.csv"), read_run("cosine.csv", COSINE, name="cosine.csv")]
    assert (here / "a.json").read_text() == fit_law(runs).to_json() + "\n"


def test_a_schedule_may_be_a_file_and_come_from_standard_input(here):
    spec.write(COSINE, here / "lr=1.yaml")
    wanted = fit_law(read_run("cosine.csv", COSINE, name="cosine.csv")).to_json() + "\n"
    for text in ("lr=1.yaml", "cosine.csv=lr=1.yaml", "-", "cosine.csv=-"):
        output("fit", "cosine.csv", "--schedule", text, "-o", "a.json", stdin=spec.to_yaml(COSINE))
        assert (here / "a.json").read_text() == wanted


def test_logs_of_one_name_are_told_apart(here):
    for folder, schedule in (("lr=1", STABLE), ("lr=2", COSINE)):
        (here / folder).mkdir()
        write_csv(here / folder / "metrics.csv", rows(schedule))
    one, two = "lr=1/metrics.csv", "lr=2/metrics.csv"
    printed = output("fit", one, two, "--schedule", f"{two}={TEXT}", "-o", "a.json")
    assert [line.split()[0] for line in printed.splitlines()[1:3]] == [one, two]
    assert printed.splitlines()[1].endswith("logged")
    assert printed.splitlines()[2].endswith(TEXT)


def test_what_is_wrong_with_a_log_is_said_once_and_by_line(here):
    entries = rows(STABLE)
    entries[20]["val_loss"] = 9.0
    entries[30], entries[31] = entries[31], entries[30]
    entries[40]["val_loss"] = "n/a"
    write_csv(here / "bad.csv", entries)
    done = process("fit", "bad.csv", "cosine.csv", "-o", "a.json", cwd=here)  # where warnings would be shown
    assert (done.returncode, done.stderr) == (0, "")
    flat = " ".join(done.stdout.split())
    for said in ("spikes in line 22", "out of order in line 33", "no number in line 42"):
        assert flat.count(said) == 1
        assert f"bad.csv: {'the loss ' if 'spikes' in said else ''}" in flat
    assert "cosine.csv:" not in flat


def test_what_all_logs_share_is_said_once(here):
    for name in ("a", "b"):
        write_csv(here / f"{name}.csv", [{"step": r["updates"] - 1, "val_loss": r["val_loss"]} for r in rows(STABLE)])
    printed = output("fit", "a.csv", "b.csv", "--schedule", "-", "-o", "a.json", stdin=STABLE_TEXT)
    assert printed.count("- All: `step` was read as the index of an update.") == 1
    assert printed.count("was read as") == 1


def test_a_run_that_ends_too_soon_has_no_misfit(here):
    write_csv(here / "early.csv", rows(STABLE)[:3])
    printed = output("fit", "stable.csv", "early.csv", "-o", "a.json")
    assert len(printed.splitlines()[2].split()) == 7
    assert "early.csv was left out: it has no loss after its warmup" in " ".join(printed.split())


def _tsv(path):
    write_csv(path.with_suffix(".tsv"), rows(COSINE), delimiter="\t")
    return path.with_suffix(".tsv")


def _jsonl(path):
    path.with_suffix(".jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows(COSINE)))
    return path.with_suffix(".jsonl")


def _trainer_state(path):
    history = [{"step": r["updates"], "learning_rate": r["lr"], "eval_loss": r["val_loss"]} for r in rows(COSINE)]
    path.with_suffix(".json").write_text(json.dumps({"log_history": history}))
    return path.with_suffix(".json")


def _tensorboard(path):
    pytest.importorskip("tensorboard")
    from torch.utils.tensorboard import SummaryWriter

    with SummaryWriter(str(path)) as writer:
        for row in rows(COSINE):
            writer.add_scalar("val_loss", row["val_loss"], row["updates"] - 1)
            writer.add_scalar("lr", row["lr"], row["updates"] - 1)
    return path


@pytest.mark.parametrize("write", [_tsv, _jsonl, _trainer_state, _tensorboard])
def test_every_kind_of_log(write, here):
    log = write(here / "log").name
    *_, row = (line for line in output("fit", log, "-o", "a.json").splitlines() if line.startswith(f"{log} "))
    assert row.split()[1:4] == ["80", "4,000", "0.001"]


@pytest.mark.parametrize(
    ("words", "reading", "fitting"),
    [
        (["--loss", "train_loss"], {"loss": "train_loss"}, {}),
        (["--step", "seen"], {"step": "seen"}, {}),
        (["--step", "seen", "--step-counts", "updates"], {"step": "seen", "step_counts": "updates"}, {}),
        (["--lr", "half"], {"lr": "half"}, {}),
        (["--where", "host=a"], {"where": {"host": "a"}}, {}),
        (["--warmup-steps", "0.3k"], {"warmup_steps": 300}, {}),
        (["--warmup-steps", "0"], {"warmup_steps": 0}, {}),
        (["--ema", "0.9"], {"ema": 0.9}, {}),
        (["--noise", "0.01"], {"noise": 0.01}, {}),
        (["--law", "mpl"], {}, {"law": "mpl"}),
        (["--prior", "mine.json"], {}, {"prior": "mine.json"}),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_options_are_those_of_python(words, reading, fitting, here):
    entries = [
        {**r, "train_loss": r["val_loss"] + 0.1, "half": r["lr"] / 2, "seen": r["updates"], "host": "ab"[i > 60]}
        for i, r in enumerate(rows(COSINE))
    ]
    write_csv(here / "log.csv", entries)
    own = default_prior("kww")
    write_priors([Prior("kww", own.mean + 0.1, own.covariance)], "mine.json")
    output("fit", "log.csv", *words, "-o", "a.json")
    wanted = fit_law(read_run("log.csv", name="log.csv", **reading), **fitting)
    assert (here / "a.json").read_text() == wanted.to_json() + "\n"
    without = {"step": "seen"} if "step_counts" in reading else {}
    assert wanted.to_json() != fit_law(read_run("log.csv", name="log.csv", **without)).to_json()


def test_a_law_is_replaced_by_a_new_one(here):
    output("fit", "stable.csv", "-o", "law.json")
    assert Law.read("law.json").to_json() == fit_law(read_run("stable.csv", name="stable.csv")).to_json()
