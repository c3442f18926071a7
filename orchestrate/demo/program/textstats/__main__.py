"""Prints the statistics of standard input."""

import sys

from textstats.stats import average_sentence_length, average_word_length, sentence_count, words

text = sys.stdin.read()
print("words", len(words(text)))
print("sentences", sentence_count(text))
print(f"letters a word {average_word_length(text):.1f}")
print(f"words a sentence {average_sentence_length(text):.1f}")
