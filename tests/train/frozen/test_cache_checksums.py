"""A byte that changed in the feature cache is found wherever it is, and never used."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from test_cache import fill

from bench.disk.checksum import forget_verified, sealed_json, unsealed_json
from bench.train.frozen.cache import FeatureCache
from bench.train.hooks import Hooks

Maker = Callable[..., Any]


@pytest.mark.parametrize("bit", [0, 3, 7])
@pytest.mark.parametrize("name", ["train.0.npy", "train.1.npy", "test.0.npy", "meta.json"])
def test_no_byte_of_an_entry_can_change_unseen(tmp_path: Path, name: str, bit: int) -> None:
    cache = FeatureCache(tmp_path)
    fill(cache, "key")
    path = tmp_path / "key" / name
    whole = path.read_bytes()
    for at in range(len(whole)):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1 << bit]) + whole[at + 1 :])
        forget_verified()  # as a new process
        assert cache.read("key") is None, at
    path.write_bytes(whole)
    assert cache.read("key") is not None


def test_another_process_finds_what_changed(tmp_path: Path) -> None:
    fill(FeatureCache(tmp_path), "key")
    path = tmp_path / "key" / "train.0.npy"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    code = "import sys; from pathlib import Path; from bench.train.frozen.cache import FeatureCache;"
    code += "print(FeatureCache(Path(sys.argv[1])).read('key'))"
    done = subprocess.run([sys.executable, "-c", code, tmp_path], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "None"


def test_an_entry_that_takes_the_place_of_another_is_verified_again(tmp_path: Path) -> None:
    cache = FeatureCache(tmp_path)
    fill(cache, "key")
    assert cache.read("key") is not None
    path = tmp_path / "key" / "train.0.npy"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.with_suffix(".new").write_bytes(content)
    path.with_suffix(".new").replace(path)
    assert cache.read("key") is None


def test_an_entry_of_before_there_were_checksums_is_made_anew(
    make_spec: Maker, execute: Maker, workbench: Any, tmp_path: Path
) -> None:
    before = execute(make_spec("linear", epochs=1))
    [key] = before.result.feature_keys
    meta = workbench.cache.folder / key / "meta.json"
    content = unsealed_json(meta.read_text())
    del content["sums"]
    meta.write_text(json.dumps(content))
    assert [entry.state for entry in workbench.cache.list()] == ["outdated"]
    (tmp_path / "run.pt").unlink(missing_ok=True)
    after = execute(make_spec("linear", epochs=1))
    assert [entry.state for entry in workbench.cache.list()] == ["whole"]
    assert np.array_equal(before.test_logits, after.test_logits)


def test_a_damaged_entry_changes_no_accuracy_and_is_said(
    make_spec: Maker, execute: Maker, workbench: Any, tmp_path: Path
) -> None:
    before = execute(make_spec("linear", epochs=2))
    [key] = before.result.feature_keys
    path = workbench.cache.folder / key / "train.0.npy"
    content = np.frombuffer(bytearray(path.read_bytes()), np.uint8)
    content[128::3] ^= 64
    path.write_bytes(content.tobytes())
    os.utime(path, (1e9, 1e9))
    forget_verified()
    (tmp_path / "run.pt").unlink(missing_ok=True)
    notes: list[str] = []
    after = execute(make_spec("linear", epochs=2), Hooks(note=notes.append))
    assert np.array_equal(before.test_logits, after.test_logits)
    assert any("is damaged: computed again" in note for note in notes)


@pytest.mark.parametrize("changed", [" ", "\n", "x"])
def test_json_with_its_checksum_takes_no_other_character(changed: str) -> None:
    text = sealed_json({"a": 1.5, "b": ["ü", None]})
    assert unsealed_json(text) == {"a": 1.5, "b": ["ü", None]}
    for at in range(len(text) + 1):
        with pytest.raises(ValueError):  # noqa: PT011 - of JSON, or of a checksum
            unsealed_json(text[:at] + changed + text[at:])
