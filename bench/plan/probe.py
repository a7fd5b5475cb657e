"""What a recipe of the L-BFGS probe may say: it has no learning rate, no batches and no randomness."""

from __future__ import annotations

from bench.errors import RecipeError
from bench.models.head import canonical_head
from bench.spec import RecipeSpec

SERVED = frozenset(
    {
        "optimizer", "epochs", "early_stopping", "select", "head", "best_on_test", "precision", "image_size",
        "interpolation", "crop_pct", "exif", "ground", "value_range",
    }
)  # fmt: skip
"""The recipe keys that mean something to it."""


def check_probe(recipe: RecipeSpec, strategy: str) -> None:
    """Raise RecipeError where L-BFGS cannot do what a recipe asks for; recipes of other optimizers pass."""
    if recipe.optimizer != "lbfgs":
        return
    if strategy != "linear":
        raise RecipeError(
            f"L-BFGS does not train {strategy!r}.",
            "It fits a logistic regression to kept features, so nothing before the head may train.",
            "Sweep it with --strategies linear, the others with another --recipe.",
        )
    if canonical_head(recipe.head) != ("linear",):
        raise RecipeError(
            f"L-BFGS does not train the head {list(recipe.head)}.",
            "It fits a logistic regression, which is one linear layer without dropout.",
            "Leave `head` as the recipe `probe` has it.",
        )
    if recipe.epochs < 2:  # noqa: PLR2004 - a grid has two ends
        raise RecipeError(
            "L-BFGS cannot do with 1 epoch.",
            "Its epochs are the weight decays that are tried, from the strongest to the weakest.",
            "Ask for at least 2; the recipe `probe` has 15.",
        )
    for name, field in RecipeSpec.model_fields.items():
        if name not in SERVED and getattr(recipe, name) != field.get_default(call_default_factory=True):
            raise RecipeError(
                f"L-BFGS has no use for {name} = {getattr(recipe, name)}.",
                "It takes all images at once as they are, finds its own steps, and val chooses the weight decay.",
                f"Leave {name} out, or take another recipe.",
            )
