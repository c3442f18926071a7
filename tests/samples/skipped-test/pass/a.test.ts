test.skip(browserName === "webkit", "not there yet");
// it.skip("adds")
rows.skip(2);
