"""An error of the forecast's commands is one line, and changes no file."""

import json
from importlib import resources

import pytest
from shell import STABLE, error, rows, write_csv

from lehr.forecast import Law, default_prior, write_priors

SHIPPED = json.loads((resources.files("lehr.forecast") / "priors.json").read_text())


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("fit", "Missing argument 'LOG...'"),
        ("fit stable.csv", "Missing option '-o' / '--out'"),
        ("fit -o stable.csv cosine.csv", "--out must be a law file, which ends in .json, got 'stable.csv'"),
        ("fit -o log.json stable.csv", "--out is 'log.json', which exists and is not a law file"),
        ("fit stable.csv -o nowhere/law.json", "nowhere/law.json cannot be written"),
        ("fit nowhere.csv -o a.json", "nowhere.csv cannot be read"),
        ("fit text.log -o a.json", "text.log ends in '.log'"),
        ("fit law.json -o a.json", "law.json is neither a trainer_state.json"),
        ("fit empty.csv -o a.json", "empty.csv has no rows"),
        ("fit other.csv -o a.json", "no usual column for `step` among epoch, score; say --step ..."),
        ("fit two.csv -o a.json", "say which, --loss 'val_loss'"),
        ("fit sets.csv -o a.json", "say which, --where split=a"),
        ("fit late.csv -o a.json", "--warmup-steps ..., 0 for none"),
        ("fit norate.csv -o a.json", "say which column has them, --lr ..., or give the schedule"),
        ("fit early.csv -o a.json", "no run has a loss after its warmup"),
        ("fit stable.csv --loss x -o a.json", "stable.csv has no column 'x' for `loss`"),
        ("fit stable.csv --where x -o a.json", "--where takes NAME=VALUE, such as split=val; got 'x'"),
        ("fit stable.csv --where x=1 -o a.json", "stable.csv has no row where"),
        ("fit stable.csv --warmup-steps -1 -o a.json", "a number of steps of at least 0"),
        ("fit stable.csv --ema 1 -o a.json", "`ema` must be"),
        ("fit stable.csv --step-counts tokens -o a.json", "'tokens' is not one of 'index', 'updates'"),
        ("fit stable.csv --law cubic -o a.json", "unknown law 'cubic'; Available: kww"),
        ("fit stable.csv --prior nowhere.json -o a.json", "nowhere.json: No such file"),
        ("fit stable.csv --prior law.json -o a.json", "law.json: this is not a file of priors"),
        ("fit stable.csv --prior old.json -o a.json", "old.json: expected a file of priors of version 3"),
        ("fit stable.csv stable.csv -o a.json", "stable.csv is given twice"),
        ("fit stable.csv --schedule linear(9,max_lr=1) --schedule cosine(9,max_lr=1) -o a.json", "LOG=SCHEDULE"),
        ("fit stable.csv --schedule stable.csv=rex(9,0,1) --schedule stable.csv=rex(8,0,1) -o a.json", "two schedules"),
        ("fit stable.csv --schedule stabel.csv=linear(9,max_lr=1) -o a.json", "stabel.csv is not among the logs"),
        ("fit stable.csv --schedule cosine(9 -o a.json", "is not a schedule"),
        ("fit stable.csv --schedule cosine(4k,max_lr=1) -o a.json", "the logged rates differ from the schedule"),
        ("fit x x=y.csv --schedule x=y.csv=linear(9,max_lr=1) -o a.json", "may mean x or x=y.csv; rename one"),
        ("forecast", "Missing argument 'LAW'"),
        ("forecast law.json", "Missing argument 'SCHEDULE...'"),
        ("forecast linear(9,max_lr=1) cosine(9,max_lr=1)", "linear(9,max_lr=1): no such law file; `lehr fit"),
        ("forecast stable.csv cosine(9,max_lr=1)", "stable.csv: this is not a law file"),
        ("forecast broken.json cosine(9,max_lr=1)", "broken.json: the peak rates of a law must be"),
        ("forecast future.json cosine(9,max_lr=1)", "future.json: expected a law file of version 3"),
        ("forecast law.json cosin", "did you mean 'cosine'?"),
        ("forecast law.json constant(max_lr=1e-3)", "constant(max_lr=1e-3) never ends: give the updates after which"),
        ("forecast law.json cosine(9,max_lr=1) --at 0", "at least 1"),
        ("forecast law.json cosine(9,max_lr=1) --at 1,,2", "at least 1"),
        ("forecast law.json cosine(9,max_lr=1) --level 1", "`level` is the share of losses"),
        ("forecast law.json cosine(9,max_lr=1) --format xml", "'xml' is not one of 'csv', 'json'"),
        ("forecast law.json cosine(9,max_lr=1) --format csv --out a.png", "give one of them"),
        ("forecast law.json cosine(9,max_lr=1) --out picture", "ends in .png"),
        ("forecast law.json cosine(9,max_lr=1) --out nowhere/a.png", "nowhere/a.png cannot be written"),
        ("forecast law.json linear(9,max_lr=0)", "a rate of at least 1e-12"),
        (" ".join(["forecast law.json", *(f"linear({n},max_lr=1)" for n in range(1, 29))]), "at most 26"),
        ("optimise law.json", "Missing option '--training-steps'"),
        ("optimise nowhere.json --training-steps 9k", "no such law file"),
        ("optimise law.json --training-steps 0", "at least 1"),
        ("optimise law.json --training-steps 100", "`warmup_steps` must leave at least two of the 100 updates"),
        ("optimise law.json --training-steps 9k --min-lr 1", "`min_lr` must be at least 0 and below `max_lr`"),
        ("optimise law.json --training-steps 9k --max-lr nan", "`min_lr` must be at least 0 and below `max_lr`"),
        ("optimise law.json --training-steps 9k --max-lr inf", "must be from 1e-12 to 1e+06, got inf"),
        ("optimise law.json --training-steps 9k --out best.csv", "--out must be a spec file, which ends in .json"),
        ("optimise law.json --training-steps 9k --out law.json", "which is the law file itself"),
        ("optimise law.json --training-steps 1k --out nowhere/best.json", "cannot be written"),
    ],
)  # fmt: skip
def test_an_error_is_one_line_and_changes_no_file(words, said, here):
    law = json.loads((here / "law.json").read_text())
    (here / "broken.json").write_text(json.dumps(law | {"peaks": [0, 1]}))
    (here / "future.json").write_text(json.dumps(law | {"version": 4}))
    (here / "old.json").write_text('{"format": "lehr prior", "version": 0, "priors": []}')
    (here / "log.json").write_text('[{"step": 1, "loss": 3}]')
    (here / "text.log").write_text("step 1")
    (here / "empty.csv").write_text("step,loss\n")
    write_csv(here / "other.csv", [{"epoch": 1, "score": 2}])
    write_csv(here / "two.csv", [{**row, "eval_loss": 3} for row in rows(STABLE)])
    write_csv(here / "sets.csv", [{**row, "split": "ab"[i % 2]} for i, row in enumerate(rows(STABLE))])
    write_csv(here / "late.csv", rows(STABLE)[10:])
    write_csv(here / "norate.csv", [{"step": 9, "loss": 3}])
    write_csv(here / "early.csv", rows(STABLE)[:3])
    assert said in error(here, *words.split(" "))


@pytest.mark.parametrize("words", ["forecast law.json cosine(99,max_lr=1)", "optimise law.json --training-steps 9k"])
@pytest.mark.parametrize(
    "change",
    [
        {"peaks": [-1e-3, 1e-3]}, {"peaks": [1e-3]}, {"updates": 0}, {"warmup": -1}, {"states": []}, {"law": "cubic"},
        {"covariance": [[1.0], []]}, {"constants": {}}, {"notes": 3},
    ],
    ids=str,
)  # fmt: skip
def test_a_broken_law_is_one_line_that_names_the_file(change, words, here):
    law = json.loads((here / "law.json").read_text())
    (here / "law.json").write_text(json.dumps(law | change))
    assert error(here, *words.split(" ")).startswith("lehr: law.json: ")


@pytest.mark.parametrize(
    "content",
    [
        "", "[]", "{", '{"format": "lehr prior", "version": 1}', '{"format": "x", "version": 1, "priors": []}',
        '{"format": "lehr prior", "version": 1, "priors": [{"law": "kww"}]}',
        '{"format": "lehr prior", "version": 1, "priors": []}',
        json.dumps(SHIPPED | {"priors": [SHIPPED["priors"][0] | {"mean": [0]}]}),
        '{"format": "lehr prior", "version": 1, "priors": '
        '[{"law": "kww", "parameters": ["ln A"], "mean": [0], "covariance": [[1]]}]}',
    ],
)  # fmt: skip
def test_a_broken_prior_is_one_line_that_names_the_file(content, here):
    (here / "mine.json").write_text(content)
    assert error(here, "fit", "stable.csv", "--prior", "mine.json", "-o", "a.json").startswith("lehr: mine.json")


@pytest.mark.parametrize("what", ["law", "priors"])
def test_an_interrupted_write_leaves_what_was_there(what, here, monkeypatch):
    law, path = Law.read("law.json"), here / "kept.json"
    path.write_text("before")

    def full(self, *_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pathlib.Path.replace", full)
    monkeypatch.setattr("pathlib.Path.write_text", full)
    with pytest.raises(OSError, match="No space"):
        law.write(path) if what == "law" else write_priors([default_prior("kww")], path)
    assert path.read_text() == "before"
    assert sorted(p.name for p in here.iterdir()) == ["cosine.csv", "kept.json", "law.json", "stable.csv"]
