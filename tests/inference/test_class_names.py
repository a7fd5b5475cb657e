import json

import numpy as np
import pytest
from plausible_runs import plan
from predicted_runs import planned

from bench.inference.class_names import class_names
from bench.registry.entries import DatasetEntry
from bench.registry.loading import Registry
from bench.spec import DatasetSpec
from bench.store.artifacts import Artifacts
from bench.store.store import Store


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("BENCH_HOME", str(tmp_path / "home"))


def stored(tmp_path, dataset):
    with Store.open(tmp_path / "runs.db") as store:
        run = planned(3, dataset=dataset)
        plan(store, [run])
        return store.run(run.spec.run_id), Artifacts.beside(store.location)


def keep_weights(path, metadata):
    from safetensors.numpy import save_file

    path.parent.mkdir(parents=True, exist_ok=True)
    save_file({"weight": np.zeros(1, np.float32)}, path, metadata=metadata)


def test_data_that_was_read_here_is_known_by_its_fingerprint_whatever_it_is_called(tmp_path):
    from bench.data.datasets import open_dataset

    seen = open_dataset(Registry.load().get(DatasetEntry, "digits")).manifest
    spec = DatasetSpec(name="other name", num_classes=10, fingerprint=seen.fingerprint)
    found = class_names(*stored(tmp_path, spec))
    assert found.names == {"label": seen.classes["label"]}
    assert found.missing == ""


def test_other_data_of_the_same_name_names_nothing(tmp_path):
    from bench.data.datasets import open_dataset

    open_dataset(Registry.load().get(DatasetEntry, "digits"))
    found = class_names(*stored(tmp_path, DatasetSpec(name="digits", num_classes=10, fingerprint="0" * 64)))
    assert found.names == {}
    assert "by their numbers" in found.missing


def test_kept_weights_name_the_classes_of_data_that_was_never_here(tmp_path):
    run, artifacts = stored(tmp_path, DatasetSpec(name="x", num_classes=2, fingerprint="0" * 64))
    keep_weights(artifacts.model_path(run.row.run_id), {"classes": json.dumps({"label": ["a", "b"]})})
    assert class_names(run, artifacts).names == {"label": ("a", "b")}


@pytest.mark.parametrize("metadata", [{}, {"classes": "no json"}, {"classes": "[1]"}, {"classes": '{"label": 3}'}])
def test_weights_without_names_name_nothing(tmp_path, metadata):
    run, artifacts = stored(tmp_path, DatasetSpec(name="x", num_classes=2))
    keep_weights(artifacts.model_path(run.row.run_id), metadata)
    assert class_names(run, artifacts).names == {}


def test_damaged_weights_and_manifests_name_nothing(tmp_path):
    run, artifacts = stored(tmp_path, DatasetSpec(name="x", num_classes=2, fingerprint="0" * 64))
    path = artifacts.model_path(run.row.run_id)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"\0")
    manifests = tmp_path / "home" / "manifests"
    manifests.mkdir(parents=True)
    (manifests / "a.header.json").write_text("{", encoding="utf-8")
    (manifests / "b.header.json").write_text(f'{{"fingerprint": "{"0" * 64}"}}', encoding="utf-8")
    assert class_names(run, artifacts).names == {}
