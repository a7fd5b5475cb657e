from __future__ import annotations

import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest
import torch
from dataset_layouts import BUILDERS

from bench.data.datasets import open_dataset
from bench.data.images.pixels import DecodedPixels
from bench.data.images.prepared import PreparedImages, open_pixels
from bench.data.images.prepared_files import verified_label
from bench.data.images.training_batches import TrainingBatches
from bench.data.images.transforms import augment, eval_transform
from bench.data.splits import split
from bench.disk.checksum import forget_verified
from bench.errors import DataError
from bench.spec import TransformSpec

SPEC = TransformSpec(image_size=224)
SMALL = TransformSpec(image_size=12)
LIBRARIES = ("grid_distortion", "A.GaussNoise", "torchvision.RandomAffine(degrees=20)", "elastic_transform(9, 3)")
CHANCE = ("horizontal_flip", "color_jitter(0.4)", "random_resized_crop(0.5)")


@pytest.fixture
def birds(tmp_path):
    layout = BUILDERS["cub"](tmp_path)
    dataset = open_dataset(layout.entry, data_root=tmp_path)
    return layout, dataset, split(dataset.manifest, "label", 0.2, 0).train


def decoded(dataset, part, spec=SMALL):
    return DecodedPixels(dataset.images(part.official), part.indices, eval_transform(spec))


def epochs(pixels, part, numbers, *, spec=SMALL, chance=CHANCE, seed=0, workers=0):
    with TrainingBatches(pixels, part, augment(chance, spec), 4, seed=seed, workers=workers) as batches:
        return [list(batches.epoch(number)) for number in numbers]


def assert_equal(some, others):
    assert len(some) == len(others)
    for one, other in zip(some, others, strict=True):
        assert len(one) == len(other)
        for left, right in zip(one, other, strict=True):
            assert all(torch.equal(a, b) for a, b in zip(left, right, strict=True))


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("prepared", [False, True])
def test_the_same_batches_come_from_any_number_of_workers_prepared_or_not(birds, workers, prepared):
    _, dataset, part = birds
    expected = epochs(decoded(dataset, part, SPEC), part, [1, 2], spec=SPEC)
    pixels = open_pixels(dataset, part, SPEC) if prepared else decoded(dataset, part, SPEC)
    assert_equal(epochs(pixels, part, [1, 2], spec=SPEC, workers=workers), expected)


def threads(image, _key):
    return torch.full_like(image, torch.get_num_threads())


@pytest.mark.parametrize("workers", [0, 1])
def test_augmentation_computes_with_one_thread_wherever_it_runs(birds, workers):
    """A sum over an image depends on the number of threads."""
    _, dataset, part = birds
    before = torch.get_num_threads()
    with TrainingBatches(decoded(dataset, part), part, threads, 4, seed=0, workers=workers) as batches:
        assert all(batch.images.unique().tolist() == [1] for batch in batches.epoch(1))
    assert torch.get_num_threads() == before


def test_every_image_comes_once_an_epoch_with_its_label(birds):
    _, dataset, part = birds
    pixels = decoded(dataset, part)
    for batches in epochs(pixels, part, [1, 2], chance=()):
        positions = torch.cat([batch.positions for batch in batches])
        assert sorted(positions.tolist()) == list(range(len(part)))
        for batch in batches:
            assert batch.labels.tolist() == part.labels[batch.positions].tolist()
            assert torch.equal(batch.images, pixels.batch(batch.positions.numpy()))


def test_order_and_augmentation_change_with_epoch_and_seed(birds):
    _, dataset, part = birds
    pixels = decoded(dataset, part)
    first, second = epochs(pixels, part, [1, 2])
    (other,) = epochs(pixels, part, [1], seed=1)
    orders = {tuple(torch.cat([batch.positions for batch in epoch]).tolist()) for epoch in (first, second, other)}
    assert len(orders) == 3
    image = [torch.cat([b.images[b.positions == 0] for b in epoch]) for epoch in (first, second, other)]
    assert len({pixels.numpy().tobytes() for pixels in image}) == 3


@pytest.mark.parametrize("chance", [CHANCE, LIBRARIES], ids=["ours", "libraries"])
@pytest.mark.parametrize("workers", [0, 2])
def test_an_epoch_is_the_same_after_others_and_on_its_own(birds, workers, chance):
    _, dataset, part = birds
    pixels = decoded(dataset, part)
    after = epochs(pixels, part, [1, 2, 3], workers=workers, chance=chance)[2:]
    assert_equal(after, epochs(pixels, part, [3], chance=chance))


@pytest.mark.parametrize("workers", [0, 2])
def test_an_epoch_broken_off_does_not_disturb_the_next(birds, workers):
    _, dataset, part = birds
    pixels = decoded(dataset, part)
    with TrainingBatches(pixels, part, augment(CHANCE, SMALL), 2, seed=0, workers=workers) as batches:
        for _ in batches.epoch(1):
            break
        after = list(batches.epoch(2))
        assert len(batches) == len(after)
    with TrainingBatches(pixels, part, augment(CHANCE, SMALL), 2, seed=0) as batches:
        assert_equal([after], [list(batches.epoch(2))])


@pytest.mark.parametrize("workers", [0, 2])
def test_loading_leaves_the_global_random_numbers_alone(birds, workers):
    _, dataset, part = birds
    torch.manual_seed(7)
    expected = torch.rand(3)
    torch.manual_seed(7)
    epochs(decoded(dataset, part), part, [1, 2], workers=workers)
    assert torch.equal(torch.rand(3), expected)


@pytest.mark.parametrize("workers", [0, 2])
def test_a_corrupt_image_keeps_its_three_part_error(birds, workers):
    layout, dataset, part = birds
    image = layout.folder / "images" / part.ids[3]
    image.write_bytes(b"no image")
    with pytest.raises(DataError) as caught:
        epochs(decoded(dataset, part), part, [1], workers=workers)
    assert str(image) in caught.value.what
    assert caught.value.why
    assert caught.value.todo


def test_closing_ends_the_worker_processes(birds):
    _, dataset, part = birds
    with TrainingBatches(decoded(dataset, part), part, None, 2, seed=0, workers=2) as batches:
        next(iter(batches.epoch(1)))
        assert len(multiprocessing.active_children()) == 2
    assert multiprocessing.active_children() == []


def test_the_same_workers_serve_every_epoch(birds):
    _, dataset, part = birds
    with TrainingBatches(decoded(dataset, part), part, None, 2, seed=0, workers=2) as batches:
        seen = set()
        for epoch in range(3):
            list(batches.epoch(epoch))
            seen |= {child.pid for child in multiprocessing.active_children()}
    assert len(seen) == 2


def test_an_interrupt_does_not_end_the_workers(birds):
    """Ctrl-C reaches every process of the terminal; the main one decides what happens."""
    _, dataset, part = birds
    with TrainingBatches(decoded(dataset, part), part, None, 2, seed=0, workers=2) as batches:
        running = batches.epoch(1)
        got = [next(running)]
        for child in multiprocessing.active_children():
            os.kill(child.pid, signal.SIGINT)
        got += running
    assert len(got) == len(batches)


def test_prepared_images_that_need_no_chance_use_no_worker(birds):
    _, dataset, part = birds
    with TrainingBatches(open_pixels(dataset, part, SMALL), part, None, 4, seed=0, workers=2) as batches:
        list(batches.epoch(1))
        assert multiprocessing.active_children() == []


# prepared images


@pytest.mark.parametrize("builder", sorted(BUILDERS))
def test_prepared_images_are_the_decoded_ones(builder, tmp_path):
    dataset = open_dataset(BUILDERS[builder](tmp_path).entry, data_root=tmp_path)
    parts = split(dataset.manifest, dataset.manifest.default_target, 0.2, 0)
    for part in (parts.train, parts.val, parts.test):
        prepared, direct = open_pixels(dataset, part, SMALL, workers=2), decoded(dataset, part)
        assert isinstance(prepared, PreparedImages)
        assert len(prepared) == len(direct) == len(part)
        for one, other in zip(prepared.batches(4), direct.batches(4, workers=2), strict=True):
            assert torch.equal(one, other)
        positions = np.array([2, 0, 2])
        assert torch.equal(prepared.batch(positions), direct.batch(positions))


def test_images_are_decoded_once_and_then_read_from_the_map(birds, tmp_path):
    _, dataset, part = birds
    before = list(open_pixels(dataset, part, SMALL).batches(5))
    shutil.rmtree(tmp_path / "CUB_200_2011")
    after = list(open_pixels(dataset, part, SMALL).batches(5))
    assert all(torch.equal(one, other) for one, other in zip(before, after, strict=True))


def test_what_is_read_from_the_map_may_be_written_to_without_changing_it(birds):
    _, dataset, part = birds
    pixels = open_pixels(dataset, part, SMALL)
    expected = pixels.batch(np.arange(4)).clone()
    pixels.batch(np.arange(4)).zero_()
    next(iter(pixels.batches(4))).zero_()
    assert torch.equal(pixels.batch(np.arange(4)), expected)


def test_another_transform_split_or_dataset_has_images_of_its_own(birds, home):
    _, dataset, part = birds
    other = split(dataset.manifest, "label", 0.2, 1).train
    for chosen, spec in ((part, SMALL), (part, SPEC), (other, SMALL), (part, SMALL)):
        open_pixels(dataset, chosen, spec)
    for same in (SMALL.model_copy(update={"mean": (0.5, 0.5, 0.5)}), SMALL):  # scaling comes after
        open_pixels(dataset, part, same)
    assert len(list((home / "images").glob("*.npy"))) == 3


def test_images_over_the_limit_are_decoded_and_the_reason_is_said(birds, home):
    _, dataset, part = birds
    size = len(part) * 3 * 12 * 12
    pixels = open_pixels(dataset, part, SMALL, limit_bytes=size - 1)
    assert isinstance(pixels, DecodedPixels)
    assert "more than" in pixels.note
    assert not (home / "images").exists()
    assert isinstance(open_pixels(dataset, part, SMALL, limit_bytes=size), PreparedImages)


def test_a_cut_off_map_is_made_again(birds, home):
    _, dataset, part = birds
    expected = list(open_pixels(dataset, part, SMALL).batches(100))
    path = next((home / "images").glob("*.npy"))
    path.write_bytes(path.read_bytes()[:-1])
    assert torch.equal(next(iter(open_pixels(dataset, part, SMALL).batches(100))), expected[0])


@pytest.mark.parametrize("at", [0, 40, 127, 128, 5000, -4096, -4000, -1])
def test_a_byte_flipped_anywhere_in_a_map_makes_it_again(birds, home, at):
    _, dataset, part = birds
    open_pixels(dataset, part, SMALL)
    path = next((home / "images").glob("*.npy"))
    content = bytearray(path.read_bytes())
    content[at] ^= 8
    path.write_bytes(content)
    forget_verified()  # as a new process
    pixels = open_pixels(dataset, part, SMALL)
    assert torch.equal(next(iter(pixels.batches(100))), next(iter(decoded(dataset, part).batches(100, workers=1))))
    assert verified_label(path) is not None


def test_a_corrupt_image_leaves_no_half_a_map(birds, home):
    layout, dataset, part = birds
    (layout.folder / "images" / part.ids[9]).write_bytes(b"no image")
    with pytest.raises(DataError):
        open_pixels(dataset, part, SMALL)
    assert list((home / "images").iterdir()) == []


@pytest.mark.usefixtures("birds")
def test_a_full_disk_falls_back_to_decoding(home, tmp_path):
    """A limit on the size of files stands for the full disk: the kernel refuses the write in the same place."""
    code = f"""
        import resource, pathlib, sys
        sys.path.insert(0, {str(Path(__file__).parents[1])!r})
        from dataset_layouts import entry
        from bench.data.datasets import open_dataset
        from bench.data.images.prepared import open_pixels
        from bench.data.splits import split
        from bench.spec import TransformSpec
        root = pathlib.Path({str(tmp_path)!r})
        dataset = open_dataset(entry("cub", "CUB_200_2011"), data_root=root)
        part = split(dataset.manifest, "label", 0.2, 0).train
        resource.setrlimit(resource.RLIMIT_FSIZE, (4000, 4000))
        pixels = open_pixels(dataset, part, TransformSpec(image_size=64))
        assert sum(len(batch) for batch in pixels.batches(4)) == len(part)
        print(pixels.note)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, check=False
    )
    assert "not kept on disk: File too large" in done.stdout, done.stderr
    assert list((home / "images").iterdir()) == []
