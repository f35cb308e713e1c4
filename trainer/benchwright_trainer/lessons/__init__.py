"""The coverage loop as a teacher: what it found, written as text that a small model can learn."""
