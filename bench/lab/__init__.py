"""The Python API that plans, trains and reports: `lab = bench.open("runs.db")`."""
