#[ignore = "takes a minute"]
fn slow() {}
