func TestA(t *testing.T) {
	t.Skip("needs docker")
}
