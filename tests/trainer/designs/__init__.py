"""Tests of the generated designs."""
