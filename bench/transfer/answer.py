"""From a question to its answer: scores computed once and kept, read through a label map, recorded."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from bench.data.checks.check import OfficialSplit
from bench.data.datasets import Dataset
from bench.data.images.loading import Positions
from bench.data.manifest import Manifest
from bench.data.progress import Progress
from bench.data.stratify import stratified
from bench.errors import DataError
from bench.hardware.device import hardware
from bench.inference.logits import logits_in_parts, stacked
from bench.inference.predicting import outputs
from bench.inference.trained import Trained, load_trained
from bench.plan.reading import reading_elsewhere
from bench.records.transfers import Transfer
from bench.spec import RunSpec, TransformSpec, digest
from bench.store.artifacts import Artifacts
from bench.store.finished import finished_spec
from bench.store.foreign_scores import ForeignScores, load_scores, save_scores, scores_path
from bench.store.store import Store
from bench.train.provenance import provenance
from bench.transfer.images import ImageTable, TransferredImage, drawn, head_says
from bench.transfer.label_check import CheckedMap, check_map
from bench.transfer.label_groups import known_groups, meanings, of_the_run
from bench.transfer.label_map import WrittenMap
from bench.transfer.result import map_record, measured, readings_of
from bench.transfer.scores import Floats

_VERSION = 1  # raised when the same question would be answered otherwise


@dataclass(frozen=True)
class Question:
    """What to evaluate on: an official split of a dataset, its labels under `target`, at most `limit` images.

    `training` is the manifest of the run's own dataset, where it is here: it says which class groups which.
    `weights` is as for `load_trained`.
    """

    run: str
    dataset: Dataset
    written: WrittenMap
    weights: Path | None = None
    map_name: str = ""
    split: OfficialSplit = "test"
    target: str | None = None
    limit: int | None = None
    training: Manifest | None = None
    notes: tuple[str, ...] = ()


class Transferring:
    """Answers a question about a run once; the same one again is looked up.

    Raises LabelMapError for a map that does not fit the classes, DataError where there is no such split or no
    mapped image, and what `load_trained` raises.
    """

    def __init__(
        self, store: Store, question: Question, device: torch.device, progress: Progress | None = None
    ) -> None:
        self.store, self.question, self.device, self.progress = store, question, device, progress
        run = store.run(question.run)
        finished_spec(run)  # raises where it is not
        self.run_id = run.row.run_id
        self.manifest = question.dataset.manifest
        self.target = question.target or self.manifest.default_target
        self.theirs = self.manifest.class_names(self.target)
        _check_split(self.manifest, question.split)
        artifacts = Artifacts.of(store)
        self._path = scores_path(artifacts, self.run_id, self.manifest.fingerprint, question.split)
        self._trained: Trained | None = None

    def answer(self) -> Transfer:
        """Return the evaluation, from the database where it was made before."""
        return self.store.transfers.find(self.transfer_id) or self._answered()

    @property
    def transfer_id(self) -> str:
        """The SHA-256 of the run, the images and the map as it is written."""
        written = self.question.written.model_dump(mode="json", exclude={"source", "note"})
        groups = sorted(map(list, known_groups(self.question.training)))
        asked = [self.run_id, self.manifest.fingerprint, self.question.split, self.target, self.question.limit]
        return digest([_VERSION, asked, written, groups], "transfer")

    def images(self, count: int | None, seed: int = 0) -> ImageTable:
        """Return what is said of each image that is evaluated, or of `count` of them that `seed` draws."""
        checked, training, rows, scores = self._scored_rows()
        chosen = drawn(len(rows), count, seed)
        there = rows[chosen]
        labels, ids = self._labels()[there], self.manifest.splits[self.question.split].ids
        logits, groups = scores.of(there), known_groups(training)
        heads = []
        for target, part in outputs(scores.classes).items():
            readings = readings_of(checked, groups, target)
            if readings:
                heads.append(head_says(target, logits[:, part], labels, scores.classes[target], readings))
        images = tuple(
            TransferredImage(int(row), ids[row], self.theirs[label], tuple(said))
            for row, label, *said in zip(there, labels, *heads, strict=True)
        )
        return ImageTable(images, len(rows), seed if len(images) < len(rows) else None)

    def _scored_rows(self) -> tuple[CheckedMap, Manifest | None, Positions, ForeignScores]:
        """Return the checked map, the run's own dataset, and the images that count with their scores."""
        kept = load_scores(self._path)
        classes = kept.classes if kept else self._model().classes
        training = of_the_run(self.question.training, classes)
        ours = meanings(classes, training)
        checked = check_map(self.question.written, self.theirs, ours, self.manifest.name)
        rows = self._rows(checked)
        return checked, training, rows, self._scored(kept, rows)

    def _answered(self) -> Transfer:
        checked, training, rows, scores = self._scored_rows()
        labels = self._labels()
        result = measured(scores.of(rows), labels[rows], scores.classes, checked, known_groups(training))
        result["asked"] = {"target": self.target, "limit": self.question.limit}
        result["left_out"] = self._left_out(checked, rows)
        result["notes"] = [*self.question.notes, *result["notes"]]
        made = Transfer(
            transfer_id=self.transfer_id,
            run_id=self.run_id,
            dataset=self.manifest.name,
            fingerprint=self.manifest.fingerprint,
            split=self.question.split,
            images=len(rows),
            label_map=map_record(checked, self.question.written, self.question.map_name),
            result=result,
            hardware=scores.hardware,
            provenance=provenance(self.device),
        )
        return self.store.transfers.add(made)

    def _labels(self) -> Positions:
        return self.manifest.labels(self.question.split, self.target)

    def _rows(self, checked: CheckedMap) -> Positions:
        """Choose the images of mapped classes; of more than `limit` a stratified part."""
        labels, part = self._labels(), self.manifest.splits[self.question.split]
        rows = np.flatnonzero(np.isin(labels, [pair.theirs for pair in checked.pairs]))
        if not len(rows):
            raise DataError(
                f"The {self.question.split} split of {self.manifest.name} has no image of a mapped class.",
                f"The map names {len(checked.pairs)} of its {len(self.theirs)} classes.",
                "Take another --split, or map other classes.",
            )
        if self.question.limit is None or self.question.limit >= len(rows):
            return rows
        return rows[stratified([part.ids[i] for i in rows], labels[rows], self.question.limit, seed=0)]

    def _left_out(self, checked: CheckedMap, rows: Positions) -> dict[str, int]:
        labels = self._labels()
        mapped = np.isin(labels, [pair.theirs for pair in checked.pairs])
        return {
            "unmapped_images": int((~mapped).sum()),
            "unmapped_classes": len(self.theirs) - len(checked.pairs),
            "over_limit": int(mapped.sum()) - len(rows),
        }

    def _scored(self, kept: ForeignScores | None, rows: Positions) -> ForeignScores:
        """Return scores of all of `rows`: what is missing is computed, and kept also where that is interrupted."""
        missing = kept.missing(rows) if kept else rows
        if kept is not None and not len(missing):
            return kept
        trained = self._model()
        parts: list[Floats] = []
        if kept is not None and kept.classes != trained.classes:
            kept, missing = None, rows
        images = self.question.dataset.images(self.question.split, self._transform(trained.spec))
        try:
            parts.extend(logits_in_parts(trained, images, missing, self.device, self.progress))
        finally:
            logits = stacked(parts, sum(map(len, trained.classes.values())))
            new = ForeignScores(missing[: len(logits)], logits, trained.classes, hardware(self.device))
            scores = kept.joined(new) if kept else new
            if parts:
                save_scores(self._path, scores)
        return scores

    def _transform(self, spec: RunSpec) -> TransformSpec:
        if spec.dataset.fingerprint == self.manifest.fingerprint:
            return spec.transform
        return reading_elsewhere(spec, self.manifest.pixels)

    def _model(self) -> Trained:
        if self._trained is None:
            self._trained = load_trained(self.store, self.run_id, self.device, self.question.weights)
        return self._trained


def _check_split(manifest: Manifest, split: OfficialSplit) -> None:
    if split not in manifest.splits:
        raise DataError(
            f"{manifest.name} has no official {split} split.",
            f"It has {' and '.join(manifest.splits)}; nothing is cut from them here, for nothing is trained.",
            f"Take --split {' or '.join(manifest.splits)}.",
        )
