"""Pages of the console: functions only, so that importing one draws nothing."""
