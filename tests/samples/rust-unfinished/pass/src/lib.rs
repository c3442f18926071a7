    unreachable!("checked above")
    // todo!()
    let todo = list;
