unsafe impl Send for Handle {}
