"""The schema: engine, unit of work, tenancy and tables."""
