    todo!()
