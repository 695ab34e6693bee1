"""What several test files use; imported as `from helpers.<module> import <name>`."""
