def test_a():
    assert True is flag()
    assert truth(1)
