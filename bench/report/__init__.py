"""What the runs mean: groups over seeds, ranks, Pareto fronts, tables and the HTML report. Never imports torch."""
