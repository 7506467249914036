"""SuperOps: clients, invoices, assets and people over GraphQL, on good days and bad ones."""
