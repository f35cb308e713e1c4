"""Makes the models that the agent runs."""
