import pytest
from plausible_runs import CPU, GPU, MODELS, done_row

from bench.report.board.notes import board_notes
from bench.report.board.query import Query
from bench.report.board.tables import leaderboard


def notes(rows, overlaps=None, **query):
    (board,) = leaderboard(rows, Query(**query))
    return "\n".join(board_notes(board, overlaps))


def test_an_order_by_test_accuracy_says_that_it_looks_at_test():
    assert "this order looks at test" in notes([done_row()], sort="test_top1")
    assert "this order looks at test" in notes([done_row()], sort="best_on_test_top1")
    assert "looks at test" not in notes([done_row()], sort="gmacs")


def test_what_the_number_of_images_leaves_open_is_an_interval():
    said = notes([done_row(test_top1=0.9, test_n=900, val_top1=0.5, val_n=100)])
    assert "from 87.9 to 91.8 % on 900 test images, 40.4 to 59.6 % on the 100 val images that rank" in said


@pytest.mark.parametrize(("share", "left_open"), [(1.0, "34.2 to 100.0 %"), (0.0, "0.0 to 65.8 %")])
def test_no_accuracy_is_certain_on_two_images(share, left_open):
    said = notes([done_row(test_top1=share, test_n=2, val_top1=share, val_n=2)])
    assert f"from {left_open} on 2 test images, {left_open} on the 2 val images" in said


def test_several_hardwares_are_named_with_their_letters():
    text = notes([done_row(MODELS[0], hardware=CPU), done_row(MODELS[1], hardware=GPU)])
    assert f"A = {CPU}; B = {GPU}" in text


def test_the_hardware_behind_the_times_is_named():
    assert f"Times were measured on {CPU}." in notes([done_row()])
    assert f"Times were measured on {GPU}." in notes([done_row(hardware=GPU)], sort="standalone_s")


def test_lost_seeds_are_counted():
    assert "1 further seed of these rows failed or diverged" in notes(
        [done_row(), done_row(seed=1, status="failed")]
    )


def test_pruned_runs_on_the_same_data_are_counted_and_the_others_are_not():
    ended = [done_row(model, status="pruned", val_top1=None, val_n=None, test_n=None) for model in MODELS[1:4]]
    elsewhere = [done_row(MODELS[4], status="pruned", dataset="digits"), done_row(status="pruned", split_seed=7)]
    assert "3 runs pruned early and not ranked" in notes([done_row(), *ended, *elsewhere])
    assert "1 run pruned early and not ranked" in notes([done_row(), *ended[:1]])
    assert "pruned" not in notes([done_row(), *elsewhere])


def test_what_the_pretraining_has_seen_is_said_where_it_is_known():
    assert "cub100 shares images with imagenet-1k" in notes([done_row()], {"cub100": ("imagenet-1k",)})
    assert "shares images" not in notes([done_row()], {"digits": ("imagenet-1k",)})


def test_an_imbalanced_dataset_is_noted_with_what_naming_the_majority_scores():
    shares = {"num_classes": 4, "majority_share": 0.7, "val_majority_top1": 0.68, "test_majority_top1": 0.71}
    said = notes([done_row(**shares)])
    assert "Imbalanced: 70.0 % of train is one class" in said
    assert "always naming it scores val 68.0 %, test 71.0 %" in said


def test_a_balanced_dataset_and_rows_without_the_share_have_no_such_note():
    assert "Imbalanced" not in notes([done_row(num_classes=4, majority_share=0.26)])
    assert "Imbalanced" not in notes([done_row(num_classes=2, majority_share=None)])
