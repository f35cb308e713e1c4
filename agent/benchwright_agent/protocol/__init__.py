"""The paper's protocol: states, rounds, and their records."""
