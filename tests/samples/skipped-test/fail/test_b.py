@pytest.mark.skip()
def test_b():
    pass
