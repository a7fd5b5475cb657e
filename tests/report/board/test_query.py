import pytest
from plausible_runs import MODELS, done_row

from bench.errors import BudgetError
from bench.report.board.query import Query, select_rows, unmatched, within

ROWS = [done_row(model, strategy) for model in MODELS for strategy in ("linear", "last_blocks(1)+norm", "full")]


def kept(**query):
    return {(row.backbone, row.strategy) for row in select_rows(ROWS, Query(**query))}


@pytest.mark.parametrize("pattern", ["timm/resnet18", "resnet18", "*resnet*", "res?et18"])
def test_a_backbone_is_found_with_or_without_its_library_and_by_wildcards(pattern):
    assert {backbone for backbone, _ in kept(backbone=pattern)} == {"timm/resnet18"}


@pytest.mark.parametrize(
    "wanted", ["last_blocks(1)+norm", "last_blocks+norm", "last_blocks*", "last_blocks(1) + norm"]
)
def test_a_strategy_is_found_with_or_without_its_argument(wanted):
    assert {strategy for _, strategy in kept(strategy=wanted)} == {"last_blocks(1)+norm"}


def test_a_part_of_a_composition_is_another_strategy():
    assert kept(strategy="last_blocks") == set()


def test_a_budget_limits_all_that_it_names_jointly():
    fitting = within(ROWS, "total<=5M,trainable<=200K,gmacs<=0.4")
    assert {row.backbone for row in fitting} == {
        "timm/tf_efficientnet_lite0",
        "timm/mobilenetv3_large_100",
        "torchvision/squeezenet1_1",
    }
    assert {row.strategy for row in fitting} == {"linear"}


def test_a_bare_number_limits_total_parameters():
    fitting = within(ROWS, "1M")
    assert {row.backbone for row in fitting} == {"torchvision/squeezenet1_1"}


def test_a_budget_that_cannot_be_read_is_an_error():
    with pytest.raises(BudgetError):
        within(ROWS, "ten million")


def test_a_filter_that_no_run_passes_is_named_with_what_the_runs_have():
    asked = Query(dataset="cub10", backbone="resnet18", strategy="linaer", target="label")
    missed = unmatched(ROWS, asked)
    assert [(one.field, one.wanted) for one in missed] == [("dataset", "cub10"), ("strategy", "linaer")]
    assert missed[0].known == ("cub100",)
    assert set(missed[1].known) == {"linear", "last_blocks(1)+norm", "full"}
    assert select_rows(ROWS, asked) == []


def test_wildcards_make_a_pattern():
    (missed,) = unmatched(ROWS, Query(backbone="no*"))
    assert missed.is_pattern


def test_no_filter_is_missed_while_there_are_no_runs():
    assert unmatched([], Query(dataset="cub")) == select_rows([], Query(dataset="cub")) == []
