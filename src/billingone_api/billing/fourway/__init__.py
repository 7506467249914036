"""What is used, licensed, billed and charged, side by side, and the money that leaks between."""
