"""The figures as expressions over tables."""
