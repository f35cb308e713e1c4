"""Tests of rollouts: real simulator, real workers, models by script or tiny."""
