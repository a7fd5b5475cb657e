"""The backbones that a study's source compared on paper, counted here."""

from __future__ import annotations

from dataclasses import dataclass, replace

from bench.models.catalogue import catalogue
from bench.plan.backbones import choose
from bench.plan.budget import Budget, parse_budget
from bench.plan.count import Progress, count_all, with_head
from bench.records.runs import Counts
from bench.registry.loading import Registry
from bench.registry.studies import StudyEntry
from bench.spec import BackboneSpec

_STRATEGY, _HEAD = "full", ("linear",)


@dataclass(frozen=True)
class Surveyed:
    """One candidate of a survey: its parameters as printed, and as counted here.

    `own_params` are with the classifier of its library, `bare_params` without any, `total_params` with a linear
    head for the study's classes. `verdict` says whether that fits its budget; `runs` are those that the study
    made of it. Counts are None for a candidate that is no backbone here.
    """

    name: str
    printed: str
    backbone: str
    own_params: int | None
    bare_params: int | None
    total_params: int | None
    gmacs: float | None
    verdict: str
    runs: tuple[str, ...]


def surveyed(registry: Registry, study: StudyEntry, progress: Progress | None = None) -> list[Surveyed]:
    """Count the candidates of a study's survey, in its order; a study without one has none.

    Raises BackboneError for a backbone that the installed libraries do not have.
    """
    if study.survey is None:
        return []
    names = study.survey.backbones
    specs = {name: choose(registry, [backbone])[0].spec for name, backbone in names.items()}
    sizes = {name: catalogue().transform(spec).image_size for name, spec in specs.items()}
    counted = count_all([(specs[name].name, sizes[name]) for name in specs], [_STRATEGY], progress)
    found = []
    for name, printed in study.survey.candidates.items():
        if name not in specs:
            found.append(Surveyed(name, printed, "", None, None, None, None, "not counted here", ()))
            continue
        backbone = specs[name].name
        bare = counted[backbone, sizes[name]]
        counts = with_head(bare, _STRATEGY, _HEAD, study.num_classes)
        if isinstance(counts, str):
            found.append(Surveyed(name, printed, backbone, None, None, None, None, counts, ()))
            continue
        own = _own_params(backbone, sizes[name])
        runs = tuple(run.name for run in study.run if run.backbone == backbone)
        verdict = _verdict(parse_budget(study.budget), counts, own)
        found.append(
            Surveyed(name, printed, backbone, own, bare.params, counts.total_params, counts.gmacs, verdict, runs)
        )
    return found


def _verdict(budget: Budget, counts: Counts, own: int) -> str:
    """Describe whether a model fits the budget, and whether it would with the classifier of its library."""
    if reasons := budget.reasons(counts):
        return "; ".join(reasons)
    whole = replace(counts, total_params=own, trainable_params=own)
    return "fits, but not with its own classifier" if budget.reasons(whole) else "fits"


def _own_params(backbone: str, image_size: int) -> int:
    """Count the parameters of a library's own model, its classifier included."""
    from bench.models.backbones import with_classifier  # noqa: PLC0415 - torch is slow to import

    library, _, architecture = backbone.partition("/")
    spec = BackboneSpec.model_validate({"library": library, "architecture": architecture})
    return sum(p.numel() for p in with_classifier(spec, image_size, meta=True).parameters())
