"""The steps of cleaning. Each is a function that changes a Draft; `cleaner.STEPS` has their order."""
