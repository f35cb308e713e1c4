"""Coverage as text, JSON, lcov, Cobertura and HTML."""
