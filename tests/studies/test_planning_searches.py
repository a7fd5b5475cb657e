"""What a study's search is before anything is trained."""

from __future__ import annotations

from bench.spec import DatasetSpec
from bench.studies.changes import Changes
from bench.studies.searching import study_search

DATA = DatasetSpec(name="digits", target="label", num_classes=10, val_fraction=0.1, split_seed=0)


def name(search, data=DATA, backend="eager"):
    return search.name(search.definition(data, "fp32", backend))


def test_every_shipped_search_can_be_made_over_its_printed_space(studies, registry):
    searched = [study for study in studies.values() if study.search]
    assert searched
    for study in searched:
        search = study_search(registry, study, Changes())
        (keys,) = search.space.keys.values()
        assert keys.keys() == study.search.space.keys()
        assert not keys.keys() & search.fixed.keys()


def test_what_changes_set_is_not_searched(studies, registry):
    study = studies["cifar100-ensemble"]
    search = study_search(registry, study, Changes(settings=("lr=0.5",)))
    assert [set(keys) for keys in search.space.keys.values()] == [{"weight_decay", "optimizer"}]
    assert search.fixed["lr"] == 0.5
    every = Changes(settings=("lr=0.5", "optimizer=adam", "weight_decay=0"))
    assert study_search(registry, study, every) is None


def test_its_name_changes_with_whatever_its_trials_depend_on_and_with_nothing_else(studies, registry):
    study = studies["cifar100-ensemble"]
    search = study_search(registry, study, Changes())
    assert name(search) == name(study_search(registry, study, Changes(epochs=study.recipe.epochs)))
    others = [
        name(study_search(registry, study, Changes(epochs=3))),
        name(study_search(registry, study, Changes(backbones=("small_cnn=timm/test_resnet@none",)))),
        name(search, DATA.model_copy(update={"fingerprint": "f"})),
        name(search, backend="onnx"),
    ]
    assert len({name(search), *others}) == 5
