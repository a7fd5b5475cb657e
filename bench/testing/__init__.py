"""What plug-ins test themselves with: contracts of strategies, readers and columns; and the layers of bench."""
