    // dbg!(x)
    my_dbg!(x);
    log::debug!("{x}");
