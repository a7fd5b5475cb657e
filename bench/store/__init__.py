"""What bench knows: one database of runs, and beside it the files that belong to them.

`Store` is the way in (`bench.store.store`), `Artifacts` keeps the files (`bench.store.artifacts`).
"""
