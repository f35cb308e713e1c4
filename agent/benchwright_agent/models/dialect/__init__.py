"""Forms of prompts and answers that a small model was trained on, in place of plain text."""
