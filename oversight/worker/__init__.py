"""The processes behind the console: scorer, courier and clock. Each runs until SIGTERM."""
