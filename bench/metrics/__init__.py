"""Accuracy, calibration, ranks, confidence intervals and paired tests: arithmetic on logits and counts."""
