"""Where in an image a trained model finds a class (Grad-CAM), and what its layers respond to (activation maps)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from captum.attr import LayerActivation, LayerGradCam
from numpy.typing import NDArray
from torch import Tensor

from bench.errors import BenchError, unknown_name
from bench.inference.explained import Explained, Heat
from bench.inference.kept_weights import Classes
from bench.inference.layers import Layer, find_layer, last_layer, reading, see_layers
from bench.inference.predicted import Guess
from bench.inference.predicting import as_picture, as_seen, guesses, outputs, scaled
from bench.inference.trained import Trained

SHOWN_CHANNELS = 14
"""Channels whose maps are shown, those that respond most: with the image and their mean a 4 x 4 grid."""


class Explaining:
    """One image in one trained model, computed in fp32. Raises DataError where the file is no image."""

    def __init__(self, trained: Trained, image: Path, device: torch.device) -> None:
        self.trained, self.image = trained, image
        (seen,) = as_seen(trained.spec, [image])
        self.pixels = as_picture(seen)
        self.input = scaled(seen[None], trained.spec.transform, device)
        self.layers = see_layers(trained.model, self.input)
        with torch.no_grad():
            scores = trained.model(self.input)[0].cpu().double()
        self.shares = torch.cat([scores[part].softmax(dim=0) for part in outputs(trained.classes).values()])

    def grad_cam(self, names: Sequence[str], class_name: str | None = None) -> Explained:
        """Weigh each layer's maps by the mean gradient of a class's score (Selvaraju et al., ICCV 2017).

        The class is the predicted one unless named. Raises BenchError for a layer or class that does not exist.
        """
        guess, output = self._class(class_name)
        return self._explained(guess, [self._heat(layer, output) for layer in self._chosen(names)])

    def activations(self, names: Sequence[str]) -> Explained:
        """Return the mean of each layer's absolute maps, and the maps of the channels that respond most."""
        guess, _ = self._class(None)
        return self._explained(guess, [self._responses(layer) for layer in self._chosen(names)])

    def _chosen(self, names: Sequence[str]) -> list[Layer]:
        if names:
            return [find_layer(self.layers, name) for name in dict.fromkeys(names)]
        return [last_layer(self.trained.model, self.layers)]

    def _class(self, name: str | None) -> tuple[Guess, int]:
        """Return a class with its probability, and which output of the model it is."""
        parts = outputs(self.trained.classes)
        if name is None:
            target = next(iter(parts))
            guess = guesses(self.shares, self.trained.classes, 1)[target][0]
            return guess, parts[target].start + guess.index
        target, index = find_class(self.trained.classes, name)
        output = parts[target].start + index
        return Guess(index, name, float(self.shares[output])), output

    def _heat(self, layer: Layer, output: int) -> Heat:
        with reading(self.trained.model, layer) as grid, torch.enable_grad():
            cam = LayerGradCam(self.trained.model, grid)
            heat = cam.attribute(self.input, target=output, relu_attributions=True)
        return Heat(layer.name, _array(heat[0, 0]))

    def _responses(self, layer: Layer) -> Heat:
        with reading(self.trained.model, layer) as grid, torch.no_grad():
            maps = LayerActivation(self.trained.model, grid).attribute(self.input)[0]
        strength = maps.abs().mean(dim=(1, 2))
        order = strength.argsort(descending=True, stable=True)[:SHOWN_CHANNELS].tolist()
        channels = {number: _array(maps[number]) for number in order}
        return Heat(layer.name, _array(maps.abs().mean(dim=0)), channels)

    def _explained(self, guess: Guess, heats: list[Heat]) -> Explained:
        if not all(np.isfinite(heat.map).all() for heat in heats):
            raise BenchError(
                f"The model gives no finite numbers for {self.image}.",
                "A number in it grew too large.",
                "Take another run.",
            )
        best = next(iter(guesses(self.shares, self.trained.classes, 1).values()))[0]
        return Explained(str(self.image), self.pixels, best, guess, tuple(heats))


def find_class(classes: Classes, name: str) -> tuple[str, int]:
    """Find a class by its name, under the first target that has it; BenchError suggests the nearest."""
    for target, names in classes.items():
        if name in names:
            return target, names.index(name)
    raise unknown_name("class", name, [n for names in classes.values() for n in names], BenchError)


def _array(values: Tensor) -> NDArray[np.float32]:
    return values.detach().float().cpu().numpy()
