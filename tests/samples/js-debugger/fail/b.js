if (x) { debugger; }
