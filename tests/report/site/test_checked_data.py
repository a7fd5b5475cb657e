"""The methods page says what the datasets of its runs were found to be before training."""

import dataclasses

import pytest
from faulty_folders import copy, damage, folder
from plausible_runs import MODELS, make_planned, record_done
from swept_runs import material_of

from bench.data.checks.known_checks import known_check
from bench.data.datasets import folder_entry, open_dataset
from bench.report.site.checked_data import checked_sheet
from bench.report.site.folder import SiteFolder
from bench.report.site.material import LINKS, METHODS
from bench.report.site.methods import write_methods
from bench.spec import DatasetSpec
from bench.store.store import Store


@pytest.fixture
def checked(tmp_path, monkeypatch):
    """The manifest of a faulty folder, with its damaged images left out."""
    monkeypatch.setenv("BENCH_HOME", str(tmp_path / "home"))
    root = folder(tmp_path / "pets")
    damage(root)
    copy(root, "train/cat/1.png", "test/cat/co\x1bpy.png")
    return open_dataset(folder_entry(root).leaving_out(damaged=True)).manifest


@pytest.fixture
def store(checked, tmp_path):
    seen = DatasetSpec(name="folder:pets", num_classes=3, fingerprint=checked.fingerprint)
    unseen = DatasetSpec(name="folder:<b>", num_classes=3, fingerprint="0" * 64)
    with Store.open(tmp_path / "runs.db") as opened:
        record_done(opened, [make_planned(MODELS[0], "linear", dataset=data) for data in (seen, unseen)])
        yield opened


def test_each_dataset_is_listed_with_its_largest_class_and_its_faults(store):
    unseen, seen = checked_sheet(store.rows(), known_check).rows
    assert [cell.text for cell in seen[2:7]] == ["3", "cat", "33.3", "33.3", "40.0"]
    assert "note: 8 images left out as damaged: train/cat/empty.jpg, train/cat/text.jpg" in seen[-1].text
    assert (
        r"warning: 1 image of test is in train too, byte for byte: test/cat/co\u001bpy.png = train"
        in seen[-1].text
    )
    assert unseen[-1].text.startswith("Not known")


def test_the_methods_page_shows_them(store, tmp_path):
    material = dataclasses.replace(material_of(store), find_check=known_check)
    site = SiteFolder(tmp_path / "site", LINKS)
    write_methods(site, material)
    page = (tmp_path / "site" / METHODS).read_text()
    assert "always naming the largest class of train" in page
    assert "8 images left out as damaged" in page
    assert "<b></td>" not in page
    assert "\x1b" not in page


def test_a_check_is_found_by_the_fingerprint_of_what_was_left(checked):
    record = known_check("folder:pets", checked.fingerprint, 0.1)
    assert (record["fingerprint"], record["trainable"]) == (checked.fingerprint, True)
    assert known_check("folder:pets", "0" * 64, 0.1) is None
