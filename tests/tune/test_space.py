"""The space as it is typed, what a recipe says of it, and what a point of it changes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.errors import RecipeError, RegistryError
from bench.models.head import canonical_head
from bench.registry.entries import RecipeEntry
from bench.registry.loading import Registry
from bench.registry.search_domains import DIGITS, Choices, Range
from bench.registry.search_keys import KEYS, overrides, read_space, setting_of, with_dropout
from bench.spec import RecipeSpec, ScheduleSpec
from bench.tune.space import make_space, split_space, starting_point


def domain(key: str, text: str) -> Choices | Range:
    return read_space({key: text})[key]


@pytest.mark.parametrize(
    ("key", "text", "read"),
    [
        ("lr", "log:1e-4..1e-1", Range(1e-4, 1e-1, log=True)),
        ("weight_decay", "log 1e-10..1e-3", Range(1e-10, 1e-3, log=True)),
        ("dropout", "0..0.5", Range(0.0, 0.5)),
        ("momentum", " .5 .. .9 ", Range(0.5, 0.9)),
        ("epochs", "5..20", Range(5.0, 20.0, whole=True)),
        ("optimizer", "adam,sgd", Choices(("adam", "sgd"))),
        ("schedule", "cosine, constant,cosine", Choices(("cosine", "constant"))),
        ("image_size", "160,224", Choices((160, 224))),
        ("lr", "1,0.1", Choices((1.0, 0.1))),
        ("augment", '[],["horizontal_flip"]', Choices(([], ["horizontal_flip"]))),
        ("head", '["linear"],["relu","linear"]', Choices((["linear"], ["relu", "linear"]))),
    ],
)  # fmt: skip
def test_a_domain_is_read_as_it_is_typed(key: str, text: str, read: Choices | Range) -> None:
    assert domain(key, text) == read


@pytest.mark.parametrize("key", [key for key, known in KEYS.items() if known.usual])
def test_a_domain_written_out_reads_back_as_the_same(key: str) -> None:
    usual = domain(key, "default")
    assert domain(key, str(usual)) == usual


def test_the_search_of_the_published_study_can_be_said_in_its_own_words() -> None:
    printed = {"weight_decay": "log 1e-10..1e-3", "optimizer": "categorical", "lr": "log"}
    found = read_space(printed)
    assert found["weight_decay"] == Range(1e-10, 1e-3, log=True)
    assert found["optimizer"] == Choices(("adam", "adamw", "sgd", "rmsprop"))
    assert found["lr"].log


@pytest.mark.parametrize(
    ("texts", "says"),
    [
        (["lrr=1"], "Did you mean lr?"),
        (["lr"], "Write --space lr=log:1e-4..1e-1"),
        (["lr="], "Write --space lr=log:1e-4..1e-1"),
        (["lr=0.1,0.2", "lr=0.3"], "A key has one domain"),
        (["lr=1e-1..1e-4"], "the lower end stands first"),
        (["lr=log:0..1"], "begins above 0"),
        (["lr=0..1"], "greater than 0"),
        (["lr=1..1e999"], "The range is empty"),
        (["lr=NaN"], "is no number"),
        (["lr=log:1e-4"], "neither a range nor a list"),
        (["lr=fast"], '"fast" is no number'),
        (["dropout=0..1"], "0 <= p < 1"),
        (["optimizer=adm"], "Did you mean adam"),
        (["optimizer=lbfgs"], "Valid: adam, adamw, rmsprop, sgd"),
        (["optimizer=0..1"], "What is no number has no range"),
        (["schedule=cosin"], "Did you mean cosine?"),
        (["epochs=1.5,2"], "1.5 is no whole number"),
        (["epochs=1.5..2"], "whole numbers only"),
        (["batch_size=0,8"], "greater than or equal to 1"),
        (["image_size=log"], "has no usual values"),
        (["augment=horizontal_flip"], "is no list of texts"),
        (['augment=["horizontal_flop"]'], "Did you mean horizontal_flip"),
        (['head=["liner"]'], "Did you mean linear"),
    ],
)
def test_what_cannot_be_searched_is_an_error_that_says_what_can(texts: list[str], says: str) -> None:
    with pytest.raises(RecipeError) as error:
        read_space(split_space(texts))
    assert says in str(error.value)
    assert error.value.what
    assert error.value.why
    assert error.value.todo


@given(st.floats(1e-6, 1e3), st.floats(1e-6, 1e3), st.floats(0, 1))
def test_what_is_drawn_is_rounded_within_its_range(one: float, other: float, at: float) -> None:
    low, high = sorted((one, other))
    if low == high:
        return
    drawn = low + at * (high - low)
    value = Range(low, high).value(drawn)
    assert low <= value <= high
    assert value == pytest.approx(drawn, rel=10 ** (1 - DIGITS))


@pytest.mark.parametrize(
    ("head", "made"),
    [
        (["linear"], ("dropout(0.3)", "linear")),
        (["dropout", "linear"], ("dropout(0.3)", "linear")),
        (["linear(64)", "relu", "linear"], ("linear(64)", "relu", "dropout(0.3)", "linear")),
        (
            ["dropout(0.1)", "linear(64)", "relu", "dropout(0.5)", "linear"],
            ("dropout(0.3)", "linear(64)", "relu", "dropout(0.3)", "linear"),
        ),
    ],
)
def test_a_dropout_is_the_rate_of_every_dropout_in_the_head(head: list[str], made: tuple[str, ...]) -> None:
    assert with_dropout(head, 0.3) == made
    assert canonical_head(made) == made


def test_a_schedule_changes_its_kind_and_keeps_the_rest() -> None:
    recipe = RecipeSpec(schedule=ScheduleSpec(kind="cosine", warmup_epochs=2.0))
    changed = overrides({"schedule": "constant", "lr": 0.01, "dropout": 0.1}, recipe)
    made = RecipeSpec.model_validate({**recipe.model_dump(), **changed})
    assert (made.schedule.kind, made.schedule.warmup_epochs, made.lr) == ("constant", 2.0, 0.01)
    assert setting_of("dropout", made) == 0.1
    assert setting_of("schedule", made) == "constant"


@pytest.fixture(scope="module")
def default() -> RecipeEntry:
    return Registry.load().get(RecipeEntry, "default")


def test_strategies_that_want_other_learning_rates_have_their_own(default: RecipeEntry) -> None:
    space = make_space(default, {}, ["a"], ["linear", "full", "last_blocks(1)+norm"])
    assert space.described["lr of linear"] == "log:0.0001..0.1"
    assert space.described["lr of full"] == "log:1e-05..0.01"
    assert space.described["dropout"] == "0..0.5"


def test_what_is_asked_is_searched_alone_and_shared_by_all_strategies(default: RecipeEntry) -> None:
    space = make_space(default, {}, ["a", "b"], ["linear", "full"], {"lr": "0.1,0.2", "optimizer": "adam,sgd"})
    assert [*space.described] == ["backbone", "strategy", "lr", "optimizer"]
    assert space.size == 2 * 2 * 2 * 2


def test_a_recipe_without_a_space_is_searched_around_its_learning_rate() -> None:
    bare = RecipeEntry(name="bare", recipe=RecipeSpec(lr=0.02))
    assert make_space(bare, {}, ["a"], ["linear"]).described["lr"] == "log:0.002..0.2"


def test_a_recipe_may_carry_a_space_and_a_wrong_one_is_refused_when_it_is_read(tmp_path) -> None:
    recipes = tmp_path / "recipes.toml"
    recipes.write_text('[mine.space]\nlr = "1e-3,1e-2"\n[mine.strategy_space.full]\ndropout = "0..0.1"\n')
    mine = Registry.load([tmp_path]).get(RecipeEntry, "mine")
    assert make_space(mine, {}, ["a"], ["full"]).described == {
        "backbone": "a",
        "strategy": "full",
        "lr": "0.001,0.01",
        "dropout": "0..0.1",
    }
    recipes.write_text('[mine.space]\nlrr = "1e-3,1e-2"\n')
    registry = Registry.load([tmp_path])
    assert any("lrr" in warning and "Did you mean lr?" in warning for warning in registry.warnings)
    with pytest.raises(RegistryError):
        registry.get(RecipeEntry, "mine")


def test_a_key_that_is_set_is_not_searched(default: RecipeEntry) -> None:
    assert "lr" not in make_space(default, {"lr": 0.1}, ["a"], ["linear"]).described
    assert "dropout" not in make_space(default, {"head": ["linear"]}, ["a"], ["linear"]).described
    with pytest.raises(RecipeError, match="both searched and set"):
        make_space(default, {"lr": 0.1}, ["a"], ["linear"], {"lr": "0.1,0.2"})


def test_lbfgs_has_nothing_to_search() -> None:
    probe = Registry.load().get(RecipeEntry, "probe")
    with pytest.raises(RecipeError, match="no use for lr"):
        make_space(probe, {}, ["a"], ["linear"])


def test_a_search_begins_with_the_recipe_as_far_as_the_space_holds_it(default: RecipeEntry) -> None:
    space = make_space(default, {}, ["a"], ["linear"])  # whose weight decay is 0, which no logarithm has
    first = starting_point(space, default.strategy["linear"])
    assert first == {"backbone": "a", "strategy": "linear", "lr": 1e-3, "dropout": 0.2}
