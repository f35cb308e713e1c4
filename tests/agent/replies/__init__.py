"""Tests of the package that this folder is named for."""
