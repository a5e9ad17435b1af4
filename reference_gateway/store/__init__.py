"""Where payments are kept: PostgreSQL, or memory for worlds of one process. Knows values of the domain, no use case."""
