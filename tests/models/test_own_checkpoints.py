"""Checkpoints as training scripts, frameworks and converters write them, and which tensors are taken from each."""

from __future__ import annotations

import argparse
import collections
import datetime as dt
import decimal
import functools
import os
import pathlib
import subprocess
import types
from typing import Any

import numpy as np
import pytest
import torch
from checkpoints import RESNET, assert_same, from_file, library_model, refused
from torch import Tensor, nn

from bench.models.weights import load_backbone
from bench.spec import BackboneSpec

State = dict[str, Tensor]


@pytest.fixture(scope="module")
def resnet() -> nn.Module:
    model = library_model(RESNET)
    with torch.no_grad():
        for number, tensor in enumerate(model.state_dict().values()):
            tensor.add_(number)  # no two tensors alike
    return model


def load(path: pathlib.Path) -> tuple[nn.Module, list[str]]:
    notes: list[str] = []
    backbone, _ = load_backbone(from_file(RESNET, path, tag="mine"), 64, note=notes.append)
    return backbone, notes


def below(prefix: str, state: State) -> State:
    return {prefix + name: tensor for name, tensor in state.items()}


def noise(state: State) -> State:
    return {name: torch.randn_like(t) if t.is_floating_point() else t for name, t in state.items()}


class Config:
    """A class that only the training script has."""

    def __init__(self) -> None:
        self.lr = 0.1


class AttributeDict(dict[str, Any]):
    """A dict with attributes, as Lightning keeps hyper-parameters."""


METADATA = {
    "namespace": argparse.Namespace(lr=0.1, device=torch.device("cpu"), out=pathlib.PurePosixPath("x/y")),
    "simple_namespace": types.SimpleNamespace(a=1),
    "numpy_float": np.float64(0.9),
    "numpy_int": np.int64(3),
    "numpy_bool": np.bool_(1),
    "numpy_array": np.arange(6.0),
    "config": Config(),
    "attribute_dict": AttributeDict(lr=0.1),
    "defaultdict": collections.defaultdict(list, a=[1]),
    "path": pathlib.Path("runs/1"),
    "time": dt.datetime(2026, 1, 2, tzinfo=dt.UTC),
    "decimal": decimal.Decimal("0.1"),
    "set": {1, 2},
    "rng": np.random.RandomState(0).get_state(),
    "dtype": torch.float16,
    "generator": np.random.default_rng(0),
    "random_state": np.random.RandomState(0),
    "deque": collections.deque([1.0, 2.0], maxlen=20),
    "partial": functools.partial(nn.LayerNorm, eps=1e-6),
    "function": nn.functional.relu,
}


@pytest.mark.parametrize("kind", METADATA)
def test_what_a_script_saves_beside_the_tensors_does_not_matter(tmp_path, resnet, kind):
    torch.save({"model": resnet.state_dict(), "epoch": 3, "args": METADATA[kind]}, tmp_path / "a.pth")
    backbone, notes = load(tmp_path / "a.pth")
    assert_same(backbone, resnet)
    assert notes == []


@pytest.mark.parametrize(
    "wrapper",
    [
        "net",
        "model_state",
        "ema",
        "backbone",
        "encoder",
        "network",
        "params",
        "weights",
        "student",
        "online.encoder",
    ],
)
def test_any_wrapper_is_found(tmp_path, resnet, wrapper):
    content: Any = resnet.state_dict()
    for key in reversed(wrapper.split(".")):
        content = {key: content, "step": 7}
    torch.save(content, tmp_path / "a.pth")
    assert_same(load(tmp_path / "a.pth")[0], resnet)


@pytest.mark.parametrize("prefix", ["model.", "module.model.", "backbone.", "_orig_mod.", "net.0.", "encoder_q."])
def test_any_common_prefix_is_stripped(tmp_path, resnet, prefix):
    torch.save({"state_dict": below(prefix, resnet.state_dict())}, tmp_path / "a.ckpt")
    assert_same(load(tmp_path / "a.ckpt")[0], resnet)


def test_a_model_that_was_pickled_whole_gives_its_tensors_and_runs_no_code(tmp_path, resnet):
    torch.save(resnet, tmp_path / "a.pt")
    assert_same(load(tmp_path / "a.pt")[0], resnet)


def test_a_file_of_the_old_format_is_read_too(tmp_path, resnet):
    content = {"model": resnet.state_dict(), "args": argparse.Namespace(lr=0.1), "best": np.float64(0.9)}
    torch.save(content, tmp_path / "a.pth", _use_new_zipfile_serialization=False)
    assert_same(load(tmp_path / "a.pth")[0], resnet)


def test_safetensors_are_known_by_their_content_whatever_the_file_is_called(tmp_path, resnet):
    from safetensors.torch import save_file

    save_file(resnet.state_dict(), tmp_path / "a.bin")
    assert_same(load(tmp_path / "a.bin")[0], resnet)


FOREIGN = {
    "sequential head": {"fc.1.weight": torch.ones(7, 5), "fc.1.bias": torch.ones(7)},
    "another name": {"head.weight": torch.ones(7, 5), "head.bias": torch.ones(7)},
    "projection": {"projector.0.weight": torch.ones(7, 5)},
    "loss": {"criterion.weight": torch.ones(7)},
    "buffer": {"ema_decay": torch.tensor(0.9)},
}


@pytest.mark.parametrize("kind", FOREIGN)
def test_a_foreign_head_or_extra_tensor_is_left_out_with_a_note(tmp_path, resnet, kind):
    own = {name: t for name, t in resnet.state_dict().items() if not name.startswith("fc.")}
    torch.save(own | FOREIGN[kind], tmp_path / "a.pth")
    backbone, notes = load(tmp_path / "a.pth")
    assert_same(backbone, resnet)
    assert len(notes) == 1
    assert next(iter(FOREIGN[kind])) in notes[0]


def test_what_lies_beside_a_prefix_is_left_out_with_a_note(tmp_path, resnet):
    content = below("model.", resnet.state_dict()) | {
        "criterion.weight": torch.ones(3),
        "temperature": torch.ones(1),
    }
    torch.save({"state_dict": content}, tmp_path / "a.ckpt")
    backbone, notes = load(tmp_path / "a.ckpt")
    assert_same(backbone, resnet)
    assert "criterion.weight, temperature" in notes[0]


def test_buffers_of_profilers_are_nothing_to_speak_of(tmp_path, resnet):
    counted = {f"{name}.total_ops": torch.zeros(1) for name, _ in resnet.named_modules() if name}
    torch.save({**resnet.state_dict(), **counted}, tmp_path / "a.pth")
    backbone, notes = load(tmp_path / "a.pth")
    assert_same(backbone, resnet)
    assert notes == []


class TestAveragedWeights:
    """A file that holds the same model twice."""

    def test_below_a_key_of_their_own_are_taken_with_a_note(self, tmp_path, resnet):
        raw = noise(resnet.state_dict())
        torch.save({"model": raw, "model_ema": resnet.state_dict()}, tmp_path / "a.pth")
        backbone, notes = load(tmp_path / "a.pth")
        assert_same(backbone, resnet)
        assert "read from model_ema; weights are also at model" in notes[0]

    def test_below_a_prefix_of_their_own_are_taken_with_a_note(self, tmp_path, resnet):
        raw = noise(resnet.state_dict())
        torch.save(below("student.", raw) | below("teacher.", resnet.state_dict()), tmp_path / "a.pth")
        backbone, notes = load(tmp_path / "a.pth")
        assert_same(backbone, resnet)
        assert "read below teacher.; the same model is also below student." in notes[0]


class TestAnotherArchitecture:
    """Names and shapes that agree in part are no reason to load."""

    def test_a_deeper_model_is_not_cut_to_a_shallower_one(self, tmp_path):
        deep = library_model(BackboneSpec(library="timm", architecture="resnet34"))
        torch.save(deep.state_dict(), tmp_path / "a.pth")
        shallow = BackboneSpec(library="timm", architecture="resnet18")
        error = refused(from_file(shallow, tmp_path / "a.pth"))
        assert "not of timm/resnet18" in error.what
        assert "not expected: layer1.2." in error.why

    def test_a_shallower_model_does_not_fill_a_deeper_one(self, tmp_path):
        torch.save(
            library_model(BackboneSpec(library="timm", architecture="resnet18")).state_dict(), tmp_path / "a.pth"
        )
        assert (
            "missing"
            in refused(from_file(BackboneSpec(library="timm", architecture="resnet34"), tmp_path / "a.pth")).why
        )

    def test_a_missing_tensor_is_named(self, tmp_path, resnet):
        state = resnet.state_dict()
        torch.save({name: t for name, t in state.items() if name != "layer1.0.conv1.weight"}, tmp_path / "a.pth")
        assert "missing: layer1.0.conv1.weight" in refused(from_file(RESNET, tmp_path / "a.pth")).why


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_numbers_that_are_not_finite_are_the_files_fault(tmp_path, resnet, value):
    state = {name: tensor.clone() for name, tensor in resnet.state_dict().items()}
    state["layer1.0.conv1.weight"][0, 0] = value
    torch.save(state, tmp_path / "a.pth")
    error = refused(from_file(RESNET, tmp_path / "a.pth"))
    assert "a.pth hold numbers that are not finite" in error.what
    assert "layer1.0.conv1.weight" in error.why


@pytest.mark.parametrize(
    "odd",
    [
        lambda tensor: (tensor * 100).to(torch.int8),
        lambda tensor: tensor.to(torch.complex64),
        lambda tensor: tensor.to("meta"),
    ],
    ids=["integers", "complex", "meta"],
)
def test_weights_that_are_no_floats_are_refused_and_not_taken_as_they_are(tmp_path, resnet, odd):
    state = resnet.state_dict()
    torch.save(state | {"conv1.0.weight": odd(state["conv1.0.weight"])}, tmp_path / "a.pth")
    error = refused(from_file(RESNET, tmp_path / "a.pth"))
    assert error.what == "The weights in a.pth are not floats."
    assert "conv1.0.weight" in error.why


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:ab\nsize 1\n", "It is a pointer of Git LFS"),
        (b"<html>404 not found</html>", "It is a web page"),
        (b"version 2 of the model", "UnpicklingError: Unsupported operand"),
    ],
)
def test_a_text_in_the_place_of_weights_is_named_without_torchs_advice(tmp_path, content, why):
    (tmp_path / "a.pth").write_bytes(content)
    error = refused(from_file(RESNET, tmp_path / "a.pth"))
    assert error.why.startswith(why)
    assert "weights_only" not in error.why


def test_a_file_without_tensors_lists_the_keys_that_it_has(tmp_path):
    torch.save({"epoch": 3, "args": argparse.Namespace(lr=0.1), "best": 0.9}, tmp_path / "a.pth")
    assert refused(from_file(RESNET, tmp_path / "a.pth")).why == "It holds a dict with the keys epoch, args, best."


class Call:
    """A pickle that calls something when it is read."""

    def __init__(self, function: Any, *arguments: Any) -> None:
        self.call = function, arguments

    def __reduce__(self) -> tuple[Any, ...]:
        return self.call


@pytest.mark.parametrize(
    "function", [os.system, os.mkdir, subprocess.check_output, eval, exec, getattr, __import__]
)
@pytest.mark.parametrize("zipped", [True, False])
def test_a_file_that_asks_for_code_to_run_is_refused_and_nothing_runs(tmp_path, resnet, function, zipped):
    victim = tmp_path / "made"
    content = {"model": resnet.state_dict(), "args": Call(function, f"mkdir {victim}")}
    torch.save(content, tmp_path / "a.pth", _use_new_zipfile_serialization=zipped)
    error = refused(from_file(RESNET, tmp_path / "a.pth"))
    assert not victim.exists()
    assert "\x1b" not in error.why
    assert function.__name__ in error.why


def test_reasons_are_whole_and_without_escape_codes(tmp_path):
    (tmp_path / "a.pth").write_bytes(b"PK\x03\x04" + b"broken" * 100)
    error = refused(from_file(RESNET, tmp_path / "a.pth"))
    assert "\x1b" not in error.why
    assert not error.why.rstrip().endswith(":")
