"""The forecast's commands in processes of their own."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from shell import AT, COSINE, TEXT, WSD_TEXT, process, truth

import lehr
from lehr import spec
from lehr.forecast import Law, Run


def test_from_logs_to_a_schedule_that_a_scheduler_follows(here):
    torch = pytest.importorskip("torch")
    pytest.importorskip("scipy")
    for words in (
        ["fit", "stable.csv", "cosine.csv", "--out", "mine.json"],
        ["forecast", "mine.json", TEXT, WSD_TEXT],
        ["optimise", "mine.json", "--training-steps", "3k", "--out", "best.toml"],
    ):
        done = process(*words, cwd=here)
        assert (done.returncode, done.stderr) == (0, "")
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1)
    scheduler = lehr.Scheduler(optimizer, spec.read("best.toml"))
    scheduler.step(1_000)
    assert scheduler.current_lr == spec.read("best.toml")(1_000) > 0


def test_the_commands_of_the_page_run_after_one_another(tmp_path):
    pytest.importorskip("scipy")
    pytest.importorskip("matplotlib")
    page = (Path(__file__).parents[2] / "docs" / "forecast.md").read_text(encoding="utf-8")
    commands = "\n".join(re.findall(r"```bash\n(.*?)```", page, flags=re.DOTALL))
    script = f'set -e; lehr() {{ "{sys.executable}" -m lehr.cli "$@"; }}\n{commands}'
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["best.yaml", "curves.png", "law.json", "stable.csv"]


@pytest.mark.parametrize(
    ("module", "words", "extra"),
    [
        ("scipy.optimize", ["optimise", "law.json", "--training-steps", "9k", "--out", "best.yaml"], "lehr[forecast]"),
        ("matplotlib", ["forecast", "law.json", "cosine(99,max_lr=1e-3)", "--out", "a.png"], "lehr[plot]"),
    ],
)
def test_what_is_missing_is_named_with_its_extra(module, words, extra, here):
    code = f"import sys; sys.modules[{module!r}] = None; from lehr.cli import main; main(prog_name='lehr')"
    done = process(*words, code=code, cwd=here)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1
    assert f'pip install "{extra}"' in done.stderr
    assert sorted(path.name for path in here.iterdir()) == ["cosine.csv", "law.json", "stable.csv"]


@pytest.mark.parametrize(
    "words", [["fit", "stable.csv", "-o", "a.json"], ["forecast", "law.json", "cosine(99,max_lr=1e-3)"]]
)
def test_only_what_is_needed_is_loaded(words, here):
    code = (
        "import sys; from lehr.cli import main\n"
        "try: main(prog_name='lehr')\n"
        "finally: print({'torch', 'matplotlib', 'scipy', 'pandas', 'ruamel'} & set(sys.modules), file=sys.stderr)"
    )
    assert process(*words, code=code, cwd=here).stderr == "set()\n"


def test_a_bar_is_drawn_where_it_can_be_seen_and_the_wait_is_long(here, monkeypatch):
    pty = pytest.importorskip("pty")
    pytest.importorskip("scipy")
    code = "from lehr.cli import main, progress; progress.PATIENCE = {}; main(prog_name='lehr')"
    words = ["optimise", "law.json", "--training-steps", "3k"]
    seen = []
    for patience in ("0", "1e9"):
        ours, theirs = pty.openpty()
        command = [sys.executable, "-c", code.format(patience), *words]
        subprocess.run(command, stderr=theirs, stdout=subprocess.DEVNULL, cwd=here, check=True)
        os.write(theirs, b"end")
        seen.append(os.read(ours, 1_000_000).decode())
    assert "optimising" in seen[0]
    assert "100%" in seen[0]
    assert seen[1] == "end"


def test_a_run_is_misfit_by_what_it_is_off(here):
    law = Law.read("law.json")
    assert law.misfit(Run(COSINE, AT, truth(COSINE))) < 1e-3
    assert law.misfit(Run(COSINE, AT, truth(COSINE) + 0.02)) == pytest.approx(0.02 / law.model.fall, rel=0.05)
    with pytest.raises(ValueError, match="no run has a loss after its warmup"):
        law.misfit(Run(COSINE, [50], [5.0]))
