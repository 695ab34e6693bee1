"""The steps of cleaning: functions of a Draft, in the order of `cleaner.STEPS`."""
