"""The peaks that published laws name, against values computed by hand from the papers' formulas."""

import json

import pytest
from command_line import error, output

import lehr
from lehr import spec
from lehr.peak import PEAK_LAWS, suggest

RUN = {"params": "124M", "tokens": "2.5B", "batch_tokens": "100k"}
WORDS = ("suggest", "--params", "124M", "--tokens", "2.5B", "--batch-tokens", "100k")


@pytest.mark.parametrize(
    ("law", "params", "tokens", "peak", "batch"),
    [
        # exp(ln 1.79 - 0.713 ln 1e9 + 0.307 ln 1e11) = exp(0.5822 - 14.7756 + 7.7759); 0.58 * 10**(11 * 0.571)
        ("Step Law", 1e9, 1e11, 1.6325e-3, 1_107_700),
        # C = 6e20: 0.3118 * exp(-0.125 * 47.8434); 0.2920 * exp(0.3271 * 47.8434)
        ("DeepSeek LLM", 1e9, 1e11, 7.883e-4, 1_827_700),
        # 3.7 * 10**(-8 * 0.36); 0.7576 * 10**(8 * 0.703)
        ("Porian", 1e8, 2e9, 4.8775e-3, 318_800),
        # 0.003239 - 0.0001395 * 20.7233
        ("Kaplan", 1e9, 2e10, 3.4810e-4, None),
        ("GPT-3", 125e6, 3e11, 6e-4, None),
        ("GPT-3", 175e9, 3e11, 0.6e-4, None),
        # the geometric mean of 2.7B and 6.7B is halfway: sqrt(1.6e-4 * 1.2e-4)
        ("GPT-3", (2.7e9 * 6.7e9) ** 0.5, 3e11, 1.3856e-4, None),
        ("GPT-3", 1e6, 3e11, 6e-4, None),
    ],
)
def test_each_law_is_the_formula_of_its_paper(law, params, tokens, peak, batch):
    (found,) = (found for found in PEAK_LAWS if found.name == law)
    assert found.peak(params, tokens) == pytest.approx(peak, rel=1e-3)
    assert batch is None if found.batch is None else found.batch(params, tokens) == pytest.approx(batch, rel=3e-3)


def test_the_spread_is_of_the_laws_that_were_fitted_to_such_runs():
    suggestion = suggest(**RUN)
    inside = [peak.max_lr for peak in suggestion.peaks if not peak.outside]
    assert [peak.law for peak in suggestion.peaks if peak.outside] == ["GPT-3"]
    assert (suggestion.low, suggestion.high) == (min(inside), max(inside))
    assert suggestion.low < suggestion.max_lr < suggestion.high
    assert suggestion.max_lr == pytest.approx((inside[0] * inside[1] * inside[2] * inside[3]) ** 0.25, rel=0.03)


def test_where_fewer_than_two_laws_hold_all_are_counted_and_that_is_said():
    suggestion = suggest(params="7B", tokens="2T", batch_tokens="4M")
    peaks = [peak.max_lr for peak in suggestion.peaks]
    assert (suggestion.low, suggestion.high) == (min(peaks), max(peaks))
    assert any("extrapolated" in note for note in suggestion.notes)


def test_the_schedule_has_the_length_of_the_run():
    suggestion = suggest(**RUN)
    assert suggestion.schedule == lehr.linear(25_000, 1_250, suggestion.max_lr, 0.0)
    assert suggest(params="1B", tokens="100B", batch_tokens="1M").warmup_steps == 2_000
    test = suggestion.range_test
    assert test(0) < suggestion.low / 50
    assert test(test.length) > 50 * suggestion.high


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"params": 0}, "`params`"),
        ({"tokens": "2.5X"}, "`tokens`"),
        ({"batch_tokens": "3B"}, "`batch_tokens` is 3,000,000,000, and the whole run has 2,500,000,000"),
    ],
)
def test_what_is_no_run_is_refused(change, message):
    with pytest.raises(ValueError, match=message):
        suggest(**RUN | change)


def test_a_batch_far_from_a_law_s_is_spoken_of():
    assert not any("Malladi" in note for note in suggest(**RUN | {"batch_tokens": "250k"}).notes)
    assert any("Malladi" in note for note in suggest(**RUN | {"batch_tokens": "10k"}).notes)


def test_command(tmp_path):
    said = output(*WORDS, "--out", str(tmp_path / "start.yaml"))
    assert "Start with a peak of 0.0018; the laws name 0.00064 to 0.0045." in said
    for law in PEAK_LAWS:
        assert law.name in said
        assert law.source.split(",")[0] in said
    assert spec.read(tmp_path / "start.yaml") == suggest(**RUN).schedule


def test_command_in_json():
    found = json.loads(output(*WORDS, "--json"))
    assert spec.from_text(found["schedule"]) == suggest(**RUN).schedule
    assert found["max_lr"] == 0.0018
    assert len(found["peaks"]) == len(PEAK_LAWS)


def test_command_refuses():
    assert "--params" in error(*WORDS[:2], "a lot", *WORDS[3:])
    assert "Missing option '--tokens'" in error(*WORDS[:3], *WORDS[5:])
