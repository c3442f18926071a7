@pytest.mark.skip(reason="needs a GPU")
def test_a():
    pass


def test_b():
    pytest.skip("no network")
