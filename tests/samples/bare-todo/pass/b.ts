// FIXME(@bo): leaks
// TODO PROJ-12 drop
