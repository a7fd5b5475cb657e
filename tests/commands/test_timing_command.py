"""`bench timing` from outside: what is kept, what is said, how it ends."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from example_runs import PROVENANCE

from bench.commands.timing import timing
from bench.errors import SLOWER, UNCLEAR, BenchError, StoreError
from bench.records.timings import CaseTiming, Timing, cases_of
from bench.store.store import Store
from bench.train.provenance import provenance

CASES = cases_of(["timm/test_efficientnet"], ["linear"], image_size=32, batch_size=4, precision="fp32")
TINY = ("-m", "test_efficientnet", "-s", "linear", "--image-size", 32, "--batch-size", 4, "--repeats", 5)


def stored(db: Path, name: str, seconds: float, made=PROVENANCE) -> None:
    """Keep a timing whose every sample is of so many seconds."""
    cases = tuple(CaseTiming(case, (seconds,) * 5, (1.0,) * 5) for case in CASES)
    with Store.open(db) as store:
        store.add_timing(Timing(name, made, cases))


@pytest.fixture
def db(tmp_path: Path) -> Path:
    """A database with a timing, and one in which everything takes half as long again."""
    stored(tmp_path / "runs.db", "before", 1.0)
    stored(tmp_path / "runs.db", "after", 1.5)
    return tmp_path / "runs.db"


def test_what_is_measured_is_shown_and_kept_with_every_sample(call, tmp_path):
    result = call(timing, *TINY, "--db", tmp_path / "runs.db", "--save", "first")
    assert result.exit_code == 0
    assert "first: medians of 5 rounds" in result.stdout
    with Store.open(tmp_path / "runs.db") as store:
        found = store.timing("first")
    assert [timed.case for timed in found.cases] == CASES
    assert {len(timed.samples) for timed in found.cases} == {5}
    assert found.provenance.threads == torch.get_num_threads()


def test_a_timing_without_a_name_is_kept_under_the_time_of_day(call, tmp_path):
    found = json.loads(call(timing, *TINY, "--db", tmp_path / "runs.db", "--json").stdout)
    with Store.open(tmp_path / "runs.db") as store:
        assert [summary.name for summary in store.timings()] == [found["name"]]
    assert found["name"].startswith("20")
    assert all(case["median_s"] > 0 for case in found["cases"])


@pytest.mark.parametrize(("seconds", "code", "verdict"), [(1e9, 0, "faster"), (1e-9, 1, "slower")])
def test_measuring_again_ends_with_1_where_a_case_became_slower(call, tmp_path, seconds, code, verdict):
    cases = tuple(CaseTiming(case, (seconds,) * 5, (0.01,) * 5) for case in CASES)
    with Store.open(tmp_path / "runs.db") as store:
        store.add_timing(Timing("before", provenance(torch.device("cpu")), cases))
    options = ("--compare", "before", "--repeats", 5, "--device", "cpu", "--db", tmp_path / "runs.db")
    result = call(timing, *options, "--json")
    assert result.exit_code == code
    found = json.loads(result.stdout)
    assert {case["verdict"] for case in found["cases"]} == {verdict}
    assert found["slower"] == (3 if code else 0)
    with Store.open(tmp_path / "runs.db") as store:
        assert [summary.name for summary in store.timings()] == ["before"]


def test_two_timings_are_compared_without_measuring(call, db):
    slower = call(timing, "--compare", "before", "--with", "after", "--db", db)
    assert slower.exit_code == 1
    assert "3 of 3 cases slower than in before by more than 10 % beyond the noise." in slower.stdout
    assert "1.50" in slower.stdout
    faster = call(timing, "--compare", "after", "--with", "before", "--db", db)
    assert faster.exit_code == 0
    assert "0 of 3 cases slower" in faster.stdout


def test_the_threshold_says_how_much_is_tolerated(call, db):
    options = ("--compare", "before", "--with", "after", "--db", db)
    assert call(timing, *options, "--threshold", 0.6).exit_code == 0
    assert call(timing, *options, "--threshold", 0.4).exit_code == 1


def test_a_busy_machine_is_named_and_no_failure(call, db):
    cases = tuple(CaseTiming(case, (2.0,) * 5, (2.0,) * 5) for case in CASES)
    with Store.open(db) as store:
        store.add_timing(Timing("busy", PROVENANCE, cases))
    result = call(timing, "--compare", "before", "--with", "busy", "--db", db)
    assert result.exit_code == 0
    assert "3 took longer as the matrix product did" in result.stdout


class TestNoise:
    """Rounds that differ by more than what is asked about."""

    @pytest.fixture
    def noisy(self, db):
        cases = tuple(CaseTiming(case, (0.2, 0.5, 1.0, 2.0, 5.0), (1.0,) * 5) for case in CASES)
        with Store.open(db) as store:
            store.add_timing(Timing("noisy", PROVENANCE, cases))
        return db

    def test_that_hides_the_answer_is_no_success_and_says_what_helps(self, call, noisy):
        result = call(timing, "--compare", "before", "--with", "noisy", "--db", noisy)
        assert result.exit_code == UNCLEAR
        assert "0 of 3 cases slower" in result.stdout
        assert "3 cases are unclear" in result.stdout
        assert "--repeats" in result.stdout
        assert "same" not in result.stdout.split("0 of 3 cases")[0]

    def test_is_counted_and_measured_for_programs(self, call, noisy):
        found = json.loads(call(timing, "--compare", "before", "--with", "noisy", "--db", noisy, "--json").stdout)
        assert (found["slower"], found["unclear"]) == (0, 3)
        assert all(case["verdict"] == "unclear" and case["detectable"] > 2 for case in found["cases"])

    def test_does_not_hide_that_another_case_is_slower(self, call, noisy):
        first, *others = (CaseTiming(case, (0.2, 0.5, 1.0, 2.0, 5.0), (1.0,) * 5) for case in CASES)
        with Store.open(noisy) as store:
            store.add_timing(Timing("both", PROVENANCE, (replace(first, samples=(1.5,) * 5), *others)))
        assert call(timing, "--compare", "before", "--with", "both", "--db", noisy).exit_code == SLOWER


class TestAnotherMachine:
    @pytest.fixture
    def other(self, db):
        stored(db, "there", 1.0, replace(PROVENANCE, hardware="Another CPU, 64 threads", threads=64))
        return db

    def test_its_baseline_is_refused_before_anything_is_measured(self, call, other):
        with pytest.raises(BenchError, match="was measured on another machine") as error:
            call(timing, "--compare", "there", "--db", other)
        assert error.value.exit_code == 2
        with pytest.raises(BenchError, match="was measured on another machine"):
            call(timing, "--compare", "before", "--with", "there", "--db", other)

    def test_forced_it_says_that_only_ratios_count(self, call, other):
        options = ("--compare", "there", "--with", "after", "--db", other, "--force")
        result = call(timing, *options)
        assert result.exit_code == 1
        assert "Of different machines: seconds do not compare" in result.stdout
        (first, *_) = json.loads(call(timing, *options, "--json").stdout)["cases"]
        assert first["ratio"] is None
        assert first["relative"]["value"] == 1.5


def test_timings_are_listed(call, db):
    text = call(timing, "--list", "--db", db).stdout
    assert text.index("before") < text.index("after")
    assert [found["name"] for found in json.loads(call(timing, "--list", "--db", db, "--json").stdout)] == [
        "before",
        "after",
    ]


def test_an_empty_list_says_how_to_begin(call, tmp_path):
    Store.open(tmp_path / "runs.db").close()
    assert "bench timing --save" in call(timing, "--list", "--db", tmp_path / "runs.db").stdout


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--save", "before", *TINY), "There is a timing 'before' already"),
        (("--compare", "befor"), "There is: before"),
        (("--compare", "before", "--backbones", "resnet18"), "--backbones cannot go with --compare"),
        (("--with", "before"), "--with needs --compare"),
        (("--compare", "before", "--with", "after", "--save", "x"), "--save cannot go with --with"),
        (("--compare", "before", "--with", "after", "--image-size", 32), "--image-size cannot go with --with"),
        (("--backbones", "resnet81"), "resnet18"),
        (("--strategies", "linaer", "-m", "test_efficientnet"), "linear"),
        (("--device", "gpu7"), "gpu7"),
    ],
)
def test_a_mistake_is_said_in_three_parts_before_anything_is_measured(call, db, options, said):
    with pytest.raises(BenchError, match=said) as error:
        call(timing, *options, "--db", db)
    assert error.value.exit_code == 2
    assert all((error.value.what, error.value.why, error.value.todo))


def test_a_database_that_is_not_there_is_not_made_by_looking(call, tmp_path):
    for options in (("--list",), ("--compare", "before"), ("--compare", "before", "--with", "after")):
        with pytest.raises(StoreError, match="There is no database"):
            call(timing, *options, "--db", tmp_path / "runs.db")
    assert not (tmp_path / "runs.db").exists()
