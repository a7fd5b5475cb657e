"""What a sweep left out, by reason and by how much."""

from swept_runs import REJECTED

from bench.records.runs import Rejected
from bench.report.sweeps.left_out import REST, left_out


def test_models_over_a_limit_are_grouped_by_the_limits_they_break():
    groups = left_out(REJECTED, "total<=10M,gmacs<=0.5")
    assert [(group.reason, len(group.members), group.by_budget) for group in groups] == [
        ("Over the limit of total", 2, True),
        ("Over the limit of total and gmacs", 1, True),
        ("cannot be built", 1, False),
    ]


def test_what_came_closest_to_fitting_comes_first_with_its_numbers():
    first, second = left_out(REJECTED, "total<=10M")[0].members
    assert (first.rejected.backbone, first.over) == ("timm/resnet50", 2.4)
    assert [(b.quantity, b.value, b.limit) for b in second.breaks] == [("total", 129e6, 10e6)]


def test_a_budget_that_cannot_be_read_leaves_the_reasons_as_they_are():
    group = left_out(REJECTED, "speed<=9")[0]
    assert group.reason == "Over the limit of total"
    assert group.members[0].over is None


def test_nothing_left_out_is_no_group_and_many_reasons_are_bounded():
    assert left_out((), "10M") == []
    many = [Rejected(f"timm/m{i}", "full", f"reason {i}") for i in range(40)]
    groups = left_out(many, "")
    assert len(groups) == 12
    assert (groups[-1].reason, len(groups[-1].members)) == (REST, 29)
    assert sum(len(group.members) for group in groups) == 40
