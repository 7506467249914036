"""What clients subscribe to, copied from Pax8: the portfolio, its products and its history."""
