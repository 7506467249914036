"""PostgreSQL's side of integrations, and Pax8's."""
