    let x = map.get("k").unwrap();
