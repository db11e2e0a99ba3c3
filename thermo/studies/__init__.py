"""More than one run: comparisons and batches."""
