from plausible_runs import MODELS, done_row

from bench.report.board.answer import answer
from bench.report.board.query import Query
from bench.report.board.tables import leaderboard


def reply(rows, budget=""):
    (board,) = leaderboard(rows, Query())
    return answer(board, budget)


def seeded(model, *values, **columns):
    return [done_row(model, seed=seed, val_top1=value, **columns) for seed, value in enumerate(values)]


def test_the_answer_names_backbone_strategy_accuracy_seeds_and_parameters():
    rows = [
        done_row(MODELS[0], seed=seed, test_top1=0.906, val_top1=val, trainable_params=128_100)
        for seed, val in enumerate((0.906, 0.909, 0.912))
    ]
    said = reply([*rows, done_row(MODELS[1], "full", val_top1=0.5)], "10M")
    assert said.headline == "On cub100 under 10M parameters take tf_efficientnet_lite1, linear."
    evidence = said.evidence.replace("\u00a0", " ")
    assert "90.6 ± 0.0 % test top-1, 90.9 ± 0.3 % on validation (3 seeds)" in evidence
    assert "with 128,100 trained parameters" in evidence
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


def test_a_lead_within_noise_is_said_and_who_is_as_good_with_less_compute():
    rows = [
        *seeded(MODELS[0], 0.90, 0.88, gmacs=1.0),
        *seeded(MODELS[1], 0.89, 0.87, gmacs=0.9),
        *seeded(MODELS[2], 0.88, 0.86, gmacs=0.7),
        *seeded(MODELS[3], 0.30, 0.30, gmacs=0.6),
    ]
    lead = reply(rows).lead.replace("\u00a0", " ")
    assert lead.startswith(
        "Its lead over tf_efficientnet_lite0, linear, 88.0 ± 1.4 % on validation, is within noise"
    )
    assert "by the spread of 2 and 2 seeds, Welch's p = 0.55), and so is that over the next 1." in lead
    assert lead.endswith(
        "Of these mobilenetv3_large_100, linear computes least: 0.700 against 1.000 GMACs an image."
    )


def test_a_lead_beyond_noise_is_said_and_names_nobody_else():
    rows = [*seeded(MODELS[0], 0.901, 0.9), *seeded(MODELS[1], 0.5, 0.501), *seeded(MODELS[2], 0.5, 0.5)]
    lead = reply(rows).lead
    assert "is more than noise (by the spread of 2 and 2 seeds" in lead
    assert MODELS[2].name not in lead


def test_of_single_seeds_nobody_claims_a_lead():
    lead = reply([done_row(MODELS[0], val_top1=0.9), done_row(MODELS[1], val_top1=0.5)]).lead
    assert "one seed does not tell" in lead
    assert reply([done_row()]).lead == ""


def test_without_anything_cheaper_nothing_is_said():
    assert reply([done_row()]).cheaper == ""


def test_a_joint_budget_is_named_in_full():
    said = reply([done_row()], "total<=10M,gmacs<=0.5")
    assert said.headline.startswith("On cub100 within total <= 10M, gmacs <= 0.5 take ")
