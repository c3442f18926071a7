        _ => unimplemented!("later"),
