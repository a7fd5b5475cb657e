from plausible_runs import MODELS, done_row

from bench.report.board.answer import answer
from bench.report.board.query import Query
from bench.report.board.tables import leaderboard


def reply(rows, budget=""):
    (board,) = leaderboard(rows, Query())
    return answer(board, budget)


def test_the_answer_names_backbone_strategy_accuracy_seeds_and_parameters():
    rows = [done_row(MODELS[0], seed=seed, test_top1=0.906, trainable_params=128_100) for seed in range(3)]
    said = reply([*rows, done_row(MODELS[1], "full", val_top1=0.5)], "10M")
    assert said.headline == "On cub100 under 10M parameters take tf_efficientnet_lite1, linear."
    evidence = said.evidence.replace("\u00a0", " ")
    assert "90.6 ± 0.0 % test top-1 (3 seeds) with 128,100 trained parameters" in evidence
    assert "the best of 2 candidates" in evidence


def test_validation_chooses_the_answer_even_where_test_disagrees():
    rows = [done_row(MODELS[0], val_top1=0.8, test_top1=0.99), done_row(MODELS[1], val_top1=0.9, test_top1=0.5)]
    assert "tf_efficientnet_lite0" in reply(rows).headline


def test_of_a_tie_the_one_that_trains_less_is_taken():
    rows = [done_row(model, val_top1=0.9) for model in MODELS[:4]]
    assert reply(rows).best.first.backbone == "timm/resnet18"


def test_the_cheaper_choice_needs_at_most_half_the_compute():
    rows = [
        done_row(MODELS[0], val_top1=0.9, gmacs=1.0),
        done_row(MODELS[1], val_top1=0.89, gmacs=0.6),
        done_row(MODELS[2], val_top1=0.85, gmacs=0.25, test_top1=0.84),
        done_row(MODELS[3], val_top1=0.80, gmacs=0.1),
    ]
    cheaper = reply(rows).cheaper.replace("\u00a0", " ")
    assert cheaper == (
        "With 4.0 times less compute: mobilenetv3_large_100, linear, 84.0 % test top-1, "
        "5.0 points lower on validation."
    )


def test_without_anything_cheaper_nothing_is_said():
    assert reply([done_row()]).cheaper == ""


def test_a_joint_budget_is_named_in_full():
    said = reply([done_row()], "total<=10M,gmacs<=0.5")
    assert said.headline.startswith("On cub100 within total <= 10M, gmacs <= 0.5 take ")
