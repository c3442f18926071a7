    let x = f().unwrap();
