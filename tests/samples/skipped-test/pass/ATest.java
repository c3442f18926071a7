@Disabled("until #12")
void adds() {}
