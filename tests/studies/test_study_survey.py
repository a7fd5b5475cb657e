"""The candidates that a source compared on paper, beside our counts."""

from __future__ import annotations

import pytest
from command_line import bench, refused

from bench.errors import RegistryError
from bench.registry.studies import SurveyEntry
from bench.studies.survey import surveyed


def test_every_candidate_of_a_survey_is_counted(registry, studies):
    study = studies["cub-10m"]
    found = {one.name: one for one in surveyed(registry, study)}
    assert list(found) == list(study.survey.candidates)
    b0, vgg = found["efficientnet_b0"], found["vgg11"]
    assert (b0.own_params, b0.bare_params, b0.total_params) == (5_288_548, 4_007_548, 4_263_748)
    assert len(b0.runs) == 5
    assert (vgg.own_params, vgg.bare_params) == (132_863_336, 9_220_480)
    assert (b0.verdict, vgg.verdict) == ("fits", "fits, but not with its own classifier")
    assert {one.printed for one in found.values()} == set(study.survey.candidates.values())


def test_a_budget_that_is_broken_is_named_and_a_candidate_that_is_no_backbone_is_only_listed(registry, studies):
    study = studies["cub-10m"]
    candidates = {**study.survey.candidates, "alexnet": "60M"}
    survey = SurveyEntry(candidates=candidates, backbones=study.survey.backbones)
    smaller = study.model_copy(update={"budget": "3M", "survey": survey})
    found = {one.name: one for one in surveyed(registry, smaller)}
    assert found["efficientnet_b0"].verdict == "total 4.264M > 3M"
    assert found["mobilenet_v2"].verdict == "fits, but not with its own classifier"
    assert (found["alexnet"].total_params, found["alexnet"].printed) == (None, "60M")


def test_a_study_without_a_survey_has_no_candidates(registry, studies):
    assert surveyed(registry, studies["cifar10-freeze-depth"]) == []


def test_a_backbone_for_no_candidate_is_refused():
    with pytest.raises(RegistryError, match="candidate of the survey"):
        SurveyEntry(candidates={"a": "1M"}, backbones={"b": "timm/resnet18"})


def test_the_command_shows_one_study_with_its_survey_and_remarks():
    text = bench("studies", "cub-10m").stdout
    assert all(word in text for word in ("132,863,336", "9.1M", "b2-last-block-dropout-0.5", "patience 3"))
    data = bench("studies", "cub-10m", "--json").data
    assert [one["name"] for one in data["surveyed"]] == list(data["survey"]["candidates"])
    ensemble, heads = (bench("studies", f"cifar100-{name}").stdout for name in ("ensemble", "cached-heads"))
    assert "epoch 19 of 20, whose figures these are" in ensemble
    assert "train_top1 of resnet50-pretrained 84.3" in ensemble
    assert "0.8434 is its epoch 19 of 20" in ensemble
    assert "coarse_incorrect confidence 69.4" in heads
    assert "3 wrong with 97.7 %" in heads
    assert "Unknown study 'cub-11m'" in refused("studies", "cub-11m")
