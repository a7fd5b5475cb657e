"""The plain convolutional networks that published studies train from scratch, as backbones."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from torch import Tensor, nn


class PlainCNN(nn.Module):
    """3x3 convolutions in stages, each stage closed by a 2x2 max-pool and dropout, then hidden linear layers.

    `stages` are the convolution widths of each stage, `hidden` the widths of the linear layers before the
    classifier; `dropouts` has one rate per stage and, if hidden layers follow, one for them. Without hidden layers
    the last maps are flattened. Batch norm follows the ReLU of each convolution of which `normed` says so.
    """

    def __init__(
        self,
        stages: tuple[tuple[int, ...], ...],
        dropouts: tuple[float, ...],
        hidden: tuple[int, ...] = (),
        *,
        normed: Sequence[bool] | None = None,
        image_size: int = 32,
        num_classes: int = 1000,
    ) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        width, norms = 3, iter(normed or [False] * sum(map(len, stages)))
        for stage, dropout in zip(stages, dropouts, strict=False):
            for channels in stage:
                layers += [nn.Conv2d(width, channels, 3, padding=1), nn.ReLU()]
                width = channels
                if next(norms):
                    layers.append(nn.BatchNorm2d(channels))
            layers += [nn.MaxPool2d(2), nn.Dropout(dropout)]
        layers.append(nn.Flatten())
        side = image_size // 2 ** len(stages)
        if side < 1:
            raise ValueError(f"{len(stages)} poolings leave nothing of {image_size} pixels")
        width *= side * side
        for units in hidden:
            layers += [nn.Linear(width, units), nn.ReLU(), nn.Dropout(dropouts[-1])]
            width = units
        self.features = nn.Sequential(*layers)
        self.classifier = nn.Linear(width, num_classes)

    def forward(self, images: Tensor) -> Tensor:
        """Map images (N, 3, size, size) to class scores (N, num_classes)."""
        return self.classifier(self.features(images))  # type: ignore[no-any-return]

    def reset_classifier(self, num_classes: int) -> None:
        """Replace the classifier, or drop it where `num_classes` is 0 (timm's protocol)."""
        features = self.classifier.in_features
        self.classifier = nn.Linear(features, num_classes) if num_classes else nn.Identity()  # type: ignore[assignment]


def small_cnn(image_size: int = 32, num_classes: int = 1000) -> PlainCNN:
    """Seven convolutions, 32-32-64-64-128-128-256, as the study `cifar100-ensemble` describes its small CNN."""
    stages, dropouts = ((32, 32), (64, 64), (128, 128), (256,)), (0.2, 0.3, 0.4, 0.6)
    normed = (True,) * 6 + (False,)
    return PlainCNN(stages, dropouts, normed=normed, image_size=image_size, num_classes=num_classes)


def nine_layer_cnn(image_size: int = 32, num_classes: int = 1000) -> PlainCNN:
    """Six convolutions and three linear layers, the classifier counted: 128-128-256-256-512-512, 1000, 1000.

    The study `cifar100-efficientnet-b0` prints its size, 13,870,484 parameters at 100 classes, but no layout. This
    one has exactly that many at 32x32, and of the plain layouts that do it was judged the most ordinary (see
    docs/studies.md). The dropout rates are ours.
    """
    stages, dropouts = ((128, 128), (256, 256), (512, 512)), (0.25, 0.25, 0.25, 0.5)
    return PlainCNN(stages, dropouts, (1000, 1000), image_size=image_size, num_classes=num_classes)


PLAIN_CNNS: dict[str, Callable[..., PlainCNN]] = {"small_cnn": small_cnn, "nine_layer_cnn": nine_layer_cnn}
