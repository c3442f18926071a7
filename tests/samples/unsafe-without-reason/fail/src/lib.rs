    unsafe { ptr.read() }
