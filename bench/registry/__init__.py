"""Everything that can be benchmarked: TOML files of backbones, datasets, recipes and studies, as specs."""
