import pytest
from hypothesis import given
from hypothesis import strategies as st
from plausible_runs import CPU, GPU, MODELS, done_row

from bench.errors import BenchError
from bench.report.board.query import Query
from bench.report.board.tables import leaderboard
from bench.spec import PROTOCOL


def only(rows, **query):
    (board,) = leaderboard(rows, Query(**query))
    return board


def names(board):
    return [entry.group.first.backbone for entry in board.entries]


def test_validation_ranks_and_test_does_not():
    rows = [done_row(MODELS[0], val_top1=0.8, test_top1=0.99), done_row(MODELS[1], val_top1=0.9, test_top1=0.1)]
    assert names(only(rows)) == [MODELS[1].name, MODELS[0].name]


def test_test_accuracy_moves_neither_rank_nor_pareto_mark_whatever_it_is():
    rows = [done_row(model, strategy) for model in MODELS for strategy in ("linear", "full")]
    turned = [row._replace(test_top1=1 - row.test_top1, last_test_top1=0.0, best_on_test_top1=1.0) for row in rows]
    seen = [[(e.rank, e.pareto, e.group.group_id) for e in only(some).entries] for some in (rows, turned)]
    assert seen[0] == seen[1]


def test_equal_accuracies_share_a_rank():
    rows = [done_row(model, val_top1=val) for model, val in zip(MODELS, (0.9, 0.8, 0.9, 0.7), strict=False)]
    assert [entry.rank for entry in only(rows).entries] == [1, 1, 3, 4]


def test_pareto_rows_are_those_that_nothing_beats_for_less():
    rows = [
        done_row(MODELS[0], val_top1=0.9, trainable_params=100),
        done_row(MODELS[1], val_top1=0.8, trainable_params=200),
        done_row(MODELS[2], val_top1=0.7, trainable_params=50),
    ]
    assert [entry.pareto for entry in only(rows).entries] == [True, False, True]


def test_a_row_without_the_cost_is_never_pareto_optimal():
    board = only([done_row(stored_bytes=None)], cost="stored_bytes")
    assert not board.entries[0].pareto


def test_datasets_and_targets_and_fingerprints_each_have_their_own_board():
    rows = [
        done_row(MODELS[0]),
        done_row(MODELS[1], dataset="digits"),
        done_row(MODELS[2], target="coarse"),
        done_row(MODELS[3], fingerprint="00" * 32),
    ]
    boards = leaderboard(rows, Query())
    assert [len(board.entries) for board in boards] == [1, 1, 1, 1]
    assert len({board.title for board in boards}) == 4


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"val_fraction": 0.25}, "val 25 % of train"),
        ({"split_seed": 7}, "split seed 7"),
        ({"protocol": PROTOCOL - 1}, f"protocol {PROTOCOL - 1}"),
        ({"fingerprint": "00" * 32}, "00000000"),
        ({"class_groups": "ab" * 32}, "groups abababab"),
        ({"val_n": 77}, "77 val and"),
        ({"test_n": 77}, "77 test images"),
    ],
)
def test_boards_that_differ_in_anything_have_titles_that_tell_it(changed, told):
    boards = leaderboard([done_row(MODELS[0]), done_row(MODELS[1])._replace(**changed)], Query())
    titles = [board.title for board in boards]
    assert len({title.casefold() for title in titles}) == 2
    assert sum(told in title for title in titles) == 1


def test_names_that_differ_in_their_case_alone_are_told_apart_too():
    rows = [done_row(MODELS[0], dataset="folder"), done_row(MODELS[1], dataset="Folder")]
    assert len({board.title.casefold() for board in leaderboard(rows, Query())}) == 2


def test_boards_of_one_hardware_each_say_which_in_their_title():
    rows = [done_row(MODELS[0], hardware=CPU), done_row(MODELS[1], hardware=GPU)]
    titles = [board.title for board in leaderboard(rows, Query(cost="standalone_s"))]
    assert [CPU in titles[0], GPU in titles[1]] == [True, True]


def test_another_protocol_is_another_board():
    assert len(leaderboard([done_row(MODELS[0]), done_row(MODELS[1], protocol=PROTOCOL + 1)], Query())) == 2


@pytest.mark.parametrize("asked", [{"sort": "standalone_s"}, {"cost": "standalone_s"}, {"sort": "latency_1_s"}])
def test_a_time_that_orders_or_marks_splits_the_board_by_hardware(asked):
    rows = [done_row(MODELS[0], hardware=CPU), done_row(MODELS[1], hardware=GPU)]
    boards = leaderboard(rows, Query(**asked))
    assert [(board.machine, names(board)) for board in boards] == [
        (CPU, [MODELS[0].name]),
        (GPU, [MODELS[1].name]),
    ]


def test_without_a_time_in_the_question_hardware_does_not_split():
    rows = [done_row(MODELS[0], hardware=CPU), done_row(MODELS[1], hardware=GPU)]
    assert only(rows).machines == (CPU, GPU)


def test_a_smaller_cost_sorts_first_and_reverse_turns_it_round():
    rows = [done_row(model) for model in MODELS]
    gmacs = [entry.group.first.gmacs for entry in only(rows, sort="gmacs").entries]
    assert gmacs == sorted(gmacs)
    assert [entry.group.first.gmacs for entry in only(rows, sort="gmacs", reverse=True).entries] == gmacs[::-1]


@pytest.mark.parametrize("reverse", [False, True])
def test_what_has_no_value_sorts_last_either_way(reverse):
    rows = [done_row(MODELS[0], stored_bytes=None), done_row(MODELS[1]), done_row(MODELS[2])]
    assert names(only(rows, sort="stored_bytes", reverse=reverse))[-1] == MODELS[0].name


def test_sorting_keeps_the_rank_by_validation():
    rows = [done_row(MODELS[0], val_top1=0.9), done_row(MODELS[1], val_top1=0.8)]
    board = only(rows, sort="backbone")
    assert [(entry.rank, entry.group.first.backbone) for entry in board.entries] == [
        (2, "timm/tf_efficientnet_lite0"),
        (1, "timm/tf_efficientnet_lite1"),
    ]


def test_a_misspelt_column_is_an_error_that_suggests_the_nearest():
    with pytest.raises(BenchError, match=r"Did you mean .*val_top1"):
        leaderboard([done_row()], Query(sort="val_top"))


def test_accuracy_is_no_cost():
    with pytest.raises(BenchError, match="Unknown cost 'test_top1'"):
        leaderboard([done_row()], Query(cost="test_top1"))


@given(st.lists(st.tuples(st.sampled_from([0.1, 0.5, 0.9]), st.integers(1, 4)), min_size=1, max_size=8))
def test_the_best_validation_accuracy_is_always_first_and_on_the_front(pairs):
    rows = [
        done_row(val_top1=val, trainable_params=cost, group_id=f"g{index}", run_id=f"r{index}")
        for index, (val, cost) in enumerate(pairs)
    ]
    best = only(rows).entries[0]
    assert best.rank == 1
    assert best.group.first.val_top1 == max(val for val, _ in pairs)
    assert best.pareto


class TestUsualCost:
    """The cost that a board weighs when none is asked for."""

    def test_of_probes_with_as_many_trained_parameters_it_is_compute(self):
        rows = [done_row(model, trainable_params=128_100) for model in MODELS[:3]]
        board = only(rows)
        assert board.cost.key == "gmacs"
        assert sum(entry.pareto for entry in board.entries) == sum(
            entry.pareto for entry in only(rows, cost="gmacs").entries
        )

    def test_of_strategies_that_differ_in_what_they_train_it_is_the_trained_parameters(self):
        rows = [done_row(strategy="linear", trainable_params=128_100), done_row(strategy="full")]
        assert only(rows).cost.key == "trainable_params"

    def test_a_difference_of_a_few_percent_gives_way_to_a_cost_that_tells_more(self):
        rows = [
            done_row(MODELS[0], trainable_params=128_000, gmacs=0.3),
            done_row(MODELS[1], trainable_params=129_000, gmacs=0.6),
        ]
        assert only(rows).cost.key == "gmacs"

    def test_of_a_single_row_it_is_the_trained_parameters(self):
        assert only([done_row()]).cost.key == "trainable_params"

    def test_each_board_has_its_own(self):
        rows = [done_row(model, trainable_params=7) for model in MODELS[:2]]
        other = [
            done_row(dataset="digits", strategy=strategy, trainable_params=count, group_id=strategy)
            for strategy, count in (("linear", 9), ("full", 90))
        ]
        assert [board.cost.key for board in leaderboard([*rows, *other], Query())] == ["gmacs", "trainable_params"]

    def test_what_is_asked_for_stays(self):
        rows = [done_row(model, trainable_params=7) for model in MODELS[:2]]
        assert only(rows, cost="trainable_params").cost.key == "trainable_params"
