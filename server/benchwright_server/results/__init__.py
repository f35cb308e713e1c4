"""What is known of designs: kept between sessions, and placed on the lines of a buffer."""
