"""What became slower beyond the noise, on synthetic samples whose truth is known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from example_runs import PROVENANCE

from bench.errors import BenchError
from bench.records.timings import Case, CaseTiming, Timing, cases_of
from bench.report.timing.slowdowns import changed_versions, check_machine, compare, medians_ratio, missing

CASE = Case("timm/resnet18", "full", "train step", 224, 32)
ROUNDS = 15


def sampled(seed: int, *, base: float = 0.2, noise: float = 0.03, busy: float = 1.0, cases: int = 1) -> Timing:
    """Draw rounds of cases that take `base` seconds, on a machine that is `busy` times as slow as usual."""
    random = np.random.default_rng(seed)

    def drawn(seconds: float) -> tuple[float, ...]:
        return tuple((seconds * busy * random.lognormal(0.0, noise, ROUNDS)).tolist())

    timed = [CaseTiming(replace(CASE, batch_size=size), drawn(base), drawn(0.03)) for size in range(1, cases + 1)]
    return Timing(f"seed {seed}", PROVENANCE, tuple(timed))


def verdict(before: Timing, now: Timing, threshold: float = 0.10, **kwargs: bool) -> str:
    (found,) = compare(before, now, threshold, **kwargs)
    return found.verdict


@pytest.mark.parametrize("seed", range(10))
def test_a_fifth_slower_with_3_percent_noise_is_found(seed):
    assert verdict(sampled(seed), sampled(seed + 100, base=0.24)) == "slower"


def test_3_percent_slower_with_3_percent_noise_is_the_same_and_now_and_then_unclear():
    found = [verdict(sampled(seed), sampled(seed + 100, base=0.206)) for seed in range(10)]
    assert found.count("same") >= 8
    assert set(found) <= {"same", "unclear"}


@pytest.mark.parametrize("change", [0.7, 1.0, 1.2])
def test_where_noise_hides_a_slowdown_a_case_is_never_called_the_same(change):
    noisy = (sampled(seed, noise=0.8, base=0.2 * factor) for seed, factor in ((0, 1.0), (1, change)))
    assert verdict(*noisy) == "unclear"


def test_the_same_is_said_only_where_a_slowdown_by_the_threshold_is_outside_of_an_interval():
    for noise in (0.03, 0.1, 0.3):
        for found in compare(sampled(3, noise=noise, cases=60), sampled(4, noise=noise, cases=60)):
            bound = min(found.time.high, found.relative.high)
            assert (found.verdict == "unclear") == (bound > 1.1), noise


@pytest.mark.parametrize("noise", [0.03, 0.1])
def test_what_is_said_to_be_found_in_8_of_10_comparisons_is_found_about_as_often(noise):
    equal = compare(sampled(5, noise=noise, cases=100), sampled(6, noise=noise, cases=100))
    detectable = float(np.median([found.detectable for found in equal]))
    slow = compare(sampled(7, noise=noise, cases=200), sampled(8, noise=noise, base=0.2 * detectable, cases=200))
    share = sum(found.verdict == "slower" for found in slow) / len(slow)
    assert 0.65 <= share <= 0.95


def test_3_percent_slower_is_found_where_the_threshold_is_lower_and_the_noise_too():
    before, now = sampled(0, noise=0.003), sampled(1, base=0.206, noise=0.003)
    assert verdict(before, now, 0.02) == "slower"
    assert verdict(before, now, 0.05) == "same"


def test_the_same_speed_is_hardly_ever_slower_however_noisy():
    for noise in (0.01, 0.05, 0.15):
        found = compare(sampled(7, noise=noise, cases=100), sampled(8, noise=noise, cases=100))
        assert sum(compared.verdict == "slower" for compared in found) <= 1, noise


def test_the_same_speed_without_a_threshold_is_called_slower_about_as_seldom_as_the_interval_says():
    before, now = sampled(7, cases=200), sampled(8, cases=200)
    late = [compared.time.low > 1 for compared in compare(before, now)]
    assert sum(late) / len(late) < 0.06


def test_a_fifth_faster_is_found_too():
    assert verdict(sampled(0), sampled(1, base=0.16)) == "faster"


def test_a_machine_that_is_busy_makes_no_case_slow_and_is_named():
    assert verdict(sampled(0), sampled(1, busy=1.5)) == "machine"


def test_a_case_that_is_slow_on_a_busy_machine_is_slow():
    assert verdict(sampled(0), sampled(1, base=0.3, busy=1.3)) == "slower"


def test_a_slow_minute_that_hits_some_rounds_does_not_move_the_medians():
    now = sampled(1)
    (timed,) = now.cases
    hit = replace(timed, samples=tuple(4 * s for s in timed.samples[:4]) + timed.samples[4:])
    assert verdict(sampled(0), replace(now, cases=(hit,))) == "same"


def test_the_ratio_is_that_of_the_medians_and_lies_in_its_interval():
    before, now = sampled(0), sampled(1, base=0.24)
    (found,) = compare(before, now)
    assert found.before_s == np.median(before.cases[0].samples)
    assert found.time.value == pytest.approx(found.now_s / found.before_s)
    assert found.time.low < found.time.value < found.time.high
    assert found.relative.value == pytest.approx(1.2, abs=0.06)


def test_the_interval_covers_the_truth_about_as_often_as_it_says():
    random = np.random.default_rng(3)
    covered = 0
    for _ in range(300):
        before, now = random.lognormal(0.0, 0.05, ROUNDS), 1.2 * random.lognormal(0.0, 0.05, ROUNDS)
        ratio = medians_ratio(before, now)
        covered += ratio.low <= 1.2 <= ratio.high
    assert 0.90 <= covered / 300 <= 1.0


def test_the_same_samples_always_have_the_same_interval():
    assert compare(sampled(0), sampled(1)) == compare(sampled(0), sampled(1))


class TestMachines:
    elsewhere = replace(PROVENANCE, hardware="Another CPU, 2 threads")

    @pytest.mark.parametrize(
        "other",
        [
            elsewhere,
            replace(PROVENANCE, hardware="Example CPU, 4 threads", threads=4),
            replace(PROVENANCE, threads=4),
        ],
    )
    def test_other_hardware_or_threads_are_refused(self, other):
        with pytest.raises(BenchError, match="was measured on another machine") as error:
            compare(sampled(0), replace(sampled(1), provenance=other))
        assert error.value.exit_code == 2
        assert "do not compare" in error.value.why
        assert "--force" in error.value.todo

    def test_forced_only_ratios_to_the_reference_count(self):
        twice_as_slow = replace(sampled(1, busy=2.0), provenance=self.elsewhere)
        (found,) = compare(sampled(0), twice_as_slow, force=True)
        assert (found.time, found.verdict) == (None, "same")
        slow_there = replace(sampled(1, base=0.24, busy=0.5), provenance=self.elsewhere)
        assert verdict(sampled(0), slow_there, force=True) == "slower"

    def test_force_changes_nothing_on_the_same_machine(self):
        assert compare(sampled(0), sampled(1), force=True) == compare(sampled(0), sampled(1))

    def test_another_host_with_the_same_hardware_is_the_same_machine(self):
        check_machine(sampled(0), replace(PROVENANCE, host="twin"))

    def test_a_gpu_with_another_number_of_cpu_threads_is_another_machine(self):
        gpu = replace(PROVENANCE, hardware="Example GPU", threads=16)
        with pytest.raises(BenchError, match="Example GPU, 16 CPU threads; this is Example GPU, 8 CPU threads"):
            check_machine(replace(sampled(0), provenance=gpu), replace(gpu, threads=8))


class TestCases:
    def test_the_cases_of_a_backbone_are_a_step_and_inference_of_one_and_of_a_batch(self):
        found = cases_of(["a", "b"], ["linear"], image_size=64, batch_size=8, precision="fp32")
        assert [(case.backbone, case.kind, case.batch_size) for case in found] == [
            (backbone, *work)
            for backbone in ("a", "b")
            for work in (("train step", 8), ("inference", 1), ("inference", 8))
        ]

    def test_only_cases_of_both_timings_are_compared_and_the_others_are_named(self):
        before, now = sampled(0, cases=3), sampled(1, cases=4)
        now = replace(now, cases=now.cases[1:])
        assert [compared.case.batch_size for compared in compare(before, now)] == [2, 3]
        assert [case.batch_size for case in missing(before, now)] == [1, 4]

    def test_timings_without_a_common_case_are_an_error(self):
        now = sampled(1)
        other = replace(now.cases[0], case=replace(CASE, image_size=32))
        with pytest.raises(BenchError, match="no case in common"):
            compare(sampled(0), replace(now, cases=(other,)))

    def test_changed_versions_and_commits_are_named(self):
        later = replace(PROVENANCE, versions={"torch": "2.14.0", "timm": "1.0.31"}, commit="fedcba9")
        assert changed_versions(sampled(0), replace(sampled(1), provenance=later)) == [
            "torch 2.13.0 -> 2.14.0",
            "commit 0123abc -> fedcba9",
        ]
