"""Counts words and sentences."""

import re

WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")
SENTENCE_END = re.compile(r"[.!?]+(?:\s|$)")


def words(text):
    """The words of the text, in order."""
    return WORD.findall(text)


def sentence_count(text):
    """How many sentences the text has; a last one without a full stop counts."""
    ends = len(SENTENCE_END.findall(text))
    rest = SENTENCE_END.split(text)[-1].strip()
    return ends + bool(rest)


def average_word_length(text):
    """Letters a word, on average."""
    found = words(text)
    return sum(len(word) for word in found) / len(found)


def average_sentence_length(text):
    """Words a sentence, on average."""
    return len(words(text)) / sentence_count(text)
