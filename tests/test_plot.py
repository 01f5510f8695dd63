"""Pictures: the line is the schedule, and nothing but the Axes is touched."""

import subprocess
import sys
from io import BytesIO
from itertools import pairwise

import matplotlib as mpl
import matplotlib.image
import numpy as np
import pytest
import torch
from catalogue.schedules import schedules
from hypothesis import assume, example, given, settings
from matplotlib.figure import Figure

import lehr
from lehr import Constant, Knots, Ramp, Table
from lehr.plot import STYLE, new_axes, plot_schedule, plot_schedules, save

# A schedule that jumps, and where.
JUMPS = [
    (lehr.step_decay(1000, 100, 1.0, decay_steps=300), [400, 700]),
    (lehr.multistep(900, max_lr=1.0, milestones=[300, 600]), [300, 600]),
    (lehr.cosine_restarts(100_000, 1_000, 1e-3, cycle_steps=30_000), [31_000, 61_000, 91_000, 100_000]),
    (Ramp(1, 0, 7).repeat(3), [7, 14]),
    (Table([0.1, 0.2, 0.2, 0.5]), [1, 3]),
    (
        lehr.step_decay(1000, max_lr=1.0, decay_steps=70, decay_factor=0.9).stretch(777.7),
        [0.7777 * 70 * i for i in range(1, 15)],
    ),
]


def line_of(axes):
    (line,) = axes.get_lines()
    return line.get_xdata(), line.get_ydata()


def drawn(schedule, **options):
    """Its picture on Axes of its own, whether or not pyplot is in use."""
    return plot_schedule(schedule, new_axes(), **options)


def drawn_together(schedules, **options):
    return plot_schedules(schedules, new_axes(), **options)


def names_above(axes):
    return {text.get_text() for above in axes.child_axes for text in above.get_xticklabels()}


@settings(deadline=None)
@given(schedules)
def test_the_line_is_the_schedule(schedule):
    positions, rates = line_of(drawn(schedule, stop=400))
    assert (rates == schedule(positions)).all()
    assert positions[0] == 0
    assert positions[-1] == 400
    assert (np.diff(positions) >= 0).all()


@settings(deadline=None)
@given(schedules)
def test_no_update_is_missed_by_more_than_the_line_is_wide(schedule):
    assume(len(schedule.breaks(400)) < 1000)
    positions, rates = line_of(drawn(schedule, stop=400))
    updates = np.arange(400)
    assert np.interp(updates, positions, rates) == pytest.approx(schedule(updates), abs=0.02 * max(rates.max(), 1e-9))


@pytest.mark.parametrize(("schedule", "jumps"), JUMPS, ids=repr)
def test_a_jump_is_vertical(schedule, jumps):
    positions, rates = line_of(drawn(schedule))
    steep = np.abs(np.diff(rates)) > 0.01 * rates.max()
    jumped = positions[:-1][steep & (np.diff(positions) < 1e-9 * positions[-1])]
    assert jumped == pytest.approx(jumps)
    assert not (steep & (np.diff(positions) > 0.001 * positions[-1])).any()


@pytest.mark.parametrize("steps", [1, 10, 10**5, 10**9, 10**15])
@pytest.mark.parametrize("cycle", [None, 1, 20])
def test_a_picture_has_few_points_at_any_length(steps, cycle):
    schedule = (
        lehr.cosine(steps, max_lr=1.0) if cycle is None else lehr.cosine_restarts(steps, max_lr=1.0, cycle_steps=cycle)
    )
    positions, rates = line_of(drawn(schedule))
    assert len(positions) <= 6_000
    assert (positions[0], positions[-1]) == (0, steps)
    assert rates[0] == 1.0


@pytest.mark.parametrize("cycle", [2, 20, 1000])
def test_cycles_shorter_than_a_dot_fill_the_picture(cycle):
    _, rates = line_of(drawn(lehr.triangular(2000 * 10_000, max_lr=1.0, cycle_steps=cycle)))
    for quarter in np.array_split(rates[1:-1], 4):
        assert quarter.max() == pytest.approx(1, abs=0.01)
        assert quarter.min() == pytest.approx(0, abs=0.01)


def test_cycles_of_one_step_are_drawn_as_updates_meet_them():
    _, rates = line_of(drawn(lehr.cosine_restarts("10k", max_lr=1.0, cycle_steps=1)))
    assert (rates[:-1] == 1).all()


def test_the_given_axes_come_back():
    axes = Figure().subplots()
    assert plot_schedule(lehr.linear(10, max_lr=1.0), axes) is axes
    assert plot_schedules([lehr.linear(10, max_lr=1.0)], axes) is axes
    assert len(axes.get_lines()) == 2


def test_an_error_draws_nothing():
    axes = Figure().subplots()
    for wrong in (0, -1, float("nan"), float("inf")):
        with pytest.raises(ValueError, match="`stop` above 0"):
            plot_schedule(lehr.linear(10, max_lr=1.0), axes, stop=wrong)
    with pytest.raises(ValueError, match="logarithmic"):
        plot_schedule(Constant(0.0), axes, log=True)
    with pytest.raises(ValueError, match="at least one"):
        plot_schedules([], axes)
    assert not axes.get_lines()


def test_nothing_global_changes():
    code = (
        "import sys, matplotlib as mpl, lehr\n"
        "settings = lambda: {k: mpl.rcParams[k] for k in mpl.rcParams if k != 'backend'}\n"
        "before = settings()\n"
        "lehr.plot.plot_schedule(lehr.wsd(100, max_lr=1.0), log=True).figure.savefig('/dev/null', format='png')\n"
        "lehr.plot.plot_schedules([lehr.wsd(100, max_lr=1.0), lehr.rex(100, max_lr=1.0)])\n"
        "assert settings() == before\n"
        "assert 'matplotlib.pyplot' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_look_does_not_depend_on_the_settings_of_the_process():
    def look(axes):
        axes.figure.canvas.draw()
        tick = axes.xaxis.get_major_ticks()[-1]
        return axes.figure.get_size_inches().tolist(), tick.gridline.get_color(), tick.label1.get_fontsize()

    usual = look(drawn(lehr.wsd(100, max_lr=1.0)))
    with mpl.rc_context({"grid.color": "red", "font.size": 30, "figure.figsize": (1, 1)}):
        assert look(drawn(lehr.wsd(100, max_lr=1.0))) == usual


def test_a_logarithmic_axis():
    axes = drawn(lehr.cosine(1000, 100, 1e-3, 1e-4), log=True)
    assert axes.get_yscale() == "log"
    assert axes.get_ylim()[0] < 1e-5 < 1e-3 < axes.get_ylim()[1] < 1e-2


def test_a_logarithmic_axis_ends_where_the_rate_goes_to_zero():
    bottom, top = drawn(lehr.linear(1000, 100, 1e-3), log=True).get_ylim()
    assert bottom == pytest.approx(1e-8)
    assert 1e-3 < top < 1e-2


def test_a_linear_axis_begins_at_zero():
    bottom, top = drawn(lehr.cosine(1000, 0, 1e-3, 5e-4)).get_ylim()
    assert bottom == 0
    assert 1e-3 < top < 1.1e-3


def test_the_share_of_the_run():
    axes = drawn(lehr.step_decay(200, max_lr=1.0, decay_steps=50), share=True)
    positions, rates = line_of(axes)
    assert (positions[0], positions[-1]) == (0, 100)
    assert positions[:-1][np.diff(rates) < -1e-3] == pytest.approx([25, 50, 75])
    axes.figure.canvas.draw()
    assert "100%" in [text.get_text() for text in axes.get_xticklabels()]


def test_ticks_are_written_as_people_type_them():
    axes = drawn(lehr.cosine("100k", "1k", max_lr=1e-3))
    axes.figure.canvas.draw()
    assert {"0", "20k", "100k"} <= {text.get_text() for text in axes.get_xticklabels()}
    assert {"0", "2e-4", "1e-3"} <= {text.get_text() for text in axes.get_yticklabels()}


@pytest.mark.parametrize("share", [False, True])
def test_phases_are_named_at_their_middles(share):
    axes = drawn(lehr.wsd(1000, 200, 1.0, decay_steps=300), share=share)
    (above,) = axes.child_axes
    named = {text.get_text(): tick for text, tick in zip(above.get_xticklabels(), above.get_xticks(), strict=True)}
    middles = {"warmup": 100, "hold": 450, "cooldown": 850}
    assert named == pytest.approx({name: at / 10 if share else at for name, at in middles.items()})
    shaded = sorted((band.get_x(), band.get_width()) for band in axes.patches)
    assert np.array(shaded) == pytest.approx(np.array([(0, 200), (700, 300)]) / (10 if share else 1))


@pytest.mark.parametrize(
    ("schedule", "note"),
    [
        (lehr.cosine_restarts(150, max_lr=1.0, cycle_steps=100), "ends in the middle of a cycle, at 50 % of the peak"),
        (lehr.cosine_restarts(200, max_lr=1.0, cycle_steps=100), ""),
        (lehr.cosine_restarts(max_lr=1.0, cycle_steps=100), ""),
        (lehr.step_decay(150, max_lr=1.0, decay_steps=100), ""),
        (lehr.wsd(150, max_lr=1.0), ""),
    ],
    ids=repr,
)
def test_a_run_that_ends_in_the_middle_of_a_cycle_says_so(schedule, note):
    assert drawn(schedule).get_title(loc="right") == note
    assert drawn(schedule, stop=120).get_title(loc="right") == ""


def test_phases_can_be_left_out():
    axes = drawn(lehr.wsd(1000, 200, max_lr=1.0), phases=False)
    assert not axes.child_axes
    assert not axes.patches


def test_too_many_phases_are_not_named():
    assert names_above(drawn(lehr.triangular(10_000, max_lr=1.0, cycle_steps=100))) == set()


def test_names_do_not_overlap():
    axes = drawn(lehr.wsd(1000, 4, 1.0, decay_steps=990))
    axes.figure.canvas.draw()
    boxes = sorted((t.get_window_extent().x0, t.get_window_extent().x1) for t in axes.child_axes[0].get_xticklabels())
    assert all(left[1] < right[0] for left, right in pairwise(boxes))


def test_several_schedules_have_a_legend():
    axes = drawn_together({"mine": lehr.cosine(100, max_lr=1.0), "theirs": lehr.linear(50, max_lr=1.0)})
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["mine", "theirs"]
    ends = [line.get_xdata()[-1] for line in axes.get_lines()]
    assert ends == [100, 50]
    assert len({line.get_color() for line in axes.get_lines()}) == 2
    assert len({str(line.get_linestyle()) + str(line._dash_pattern) for line in axes.get_lines()}) == 2


def test_schedules_without_names_are_called_what_tells_them_apart():
    some = [
        lehr.cosine(100, max_lr=1e-3),
        lehr.cosine(100, max_lr=3e-4),
        lehr.linear(100, max_lr=1.0),
        Knots([0, 9], [0, 1]),
    ]
    texts = drawn_together(some).get_legend().get_texts()
    assert [text.get_text() for text in texts] == ["cosine(max_lr=0.001)", "cosine(max_lr=0.0003)", "linear", "Knots"]


def test_one_that_never_ends_goes_on_to_the_end_of_the_longest():
    axes = drawn_together([lehr.linear(50, max_lr=1.0), lehr.cosine(3000, max_lr=1.0), Constant(1.0)])
    assert [line.get_xdata()[-1] for line in axes.get_lines()] == [50, 3000, 3000]


def test_a_stop_holds_for_all():
    axes = drawn_together([lehr.linear(50, max_lr=1.0), lehr.cosine(3000, max_lr=1.0)], stop=200)
    assert [line.get_xdata()[-1] for line in axes.get_lines()] == [200, 200]


@settings(deadline=None)
@given(schedules)
@example(lehr.Exponential(3.25, 0.9999999999999999, 67))  # rates that differ by one unit in the last place
def test_any_schedule_can_be_saved(schedule):
    assume(schedule(np.arange(100)).max() > 0)
    axes = drawn(schedule, stop=100, log=True, share=True)
    axes.figure.savefig(BytesIO(), dpi=20)


@pytest.mark.parametrize(("suffix", "start"), [(".png", b"\x89PNG"), (".svg", b"<?xml"), (".pdf", b"%PDF")])
def test_a_saved_picture_has_the_format_of_its_suffix(suffix, start, tmp_path):
    path = tmp_path / f"picture{suffix}"
    save(drawn(lehr.linear(10, max_lr=1.0)), path)
    assert path.read_bytes().startswith(start)


def test_a_saved_picture_has_the_size_of_its_figure(tmp_path):
    save(drawn(lehr.linear(10, max_lr=1.0)), tmp_path / "picture.png")
    height, width, _ = mpl.image.imread(tmp_path / "picture.png").shape
    assert [width, height] == [side * STYLE["figure.dpi"] for side in STYLE["figure.figsize"]]


@pytest.mark.parametrize(("name", "why"), [("picture", "ends in .png, .svg or .pdf"), ("picture.doc", "doc")])
def test_a_picture_that_cannot_be_saved_leaves_the_file_as_it_was(name, why, tmp_path):
    (tmp_path / name).write_text("before")
    with pytest.raises(ValueError, match=why):
        save(drawn(lehr.linear(10, max_lr=1.0)), tmp_path / name)
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [(name, "before")]


def changed_run(changes):
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    run = lehr.Scheduler(optimizer, lehr.wsd(10_000, 500, max_lr=1e-3))
    for step, change in changes:
        run.step(step)
        change(run)
    return run


def dotted(ax):
    return [line.get_xdata()[0] for line in ax.lines if line.get_linestyle() == ":"]


def test_changes_of_a_run_are_marked_where_they_were_made():
    run = changed_run([(3_000, lambda s: s.dip(0.5, 800)), (6_000, lambda s: s.cooldown(2_000, why="flat"))])
    ax = drawn(run.schedule, history=run.history)
    assert dotted(ax) == [3_000, 6_000]
    assert [text.get_text() for text in ax.texts] == ["dip", "cooldown"]
    assert ax.lines[0].get_xdata()[-1] == 8_000
    assert dotted(drawn(run.schedule, history=run.history, share=True)) == [37.5, 75]
    assert dotted(drawn(run.schedule, history=run.history, stop=4_000)) == [3_000]
    assert dotted(drawn(run.schedule)) == []


def test_many_changes_are_marked_without_names():
    run = changed_run([(100 * i, lambda s: s.scale(0.9)) for i in range(13)])
    ax = drawn(run.schedule, history=run.history)
    assert len(dotted(ax)) == 13
    assert not ax.texts


def test_a_legend_covers_no_line():
    """It stands above the axes, in columns."""
    some = {
        name: getattr(lehr, name)(10_000, 500, max_lr=1.0) for name in ("cosine", "linear", "wsd", "rex", "trapezoid")
    }
    axes = drawn_together(some)
    axes.figure.savefig(BytesIO())
    assert axes.get_legend().get_window_extent().y0 >= axes.get_window_extent().y1
    assert axes.get_legend().get_window_extent().x1 <= axes.figure.bbox.x1


def test_every_restart_has_its_decay():
    axes = drawn(lehr.cosine_restarts(10_000, 500, max_lr=1.0, cycles=4))
    (names,) = axes.child_axes
    assert sorted(label.get_text() for label in names.get_xticklabels()) == [*["decay"] * 4, "warmup"]
