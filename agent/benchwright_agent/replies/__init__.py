"""What a model answered, read and screened before anything of it runs."""
