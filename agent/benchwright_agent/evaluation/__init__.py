"""Models and policies over suites of designs, in the paper's terms."""
