"""The faces: the web process, the command line, the fake forge, the test harness."""
