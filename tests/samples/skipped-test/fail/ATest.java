@Disabled
void adds() {}
