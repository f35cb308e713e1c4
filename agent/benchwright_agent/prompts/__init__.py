"""What models are told, within a budget of tokens."""
