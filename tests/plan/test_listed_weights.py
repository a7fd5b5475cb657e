"""Weights files that a registry names."""

from __future__ import annotations

import hashlib

from bench.plan.backbones import choose
from bench.registry.loading import Registry
from bench.spec import WeightsSpec, canonical


def test_a_listed_weights_file_is_what_it_holds_wherever_it_lies(tmp_path):
    def weights(folder, content: bytes, location: str) -> WeightsSpec:
        folder.mkdir(exist_ok=True)
        (folder / "mine.pth").write_bytes(content)
        entry = f'["timm/resnet34"]\nfamily = "resnet"\nweights = {{ source = "file", location = "{location}" }}\n'
        (folder / "backbones.toml").write_text(entry)
        registry = Registry()
        registry.add_folder(folder, plugin=True)
        return choose(registry, ["timm/resnet34"])[0].spec.weights

    here = weights(tmp_path / "here", b"one", "mine.pth")
    there = weights(tmp_path / "there", b"one", str(tmp_path / "there" / "mine.pth"))
    assert here.path == str(tmp_path / "here" / "mine.pth")
    assert here.digest == hashlib.sha256(b"one").hexdigest()
    assert canonical(here) == canonical(there)
    assert canonical(here) != canonical(weights(tmp_path / "here", b"two", "mine.pth"))
    assert canonical(here) == canonical(choose(Registry(), [f"timm/resnet34@file:{there.path}"])[0].spec.weights)
