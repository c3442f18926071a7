"""One adapter a coding tool; the process with limits that runs it; what it reported."""
