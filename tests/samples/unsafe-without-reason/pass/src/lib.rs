    unsafe { ptr.read() } // SAFETY: ptr comes from Box::into_raw
    // unsafe { } is rare
#![forbid(unsafe_code)]
let f: unsafe fn(i32) = g;
