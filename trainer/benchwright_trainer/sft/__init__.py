"""Supervised fine-tuning of a student, and students made from nothing."""
