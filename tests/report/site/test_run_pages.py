import base64
from dataclasses import replace

import numpy as np
import pytest
from plausible_runs import (
    MODELS,
    make_epochs,
    make_planned,
    make_result,
    plan,
    provenance,
    record_ended,
    record_pruned,
)
from predicted_runs import planned, predictions, record_predicted
from site_made import coloured, site_data, unnamed, write_site

from bench.errors import BenchError, DivergedError
from bench.inference.class_names import ClassNames
from bench.metrics.paired import paired_test
from bench.report.site.run_record import COMPARED
from bench.store.artifacts import Artifacts


def page_of(folder, run_id):
    return (folder / "runs" / f"{run_id[:16]}.html").read_text("utf-8")


def data_of(folder, run_id):
    return site_data(folder, f"runs/{run_id[:16]}")


@pytest.fixture
def two(store):
    """Two seeds of one configuration on 120 test images of six classes."""
    made = [predictions(6, seed=seed, n=120, skill=0.8) for seed in (0, 1)]
    return [record_predicted(store, planned(6, seed=seed), said) for seed, said in enumerate(made)]


def test_each_run_has_a_page_and_its_data(store, two, tmp_path):
    site = write_site(store, tmp_path / "site")
    for run_id in two:
        page = page_of(site, run_id)
        for text in (
            "How it learned",
            "What it gets wrong",
            "Class by class",
            "Spec",
            "Provenance",
            "bench sweep",
        ):
            assert text in page
        data = data_of(site, run_id)
        row = store.run(run_id).row
        assert data["values"] == {**dict.fromkeys(COMPARED), **data["values"]}
        assert data["values"]["val_top1"] == row.val_top1
        assert len(data["epochs"]["epoch"]) == row.epochs


def test_a_page_leads_to_its_sister_seeds_its_sweep_the_overview_and_the_comparison(store, two, tmp_path):
    page = page_of(write_site(store, tmp_path / "site"), two[0])
    assert f'href="../runs/{two[1][:16]}.html">seed 1</a>' in page
    assert f'href="../compare.html?runs={two[0][:16]}"' in page
    assert 'href="../sweeps/1.html">sweep 1</a>' in page
    assert 'href="../index.html"' in page


def test_a_sister_without_a_page_is_named_and_not_linked(store, two, tmp_path):
    page = page_of(write_site(store, tmp_path / "site", [store.run(two[0]).row]), two[0])
    assert "seed 1" in page
    assert two[1][:16] not in page


def test_pictures_of_bench_explain_beside_the_site_are_linked(store, two, tmp_path):
    (tmp_path / f"a bird-{two[0][:12]}-grad-cam.png").write_bytes(b"")
    site = write_site(store, tmp_path / "site")
    assert f'href="../../a%20bird-{two[0][:12]}-grad-cam.png"' in page_of(site, two[0])
    assert "grad-cam.png" not in page_of(site, two[1])


def test_without_images_no_image_is_written_and_mistakes_are_told_by_name(store, two, tmp_path):
    site = write_site(store, tmp_path / "site")
    page = page_of(site, two[0])
    assert not (site / "images").exists()
    assert "<img" not in page
    assert "The images are not shown" in page
    assert "Mistakes, scrolls sideways" in page


def test_mistakes_are_shown_surest_first_and_share_their_thumbnails(store, two, tmp_path):
    site = write_site(store, tmp_path / "site", images=coloured())
    page = page_of(site, two[0])
    sure = [float(text.split(" %")[0]) for text in page.split('class="sure">')[1:]]
    assert sure == sorted(sure, reverse=True)
    assert len(sure) == page.count("<img") == 24
    kept = site_data(site, f"sets/{data_of(site, two[0])['heads'][0]['set']}")
    files = [path for path in (site / "images").rglob("*") if path.is_file()]
    assert {str(path.relative_to(site)) for path in files} == set(kept["thumbnails"].values())
    assert kept["bytes"] == sum(path.stat().st_size for path in files)


def test_the_bits_of_two_runs_give_the_paired_test(store, two, tmp_path):
    site = write_site(store, tmp_path / "site")
    heads = [data_of(site, run_id)["heads"][0] for run_id in two]
    assert heads[0]["set"] == heads[1]["set"]
    bits = [np.unpackbits(np.frombuffer(base64.b64decode(h["right"]), np.uint8), bitorder="little") for h in heads]
    made = [Artifacts.beside(store.location).predictions(run_id).test for run_id in two]
    right = [each.logits.argmax(axis=1) == each.labels for each in made]
    assert paired_test(*(each[:120].astype(bool) for each in bits)) == paired_test(*right)


BROKE, NAN = BenchError("It broke.", "Why.", "Mend it."), DivergedError("The loss is NaN.")


@pytest.mark.parametrize(
    ("end", "said"),
    [
        (lambda store, run: plan(store, [run]), "It was never tried."),
        (lambda store, run: record_ended(store, run, "failed", BROKE), "Mend it."),
        (lambda store, run: record_ended(store, run, "diverged", NAN), "The loss is NaN."),
        (lambda store, run: record_ended(store, run, "interrupted", KeyboardInterrupt()), "interrupted"),
        (record_pruned, "Pruned at rung 2, after epoch 2."),
    ],
)
def test_a_run_without_a_result_has_a_page_that_says_how_it_ended(store, tmp_path, end, said):
    run = make_planned(MODELS[0], "linear")
    end(store, run)
    site = write_site(store, tmp_path / "site")
    assert said in page_of(site, run.spec.run_id)
    assert data_of(site, run.spec.run_id)["heads"] == []


def test_missing_predictions_are_said_and_the_rest_is_shown(store, two, tmp_path):
    Artifacts.beside(store.location).predictions_path(two[0]).unlink()
    page = page_of(write_site(store, tmp_path / "site"), two[0])
    assert "are missing" in page
    assert "Results and cost" in page
    assert "What it gets wrong" not in page


def test_an_epoch_that_is_not_finite_is_a_gap(store, tmp_path):
    run = planned(6)
    plan(store, [run])
    claim = store.claim([run.spec.run_id], store.worker(), provenance())
    first, second, *_ = make_epochs(make_result(run))
    store.record_epoch(claim, first)
    store.record_epoch(claim, replace(second, train_loss=float("nan")))
    store.fail(claim, "diverged", DivergedError("The loss is NaN."))
    site = write_site(store, tmp_path / "site")
    assert data_of(site, claim.run_id)["epochs"]["train_loss"][1] is None


@pytest.mark.parametrize(("classes", "n"), [(1, 9), (4, 0), (200, 400)])
def test_one_class_no_images_and_many_classes_have_pages(store, tmp_path, classes, n):
    run_id = record_predicted(store, planned(classes), predictions(classes, n=n))
    assert "Class by class" in page_of(write_site(store, tmp_path / "site", images=coloured()), run_id)


def test_names_of_classes_are_looked_up_once_for_runs_of_the_same_data(store, two, tmp_path):
    asked = []

    def names(stored, _):
        asked.append(stored.row.run_id)
        return ClassNames({"label": tuple("abcdef")})

    site = write_site(store, tmp_path / "site", names=names)
    assert len(asked) == 1
    assert all(data_of(site, run_id)["heads"][0]["names"] == list("abcdef") for run_id in two)


def test_the_command_and_every_error_are_text_and_never_html(store, tmp_path):
    hostile = "<img src=x onerror=alert(1)></script>"
    run = make_planned(MODELS[0], "linear")
    record_ended(store, run, "failed", BenchError(hostile, hostile, hostile))
    page = page_of(write_site(store, tmp_path / "site", names=unnamed), run.spec.run_id)
    assert hostile not in page
    assert "&lt;img src=x" in page
