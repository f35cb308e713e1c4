"""Tests of evaluations side by side."""
