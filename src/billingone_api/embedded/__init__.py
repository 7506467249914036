"""PostgreSQL and Redis started by the program itself, for the demo and the tests."""
