"""`bench keep`: a finished run gives its weights after all."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
from command_line import bench, refused
from trained_runs import TINY, of, swept

from bench.records.predictions import RunPredictions, TestPredictions
from bench.store.artifacts import Artifacts
from bench.store.store import Store


def test_a_run_whose_weights_were_not_kept_predicts_after_bench_keep(tiny_folder: Path, tmp_path: Path) -> None:
    db, image = tmp_path / "runs.db", tiny_folder / "test" / "dusk" / "00.png"
    (row,) = swept(db, tiny_folder, *TINY, "-s", "last_blocks(1)", "--no-keep-checkpoints")
    assert f"bench keep {row.run_id[:12]}" in refused("predict", row.run_id, image, "--db", db)
    ended = bench("keep", row.run_id[:8], "--dataset", f"folder:{tiny_folder}", "--db", db)
    assert ended.code == 0, ended.stderr
    assert Path(ended.stdout.strip()).is_file()
    assert bench("predict", row.run_id, image, "--db", db).code == 0
    assert of(db, "last_blocks(1)") == row
    again = bench("keep", row.run_id[:8], "--db", db)  # it is there: no dataset is needed
    assert again.stdout == ended.stdout


def test_a_run_that_became_another_model_keeps_nothing(
    trained_db: Path, tiny_folder: Path, tmp_path: Path
) -> None:
    db, row = tmp_path / "runs.db", of(trained_db, "linear")
    shutil.copy(trained_db, db)
    with Store.open(trained_db) as store:
        kept = Artifacts.beside(store.location).predictions(row.run_id)
    with Store.open(db) as store:
        files = Artifacts.of(store)
        other = TestPredictions(kept.test.ids, kept.test.labels, np.roll(kept.test.logits, 1, axis=1))
        files.stamps.put(files.save_predictions(row.run_id, RunPredictions(kept.split_digest, kept.val, other)))
    said = refused("keep", row.run_id, "--dataset", f"folder:{tiny_folder}", "--db", db)
    assert "another model" in said
    assert not files.model_path(row.run_id).exists()
