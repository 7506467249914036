"""What an organisation chose: by which day, currency and price basis its figures are reckoned."""
