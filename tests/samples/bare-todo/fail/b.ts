// FIXME: leaks
