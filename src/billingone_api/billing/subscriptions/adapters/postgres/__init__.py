"""How subscriptions, companies and products are kept, and how they are read."""
