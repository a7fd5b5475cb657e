"""The pages of sweeps and methods as they are written: what they say, what they bound, where they lead."""

import json
import re
from html.parser import HTMLParser
from typing import NamedTuple

import pytest
from plausible_runs import CPU, GPU, MODELS, bulk_fill, make_planned, record_done, record_ended
from swept_runs import REJECTED, a_pass, fill_search, fill_swept, finish, material_of, record

from bench.errors import RecipeError
from bench.records.runs import Rejected
from bench.report.site.folder import SiteFolder
from bench.report.site.material import LINKS, METHODS, SWEEPS, run_page, sweep_page
from bench.report.site.methods import write_methods
from bench.report.site.sweeps import write_sweeps
from bench.spec import DatasetSpec
from bench.store.store import Store

HOSTILE = "<img src=x onerror=alert(1)></script><b>&amp;\u2028'\"{{7*7}}"


class Swept(NamedTuple):
    pages: dict
    html: dict
    rows: list
    detailed: str


class Text(HTMLParser):
    """What a page shows, without its scripts and styles, and where its links lead."""

    def __init__(self, html):
        super().__init__()
        self.parts, self.links, self.tags, self._hidden = [], [], [], False
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self._hidden = tag in ("script", "style")
        if tag == "a":
            self.links.append(dict(attributes)["href"])

    def handle_endtag(self, _tag):
        self._hidden = False

    def handle_data(self, data):
        if not self._hidden:
            self.parts.append(data)

    @property
    def text(self):
        return " ".join(" ".join(self.parts).split())


@pytest.fixture
def written(store, tmp_path):
    """Write the pages of what the store holds, and read one, or several."""

    def write(*pages):
        site, made = SiteFolder(tmp_path / "site", LINKS), material_of(store)
        if set(pages) != {METHODS}:
            write_sweeps(site, made)
        if METHODS in pages:
            write_methods(site, made)
        site.finish()
        found = [Text((tmp_path / "site" / page).read_text(encoding="utf-8")) for page in pages]
        return found if len(found) > 1 else found[0]

    return write


@pytest.fixture(scope="module")
def swept(tmp_path_factory):
    """The site of the four sweeps of `fill_swept`: its pages by place, and the rows that they are made of."""
    folder = tmp_path_factory.mktemp("swept")
    with Store.open(folder / "runs.db") as store:
        fill_swept(store)
        site, made = SiteFolder(folder / "site", LINKS), material_of(store, detailed=1)
        write_sweeps(site, made)
        write_methods(site, made)
        rows = store.rows()
    places = (SWEEPS, METHODS, *(sweep_page(number) for number in range(1, 5)))
    html = {place: (folder / "site" / place).read_text(encoding="utf-8") for place in places}
    return Swept({place: Text(text) for place, text in html.items()}, html, rows, made.detailed[0].run_id)


class TestSweepPage:
    def test_it_says_what_was_planned_run_pruned_failed_and_left_out(self, swept):
        text = swept.pages[sweep_page(1)].text
        assert "4 of 9 runs are done; 1 pruned, 1 failed, 1 diverged, 2 still to do" in text
        assert "It <b>failed</b>. The disk & all." in text
        assert "pruned at 2" in text
        assert "Left out: 4 combinations of backbone and strategy" in text
        assert "Over the limit of total : 2" in text.replace(":", " :").replace("  ", " ")
        assert "2.40 x" in text

    def test_it_says_what_the_cache_saved_and_on_which_assumption(self, swept):
        text = swept.pages[sweep_page(1)].text
        assert "1 pass over the images took 10.0 s . Its 3 runs that read it would have paid 24.0 s alone" in text
        assert "14.0 s saved, and 2,000 images not computed again" in text
        assert "each run that is done would make one pass of its own" in text

    def test_a_sweep_that_found_all_done_says_so_and_leads_to_those_that_did_it(self, swept):
        page = swept.pages[sweep_page(3)]
        assert "nothing was trained for it, all is from the database" in page.text
        assert "all of it before this sweep was recorded" in page.text
        assert {"../sweeps/1.html", "../sweeps/2.html"} <= set(page.links)
        assert "When it was at work" not in page.text

    def test_only_runs_that_have_a_page_are_linked(self, swept):
        links = [link for link in swept.pages[sweep_page(1)].links if "runs/" in link]
        assert set(links) == {f"../{run_page(swept.detailed)}"}

    def test_a_sweep_without_any_finished_run_renders(self, store, written):
        runs = [make_planned(MODELS[0], "linear", seed) for seed in range(3)]
        record(store, runs)
        for run in runs:
            record_ended(store, run, "failed", RecipeError("what", "why", "todo"))
        text = written(sweep_page(1)).text
        assert "0 of 3 runs are done; 3 failed" in text
        assert "None of its runs that are done read kept activations, for none is done." in text

    def test_a_search_shows_its_trials_and_what_mattered(self, store, written):
        fill_search(store)
        text = written(sweep_page(1)).text
        assert "12 trials of study <b>, 12 of them planned by this sweep" in text
        assert "What mattered" in text
        assert "lr=" in text

    def test_a_request_of_an_older_bench_is_said_to_be_missing(self, store, written):
        record(store, [make_planned(MODELS[0], "linear")], request={})
        assert "The version of bench that recorded it kept no more than this." in written(sweep_page(1)).text


class TestList:
    def test_every_sweep_is_listed_and_leads_to_its_page(self, swept):
        page = swept.pages[SWEEPS]
        assert [link for link in page.links if link.startswith("sweeps/")] == [
            f"sweeps/{number}.html" for number in (4, 3, 2, 1)
        ]
        assert "from the database" in page.text
        assert "1 planned, 1 failed, 1 diverged, 1 interrupted, 1 pruned" in page.text

    def test_a_database_without_sweeps_says_how_to_make_one(self, written):
        assert "No sweep is recorded in this database." in written(SWEEPS).text


class TestBounds:
    def test_a_sweep_of_5000_runs_stays_small_and_says_what_is_left_out(self, store, written, tmp_path):
        bulk_fill(store, 5000, seeds=5)
        left = [Rejected(f"timm/m{i}", "full", "total 24M > 10M", REJECTED[1].counts) for i in range(3000)]
        ids = tuple(row.run_id for row in store.rows())
        record(store, [], left, run_ids=ids, command="bench sweep " + "x" * 5000)
        text = written(sweep_page(1), METHODS)[0].text
        assert "The first 300 of 5,000 runs are shown; bench sweeps 1 --json lists all." in text
        assert "The first 100 of 3,000 of these are shown; bench sweeps 1 --json lists all." in text
        assert "Left out: 3,000 combinations" in text
        assert (tmp_path / "site" / sweep_page(1)).stat().st_size < 400_000

    def test_the_embedded_data_is_valid_and_has_no_bar_too_many(self, swept):
        data = json.loads(re.search(r'id="data">(.*?)</script>', swept.html[sweep_page(1)])[1])
        assert len(data["timeline"]["statuses"]) <= 9
        assert data["search"] is None


def test_html_in_any_name_is_text_and_nothing_else(store, written):
    dataset = DatasetSpec(name=HOSTILE, num_classes=3, fingerprint="a" * 64)
    run = make_planned(MODELS[0], HOSTILE, dataset=dataset)
    left = (Rejected(HOSTILE, HOSTILE, HOSTILE),)
    request = {"tune": {"space": {HOSTILE: HOSTILE}}, HOSTILE: [HOSTILE], "study": {"name": HOSTILE}}
    record(store, [run], left, dataset=HOSTILE, command=HOSTILE, budget=HOSTILE, request=request)
    finish(store, run)
    record_ended(
        store, make_planned(MODELS[0], "full", dataset=dataset), "failed", RecipeError(HOSTILE, HOSTILE, "")
    )
    for found in written(sweep_page(1), sweep_page(2), SWEEPS, METHODS):
        assert "img" not in found.tags
        assert "<img src=x" in found.text
        assert "{{7*7}}" in found.text


class TestMethods:
    def test_a_database_of_nothing_and_one_of_failures_render(self, store, written):
        assert "No run has a result yet." in written(METHODS).text
        record_ended(store, make_planned(MODELS[0], "linear"), "failed", RecipeError("w", "w", "t"))
        text = written(METHODS).text
        assert "0 runs with a result" in text
        assert "Nothing is finished yet." in text

    def test_splits_and_flattery_are_the_databases_own_numbers(self, swept):
        text = swept.pages[METHODS].text
        assert "cub100 2,700 300 1,000 all of it 0.1 0 5f5f5f5f5f5f 3 4" in text
        done = [row for row in swept.rows if row.status == "done"]
        gains = [row.best_on_test_top1 - row.test_top1 for row in done if row.best_on_test_top1 is not None]
        assert f"{100 * sum(gains) / len(gains):.2f} points on average over {len(gains)} of 4 runs" in text
        assert f"at most {100 * max(gains):.2f} points" in text

    def test_shared_cost_is_shown_by_the_pass_that_most_runs_read(self, swept):
        text = swept.pages[METHODS].text
        assert "over 1,000 images of cub100 took 10.0 s on" in text
        assert "3 runs shown here read it" in text
        assert "hold 24.0 s of passes where 10.0 s were paid" in text

    def test_every_hardware_and_dataset_that_occurs_is_named(self, store, written):
        pets = DatasetSpec(name="oxford-pets", num_classes=37, fingerprint="ab" * 32)
        record_done(store, [make_planned(MODELS[0], "linear")], hardware=CPU)
        record_done(store, [make_planned(MODELS[1], "linear", dataset=pets)], hardware=GPU)
        text = written(METHODS).text
        for name in (CPU, GPU, "cub100", "oxford-pets", "2.13.0", "eager", "fp32"):
            assert name in text
        assert "imagenet-1k" in text  # both checkpoints' tags say so, and cub100 shares images with it

    def test_the_command_that_made_the_best_run_is_quoted(self, swept):
        assert "bench sweep --dataset cub100 --budget 10M --seeds 3" in swept.pages[METHODS].text

    def test_numbers_that_are_no_numbers_are_dashes(self, store, written):
        store.add_feature_pass(a_pass("k" * 64, 10.0))
        run = make_planned(MODELS[0], "linear")
        record(store, [run])
        nan = float("nan")
        finish(store, run, "k" * 64, best_on_test_top1=nan, latency_1_s=nan, images_per_s=nan)
        for page in written(METHODS, sweep_page(1)):
            assert "nan" not in page.text.lower().split()
