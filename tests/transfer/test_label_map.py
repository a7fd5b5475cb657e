"""A label map is read only where it says which classes it means; every mistake is named with what to write."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.errors import LabelMapError
from bench.registry.loading import shipped_folder
from bench.transfer.label_map import find_map, read_map


@pytest.fixture
def written(tmp_path: Path):
    def write(text: str) -> Path:
        path = tmp_path / "map.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_names_and_ids_are_read_as_they_are(written):
    found = read_map(written('[map]\n"soda bottle" = "bottle"\nn01944390 = "snail"\n'))
    assert found.map == {"soda bottle": "bottle", "n01944390": "snail"}
    assert found.named("soda bottle") == "soda bottle"


def test_positions_are_read_with_their_order_and_names(written):
    found = read_map(written('index_order = "sorted"\n[map]\n77 = 15\n[names]\n77 = "snail"\n'))
    assert found.map == {"77": 15}
    assert found.named("77") == "snail"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "It has no table [map]."),
        ("[map]\n", "Its table [map] is empty."),
        ("map = 3", "map: Input should be a valid dictionary."),
        ("[map]\nsnail = 1.5", "sends 'snail' to no class"),
        ("[map]\nsnail = true", "sends 'snail' to no class"),
        ("[map]\nsnail = -1", "sends 'snail' to no class"),
        ('[map]\nsnail = ["snail"]', "sends 'snail' to no class"),
        ('[map]\nSt.Bernard = "dog"', "A key with dots needs quotes."),
        ('maps = 1\n[map]\nsnail = "snail"', "unknown key 'maps'"),
        ("[map", "is no TOML"),
        ('[map]\nsnail = "snail"\nsnail = "camel"', "is no TOML"),
        ("[map]\nsnail = 15", "gives 'snail' as position 15"),
        ('index_order = "sorted"\n[map]\n77 = 15', "does not say which class 77 is"),
        ('index_order = "sortd"\n[map]\nsnail = "snail"', "index_order: Input should be"),
        ('confirmed = ["crane"]\n[map]\nsnail = "snail"', "has 'crane', which [map] has not"),
        ('[map]\nsnail = "snail"\n[names]\nsnale = "snail"', "Did you mean snail?"),
    ],
)
def test_a_map_that_is_not_clear_is_an_error(written, text, said):
    with pytest.raises(LabelMapError) as error:
        read_map(written(text))
    assert said in str(error.value)
    assert all((error.value.what, error.value.why, error.value.todo))


def test_a_file_that_is_no_text_is_an_error(tmp_path):
    path = tmp_path / "map.toml"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(LabelMapError, match="is no TOML"):
        read_map(path)
    with pytest.raises(LabelMapError, match="cannot be read"):
        read_map(tmp_path)


def test_a_map_is_found_by_its_path_or_by_its_name_in_the_registry(written):
    path = written('[map]\nsnail = "snail"\n')
    assert find_map(str(path), []) == path
    shipped = find_map("tiny-imagenet-to-cifar100", [shipped_folder()])
    assert shipped.is_relative_to(shipped_folder())
    with pytest.raises(LabelMapError, match="Did you mean tiny-imagenet-to-cifar100"):
        find_map("tiny-imagenet-to-cifar", [shipped_folder()])


def test_a_map_of_one_s_own_registry_goes_before_the_shipped_one(tmp_path):
    own = tmp_path / "label_maps" / "tiny-imagenet-to-cifar100.toml"
    own.parent.mkdir()
    own.write_text('[map]\nsnail = "snail"\n', encoding="utf-8")
    assert find_map(own.stem, [shipped_folder(), tmp_path]) == own


def test_every_label_map_of_the_registry_can_be_read():
    found = [read_map(path) for path in (shipped_folder() / "label_maps").glob("*.toml")]
    assert found
    assert all(written.source for written in found)
