"""Its sides, their join, and what people said of descriptions, in PostgreSQL."""
