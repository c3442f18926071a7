import unittest

from textstats import stats

LETTER = "Dear Ada, it's done. The engine runs! Does it stop?"


class Stats(unittest.TestCase):
    def test_words(self):
        self.assertEqual(stats.words("it's a well-known fact"), ["it's", "a", "well-known", "fact"])

    def test_sentences(self):
        self.assertEqual(stats.sentence_count(LETTER), 3)

    def test_average_word_length(self):
        self.assertAlmostEqual(stats.average_word_length("one three"), 4.0)

    def test_empty_text(self):
        self.assertEqual(stats.average_word_length(""), 0)


if __name__ == "__main__":
    unittest.main()
