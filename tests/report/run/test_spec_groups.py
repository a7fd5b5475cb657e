from predicted_runs import planned

from bench.report.run.spec_groups import flat, spec_entries, spec_groups
from bench.spec import RecipeSpec


def spec_of(**changes):
    return planned(6, **changes).spec.model_dump(mode="json")


def entry(spec, key):
    [found] = [one for one in spec_entries(spec) if one.key == key]
    return found


def test_every_key_of_a_spec_is_in_one_group():
    spec = spec_of()
    grouped = [one.key for group in spec_groups(spec) for one in group.entries]
    assert sorted(grouped) == sorted(key for key, _ in flat(spec))


def test_what_is_as_without_a_word_is_a_default_and_what_was_set_is_none():
    spec = spec_of(recipe=RecipeSpec(lr=0.5))
    assert entry(spec, "recipe.batch_size").default
    assert entry(spec, "recipe.schedule.kind").default
    assert not entry(spec, "recipe.lr").default
    assert not entry(spec, "dataset.name").default
    assert not entry(spec, "seed").default


def test_what_another_version_wrote_is_shown_and_is_no_default():
    found = entry({**spec_of(), "wheel": {"spokes": 3}}, "wheel.spokes")
    assert (found.text, found.default) == ("3", False)
    assert "Run" in [group.title for group in spec_groups({"wheel": 1})]


def test_of_two_keys_of_one_name_in_a_group_the_recipe_s_says_whose_it_is():
    [images] = [group for group in spec_groups(spec_of()) if group.title == "Images"]
    names = [one.name for one in images.entries]
    assert {"crop_pct", "recipe.crop_pct"} <= set(names)
    assert len(names) == len(set(names))


def test_a_digest_is_told_from_other_texts():
    assert entry(spec_of(), "dataset.fingerprint").digest
    assert not entry(spec_of(), "dataset.name").digest
