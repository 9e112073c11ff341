"""What is done to a finished ranking on purpose: exposure, variety."""
