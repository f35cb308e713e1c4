"""The process of one job: what is heavy, and what may crash, happens here."""
