    assert!(true);
