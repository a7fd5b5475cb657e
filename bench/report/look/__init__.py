"""One run seen from all sides: what follows from its logits, labels, epochs and class names; two runs compared."""
