    let x = map.get("k")?;
    let g = m.lock().unwrap();
    let y = v.unwrap_or(0);
