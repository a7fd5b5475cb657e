"""What a run reads at its frontier: from the cache, or from one pass over the images that keeps it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace

from bench.errors import BenchError
from bench.models.classifier import Classifier
from bench.spec import RunSpec
from bench.train.frozen.cache import Entry, FeatureCache
from bench.train.frozen.frontier import IMAGES, Frontier
from bench.train.frozen.frozen_pass import FrozenPass
from bench.train.frozen.served import note_served
from bench.train.frozen.wanted import Search, Wanted, companions, must_keep
from bench.train.hooks import Hooks, StoppedError
from bench.train.loaded import Loaded
from bench.train.workbench import Workbench


def kept_features(
    spec: RunSpec, model: Classifier, loaded: Loaded, workbench: Workbench, hooks: Hooks
) -> tuple[Frontier, Entry | None]:
    """Return a run's frontier and what is kept there, from the cache or by one pass over the images.

    The pass also keeps what the sweep's other runs on this backbone want. `model` is under the run's strategy.
    A run that recomputes its features has nothing kept.
    """
    if spec.features == "recomputed":
        return Frontier(IMAGES), None
    dissected = loaded.frontiers(model)
    search = Search(
        dissected,
        loaded.weights_digest,
        workbench.dataset.manifest,
        workbench.device,
        workbench.cache_bytes,
        workbench.splits,
    )
    frontier, own = search.wanted(spec, model)
    if not dissected.traced and frontier.label == IMAGES and not spec.recipe.augment:
        hooks.note(f"{spec.backbone.name} does not trace: only its pooled features can be kept.")
    if own is None:
        _say_nothing_is_kept(spec, hooks)
        return frontier, None
    if workbench.cache.is_damaged(own.label.key):
        hooks.note(f"What is kept of {spec.backbone.name} at {own.label.frontier} is damaged: computed again.")
    if own.layout.bytes > workbench.cache_bytes:
        raise _cannot_keep(spec, own, "--cache-budget is less")
    entry = _read(own, workbench.cache)
    if entry is None:
        others = search.wanted_by(companions(spec, workbench.planned), model)
        with workbench.cache.filling(own.label.key, _waiting(spec, hooks)):
            entry = _read(own, workbench.cache)  # another process may have kept it meanwhile
            if entry is None:
                with _to_fill(own, others, workbench) as wanted:
                    FrozenPass(spec, model, dissected, wanted, workbench, hooks).run()
                entry = _noted(own, wanted, workbench)
    else:
        note_served(workbench.cache, spec, workbench.device.type, entry.made.key)
    if entry is None and must_keep(spec):
        raise _cannot_keep(spec, own, f"there is no room for them at {workbench.cache.folder}")
    if entry is None:
        hooks.note(f"There is no room for {own.layout.bytes / 1e9:.1f} GB: computed again in every epoch.")
        return Frontier(IMAGES), None
    return frontier, entry


def _say_nothing_is_kept(spec: RunSpec, hooks: Hooks) -> None:
    if must_keep(spec):
        how = f"with neither the backend {spec.backend} nor {spec.kept}"
        hooks.note(f"Nothing of {spec.backbone.name} is worth keeping: it is computed anew, {how}.")


def _noted(own: Wanted, wanted: Sequence[Wanted], workbench: Workbench) -> Entry | None:
    """Return what a pass kept for a run, and note which runs its entries serve."""
    for each in wanted:
        if each.asked is not None:
            note_served(workbench.cache, each.asked, workbench.device.type, each.label.key)
    return _read(own, workbench.cache)


def _read(own: Wanted, cache: FeatureCache) -> Entry | None:
    """Return what a run reads; for a subset the whole dataset's entry will do, at its share of the cost."""
    entry = cache.read(own.label.key)
    if entry is not None:
        return replace(entry, rows=own.rows)
    whole = cache.read(own.whole_key) if own.rows is not None else None
    if whole is None:
        return None
    share = sum(own.layout.images.values()) / max(1, whole.made.images)
    return replace(whole, alone_s=whole.alone_s * share)


def _cannot_keep(spec: RunSpec, own: Wanted, reason: str) -> BenchError:
    """Make the error for a run whose identity says how its features are made, where none can be kept."""
    return BenchError(
        f"The features of {spec.backbone.name} cannot be kept: "
        f"they take {own.layout.bytes / 1e6:,.1f} MB, and {reason}.",
        f"The run's identity says that {spec.backend} computes them and that they are kept as {spec.kept}: "
        "computed again in every epoch, its numbers would be another run's.",
        "Raise --cache-budget, free some disk, or leave --backend and --cache-dtype out.",
    )


def _waiting(spec: RunSpec, hooks: Hooks) -> Callable[[], None]:
    """Make what is called while another process computes the same pass."""
    said: list[str] = []

    def wait() -> None:
        if not said:
            said.append(f"Another process computes the features of {spec.backbone.name}: waiting for them.")
            hooks.note(said[0])
        if hooks.stop() or hooks.late():
            raise StoppedError("Stopped.", "While another process computed its features.", "Start it again.")

    return wait


@contextmanager
def _to_fill(own: Wanted, others: Sequence[Wanted], workbench: Workbench) -> Iterator[list[Wanted]]:
    """Choose what a pass fills: `own`, and of the others what fits beside it and nobody has kept or computes.

    Room is made for it: what the others have kept already stays as far as all of it fits.
    """
    held, spared, taken = own.layout.bytes, {own.label.key}, [own]
    with ExitStack() as stack:
        for each in others:
            key, size = each.label.key, each.layout.bytes
            if key in spared or held + size > workbench.cache_bytes:
                continue
            if not stack.enter_context(workbench.cache.filling(key)):
                continue
            held += size
            spared.add(key)
            if workbench.cache.read(key) is None:
                taken.append(each)
        workbench.cache.make_room(sum(w.layout.bytes for w in taken), workbench.cache_bytes, frozenset(spared))
        yield taken
