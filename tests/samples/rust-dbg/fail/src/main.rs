    let x = dbg!(compute());
