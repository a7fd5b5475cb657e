"""What `--keep-checkpoints` writes is what the run trained, and is loaded as docs/protocol.md says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file

Maker = Callable[..., Any]


@pytest.mark.parametrize("strategy", ["full", "linear"])
def test_kept_weights_put_back_into_their_classifier_give_the_runs_scores(
    strategy: str, sweeps: Maker, tiny_folder: Any
) -> None:
    from bench import strategies
    from bench.classifier import assemble
    from bench.data.datasets import folder_entry, open_dataset
    from bench.data.splits import split
    from bench.spec import RunSpec
    from bench.store.artifacts import Artifacts
    from bench.store.store import Store
    from bench.train.hooks import Hooks
    from bench.train.image_inputs import ImageInputs
    from bench.weights import load_backbone

    kept = sweeps("kept", "-m", "timm/test_efficientnet@none", "-s", strategy, "--image-size", "32",
                  "--epochs", "1", "--set", "batch_size=8", "--keep-checkpoints")  # fmt: skip
    ended = kept.run()
    assert ended.returncode == 0, ended.stderr
    with Store.open(kept.db) as store:
        (row,) = store.rows()
        files = Artifacts.beside(store.location)
    path = files.model_path(row.run_id)
    with safe_open(path, "pt") as file:
        spec = RunSpec.model_validate_json(file.metadata()["spec"])
    assert spec.run_id == row.run_id
    backbone, _ = load_backbone(spec.backbone, spec.transform.image_size, seed=spec.seed)
    model = strategies.apply(assemble(spec, backbone), spec.strategy).eval()
    assert not model.load_state_dict(load_file(path), strict=False).unexpected_keys
    dataset = open_dataset(folder_entry(tiny_folder))
    data = spec.dataset
    splits = split(dataset.manifest, data.target, data.val_fraction, data.split_seed)
    inputs = ImageInputs(spec, dataset, splits, torch.device("cpu"), Hooks(), 0)
    with torch.inference_mode():
        scores = torch.cat([model(*batch) for batch in inputs.ordered(splits.test)])
    assert torch.allclose(scores, torch.from_numpy(files.predictions(row.run_id).test.logits), atol=1e-4)
