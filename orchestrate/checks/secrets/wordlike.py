"""How much a string looks like words rather than like something drawn at random.

The table holds, for each letter (and the start of a word) and each next letter, the surprise of
that step in half bits, `a` = 0: the words of the Python standard library's sources, each counted
once plus the logarithm of its frequency (`benchmarks/secrets_wordlike.py` makes it). A random
string of letters costs about 6.3 bits a letter, nine words in ten less than 4.8.
"""

from orchestrate.checks.secrets.lazy import lazy

LIKE_WORDS = 4.85  # bits a letter: above it nine random strings in ten

_START = "^"
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_ROWS = """
    ijhijjklipojjjkipigikmlnpp
    kjijqokrkvmgihukugifmnonms
    gjjmhnpphkpfmnhlrjjmhsqrjr
    golmhnqhkuhimpfosjlgkprvnv
    hmljeloqfrrkoninskikjpqqov
    joihlkmqouqjkgolofghqmmjnu
    iomlhgmrettinmgntikkitqsnz
    jpmmdnkihurjmijnyhhmjoqsqp
    fpnmeoqogvplmnfpujmjkrqsnu
    klijkljtrsrijeikukhhtlwnxk
    hnlmeopmixhqspgmqninfxoooq
    inlkdnkmgpriqjlnqmglmpkwmw
    hpnkeoqrfuqhpognxpkjkprvis
    fkpmeorshxplkohgzqjlkstymv
    hpihhkgpjsmmominsphglmrupv
    nliiomlrmtmiifkiygjjimjoss
    fpmmfmplizphqohirgkilroxjz
    lnnnnoponstloloomjkobonqpt
    gokkenlrhxnlklhmzkiilnoulw
    kpjnfonjhumlnnjjqoieiqotlu
    hpkmemrifxrlnoilvhiklqorkq
    kikljkmtkvshifmixhhgqsvrvs
    emmqcoqpgstpnpjosnnnqqorrr
    folkgmpjfrqloihnshhmqolmtv
    jmikhjqmirrljomgsmlfoppgkq
    lljkilnojupjjikftlggomlnil
    iqoldnpngzuompioromnrzonmf
"""
_COST = {
    before + after: (ord(cell) - ord("a")) / 2
    for before, row in zip(_START + _LETTERS, _ROWS.split(), strict=True)
    for after, cell in zip(_LETTERS, row, strict=True)
}
_PARTS = lazy(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|[0-9]+")


def surprise(text: str) -> float:
    """Mean bits per letter of the words in `text`, 0.0 when it has no letters."""
    total, letters = 0.0, 0
    for part in parts(text):
        if part.isdigit():
            continue
        before = _START
        for char in part.lower():
            total += _COST[before + char]
            before = char
        letters += len(part)
    return total / letters if letters else 0.0


def parts(text: str) -> list[str]:
    """The runs of one kind in `text`: `fooBar12_baz` is foo, Bar, 12, baz."""
    return _PARTS.findall(text)
