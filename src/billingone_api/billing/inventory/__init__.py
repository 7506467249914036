"""The machines and people behind a count, one by one, as SuperOps lists them."""
