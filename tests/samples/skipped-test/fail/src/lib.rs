#[test]
#[ignore]
fn slow() {}
