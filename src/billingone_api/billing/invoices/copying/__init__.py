"""Which adapters copy which third party, and in which steps."""
