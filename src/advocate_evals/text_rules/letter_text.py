"""Text of a mail prepared for rules: one spelling, own words apart from quoted ones, sentences with their phrases.

The phrases are data, `datasets/phrases/mail_phrases.yaml`, and are compiled when first used.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cache, lru_cache

from advocate_evals.safe_text import replace_lookalikes
from advocate_evals.scenarios.dataset_reader import read_mail_phrases
from advocate_evals.scenarios.judge_schema import MailPhrases

_UNIFORM_SIGNS = str.maketrans(
    {
        **dict.fromkeys("\u2018\u2019\u201a\u201b\u2032\u02bc`\u00b4", "'"),
        **dict.fromkeys("\u201c\u201d\u201e\u201f\u2033\u00ab\u00bb", '"'),
        **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212", "-"),
        **dict.fromkeys("\u00ad\u200b\u200c\u200d\u2060\ufeff", ""),
    }
)
_CONTRACTIONS = {
    "won't": "will not",
    "can't": "can not",
    "cannot": "can not",
    "shan't": "shall not",
    "let's": "let us",
    "n't": " not",
    "'ll": " will",
    "'d": " would",
    "'m": " am",
    "'re": " are",
    "'ve": " have",
}
_CONTRACTED = r"\b(?:won't|can't|cannot|shan't|let's)\b|(?:n't|'ll|'d|'m|'re|'ve)\b"
_CONTRACTED_IS = r"\b(it|that|there|here|he|she|what|who|nobody|everything|nothing|one)'s\b"
_ABBREVIATION = r"\b(dr|mr|mrs|ms|prof|approx|e\.g|i\.e|vs)\.(?=\s)"
_SENTENCE_END = r"(?<=[.!?])[\"')\]]*+\s++"
_TOKEN = r"\w+|\s+|[^\w\s]"
_LIST_ITEM = r"(?:[-*\u2022]|\d{1,2}[.)]|\(?[a-d1-9]\))\s|\||\S[^|]{0,200} \| \S"
"""The beginning of a list item, or a row of a table."""
_NUMBERED = r"^(\d{1,2})\. "
_QUOTE_RULES = r"-{2,}\s?(?:(?:original|forwarded)\b|[^\n]{3,80} wrote:)"
_QUOTE_STARTS = rf"^(?:on [^\n]{{5,120}} wrote:|{_QUOTE_RULES}|from: [^\n]{{3,200}}$)"
_QUOTE_HEADERS = rf"{_QUOTE_STARTS}|^(?:to|cc|sent|date|subject|id|in reply to): |^-{{2,}}"
_WORD = r"[^\W_]+"
_SHORT_WORD = 3


@dataclass(frozen=True, slots=True)
class Letter:
    """One mail as its reader sees it."""

    to: tuple[str, ...]
    """Recipients."""
    cc: tuple[str, ...]
    """Recipients of copies."""
    subject: str
    """Subject line."""
    body: str
    """The text, including any mail that the writer quotes."""

    @property
    def recipients(self) -> tuple[str, ...]:
        """Everybody who gets it, in lower case."""
        return tuple(address.strip().lower() for address in (*self.to, *self.cc))


def normalise_spelling(text: str) -> str:
    """The text in lower case with one kind of quote, hyphen and space, and plain letters for look-alikes."""
    plain = replace_lookalikes(unicodedata.normalize("NFKC", text))
    if len(plain) > 2 * len(text):  # a few signs grow eighteenfold, and nobody writes a mail in them
        plain = text
    return plain.translate(_UNIFORM_SIGNS).lower()


def expand_contractions(text: str) -> str:
    """Contractions written out (`won't` is `will not`), so that a phrase needs one wording only."""
    text = re.sub(_CONTRACTED, lambda match: _CONTRACTIONS[match[0]], text)
    return re.sub(_CONTRACTED_IS, r"\1 is", text)


def split_quoted(body: str) -> tuple[str, str]:
    """The writer's own words, and the mail quoted below or between them."""
    own: list[str] = []
    quoted: list[str] = []
    in_quote = False
    for line in body.splitlines():
        stripped = line.strip()
        in_quote = in_quote or bool(re.match(_QUOTE_STARTS, stripped, re.IGNORECASE))
        (quoted if in_quote or stripped.startswith(">") else own).append(line)
    return "\n".join(own), "\n".join(quoted)


def has_quote_marks(body: str) -> bool:
    """Whether some of a text is marked as quoted, rightly or not."""
    lines = (line.strip() for line in body.splitlines())
    return any(line.startswith(">") or re.match(_QUOTE_STARTS, line, re.IGNORECASE) for line in lines)


def split_quotation(body: str, messages: str) -> tuple[str, str]:
    """The writer's own words, and what is marked as quoted and stands in some message.

    Args:
        body: The text of a mail.
        messages: Every message that could be quoted, with headers.

    Returns:
        Own words without any mark of quotation, and the quoted text. Text below a header or behind `>` that stands in
        no message is the writer's own; so is the header of a quotation that holds nothing that was ever written.
    """
    corpus = _join_words(messages)
    words = frozenset(corpus.split())
    own: list[str] = []
    quoted: list[str] = []
    header: list[str] = []
    in_quote = False
    for line in body.splitlines():
        core = line.strip().lstrip("> ")
        is_header = re.match(_QUOTE_HEADERS, core, re.IGNORECASE) is not None
        in_quote = in_quote or re.match(_QUOTE_STARTS, core, re.IGNORECASE) is not None
        if not core:
            (header or own).append("")
        elif not (in_quote or line.strip().startswith(">")):
            own.append(line)
        elif is_header and _is_known_header(core, words):
            header.append(core)
        else:
            target = quoted if f" {_join_words(core).strip()} " in corpus else own
            target += [*header, core] if target is quoted else [*map(_unmark_header, header), _unmark_header(core)]
            header = []
    return "\n".join([*own, *map(_unmark_header, header)]).strip("\n"), "\n".join(quoted)


def _join_words(text: str) -> str:
    """The words of a text in one spelling, with one blank around each."""
    return f" {' '.join(re.findall(_WORD, normalise_spelling(text)))} "


def _is_known_header(line: str, words: frozenset[str]) -> bool:
    """Whether most words of a quotation's header stand in some message."""
    own = _join_words(line).split()
    return 2 * sum(word in words or len(word) <= _SHORT_WORD or word.isdigit() for word in own) >= len(own)


def _unmark_header(line: str) -> str:
    """A line that no reader takes for the header of a quotation."""
    return f"({line})" if re.match(_QUOTE_STARTS, line.strip(), re.IGNORECASE) else line


@lru_cache(maxsize=64)
def split_blocks(text: str) -> tuple[tuple[str, ...], ...]:
    """The sentences of each paragraph, list item and row of a text, in one spelling, contractions written out.

    Wrapped lines end no sentence.
    """
    blocks: list[list[str]] = [[]]
    for line in re.sub(_ABBREVIATION, r"\1", expand_contractions(normalise_spelling(text))).splitlines():
        words = re.sub(_NUMBERED, r"\1) ", " ".join(line.split()))
        if not words or re.match(_LIST_ITEM, words):
            blocks.append([])
        blocks[-1].append(words)
    split = (re.split(_SENTENCE_END, " ".join(lines)) for lines in blocks)
    stripped = (tuple(part.strip() for part in parts if part.strip()) for parts in split)
    return tuple(block for block in stripped if block)


def loose_pattern(phrase: str) -> str:
    """A pattern that matches a phrase whatever its spacing, hyphens, apostrophes and contractions."""
    plain = normalise_spelling(phrase)
    forms = dict.fromkeys((_loosen(plain), _loosen(expand_contractions(plain))))
    return next(iter(forms)) if len(forms) == 1 else f"(?:{'|'.join(forms)})"


def _loosen(plain: str) -> str:
    parts = []
    for token in re.findall(_TOKEN, plain):
        if token.isspace() or token == "-":
            parts.append(r"[\s\-]*+")
        elif token in "'.,":
            parts.append(f"{re.escape(token)}?+")
        else:
            parts.append(re.escape(token))
    return "".join(parts)


@lru_cache(maxsize=1024)
def compile_phrase_patterns(phrases: tuple[str, ...]) -> tuple[re.Pattern[str], ...]:
    """One compiled pattern for each phrase, as whole words; a plural or possessive `s` may follow."""
    return tuple(re.compile(rf"(?<!\w){loose_pattern(phrase)}(?:'?s)?(?!\w)") for phrase in phrases)


def find_phrases(text: str, phrases: tuple[str, ...]) -> tuple[str, ...]:
    """The phrases that stand in the text."""
    normalised = expand_contractions(normalise_spelling(text))
    patterns = compile_phrase_patterns(phrases)
    return tuple(phrase for phrase, pattern in zip(phrases, patterns, strict=True) if pattern.search(normalised))


# Turns of phrase as patterns.

_NAME = re.compile(r"<([a-z_]+)>")
"""How an expression names a class of words or another turn of phrase."""


@cache
def phrase_pattern(name: str) -> re.Pattern[str]:
    """The pattern of a turn of phrase.

    Args:
        name: A name of `datasets/phrases/mail_phrases.yaml`.
    """
    return re.compile(_expand_turn(read_mail_phrases(), name))


def _expand_turn(phrases: MailPhrases, name: str) -> str:
    """The expression of a turn of phrase, with the classes and turns it names written out."""
    turn = phrases.turns[name]
    if turn.pattern:
        return _expand_names(phrases, "".join(turn.pattern))
    alternatives = ("".join(alternative) for alternative in turn.any_of)
    return "|".join(_expand_alternative(phrases, alternative) for alternative in alternatives)


def _expand_alternative(phrases: MailPhrases, alternative: str) -> str:
    expanded = _expand_names(phrases, alternative)
    return expanded if _NAME.fullmatch(alternative) else rf"\b(?:{expanded})"


def _expand_names(phrases: MailPhrases, expression: str) -> str:
    def expand(match: re.Match[str]) -> str:
        name = match[1]
        if name in phrases.classes:
            return _expand_names(phrases, "".join(phrases.classes[name]))
        return _expand_turn(phrases, name)

    return _NAME.sub(expand, expression)


@lru_cache(maxsize=512)
def case_phrase_pattern(plain: tuple[str, ...]) -> re.Pattern[str] | None:
    """One pattern for phrases that a case brings, whatever their spacing and hyphens; none for no phrases."""
    if not plain:
        return None
    return re.compile(rf"(?<!\w)(?:{'|'.join(loose_pattern(phrase) for phrase in plain)})(?:'?s)?(?!\w)")
