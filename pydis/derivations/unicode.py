r"""LaTeX as mathematics in Unicode, for a terminal: ``\sum_x p(x)^2`` reads ∑_x p(x)².

As in TeX a formula is a row of atoms, each of a class, and the classes of two neighbours say
whether there is a space between them. An index that has no small letters is set `_{…}`, and so are
the limits of sums. Only what formulas of one line need is known; the rest raises ValueError.
"""

import re
from typing import NamedTuple

from pydis.derivations import unicode_symbols as symbols


class Atom(NamedTuple):
    """A piece of text and its class: how it stands beside others."""

    kind: str  # ord, sign, relation, function, big, fraction, open, close, comma, slash, space
    text: str


SPACE = Atom("space", " ")

CHARACTERS = (
    dict.fromkeys("([", "open")
    | dict.fromkeys(")]!", "close")
    | dict.fromkeys(",;", "comma")
    | dict.fromkeys("=<>:", "relation")
    | {"/": "slash"}
)

SMALL = "".join(symbols.SUBSCRIPTS.values()) + "".join(symbols.SUPERSCRIPTS.values())

ATTACHED = re.compile(
    rf"[\d.]+|[^\W\d][\u0300-\u036f\u20d7′]*([{SMALL}]|[_^]\w|[_^]{{[^{{}}]*}})*(\([^()]*\))?"
    r"|\([^()]*\)|[½⅓⅔¼¾∞]"
)
"""A symbol, a number, a call or what stands in parentheses: nothing binds more tightly."""


def unicode(latex: str) -> str:
    """A formula as one line. Raises ValueError for what is not known or not complete."""
    return re.sub(" +", " ", _join(_row(_tokens(latex), ""))).strip()


def prose(text: str) -> str:
    """Text with formulas between dollars."""
    return re.sub(r"\$([^$]*)\$", lambda found: unicode(found[1]), text)


def _tokens(latex: str) -> list[str]:
    """All tokens, the first one last; the spaces after a command belong to it."""
    return re.findall(r"\\[A-Za-z]+(?=\s*)|\\.|\s+|.", latex, re.DOTALL)[::-1]


def _row(tokens: list[str], end: str) -> list[Atom]:
    """The atoms up to the token `end`, which is read too."""
    row: list[Atom] = []
    while tokens:
        token = tokens.pop()
        if token == end:
            return row
        if token in ("_", "^"):
            base = row.pop() if row and row[-1] != SPACE else Atom("ord", "")
            row.append(_with_script(base, token, _argument(tokens)))
        elif token in ("-", "+"):
            follows = next((atom.kind for atom in reversed(row) if atom != SPACE), "open")
            sign = follows in ("open", "relation", "comma", "function", "big", "sign", "slash")
            row.append(Atom("sign" if sign else "relation", token.replace("-", "−")))
        else:
            row += _atoms(tokens, token)
    if end:
        raise ValueError(f"no {end} at the end of a group")
    return row


def _atoms(tokens: list[str], token: str) -> list[Atom]:
    """What one token stands for, with its arguments."""
    if token.isspace() or token == "~":
        return [SPACE]
    if token == "{":
        return [Atom("ord", _join(_row(tokens, "}")))]
    if token == "&":
        return []
    if token[0] != "\\":
        return [Atom(CHARACTERS.get(token, "ord"), token.replace("'", "′"))]
    name = token[1:]
    if name in symbols.SYMBOLS:
        return [Atom(*symbols.SYMBOLS[name])]
    if name in symbols.IGNORED.split():
        if tokens and tokens[-1] == ".":
            tokens.pop()
        return []
    if name in ("begin", "end"):
        _argument(tokens)
        return [SPACE]
    return [_command(tokens, name)]


def _command(tokens: list[str], name: str) -> Atom:
    """A command with arguments."""
    if name in ("frac", "tfrac", "dfrac"):
        above, below = _argument(tokens), _argument(tokens)
        whole = symbols.FRACTIONS.get((above, below))
        return Atom("ord", whole) if whole else Atom("fraction", f"{_tight(above)}/{_tight(below)}")
    if name == "sqrt":
        return Atom("ord", f"√{_tight(_argument(tokens))}")
    if name == "binom":
        return Atom("ord", f"C({_argument(tokens)}, {_argument(tokens)})")
    if name in symbols.ACCENTS:
        accent = symbols.ACCENTS[name]
        return Atom("ord", "".join(c if c == " " else c + accent for c in _argument(tokens)))
    if name in symbols.TEXTS:
        return Atom("ord", _text(tokens))
    if name in symbols.FONTS:
        while tokens and tokens[-1] == "*":
            tokens.pop()
        letters = symbols.FONTS[name]
        found = "".join(letters.get(c, c) for c in _argument(tokens))
        named = found == "𝔼" or (name in ("mathrm", "operatorname") and len(found) > 1)
        return Atom("function" if named else "ord", found)
    if name in ("underbrace", "overbrace"):
        found = _argument(tokens)
        if tokens and tokens[-1] in ("_", "^"):
            tokens.pop()
            _argument(tokens)
        return Atom("ord", found)
    raise ValueError(f"the command \\{name} is not known")


def _argument(tokens: list[str]) -> str:
    """The next group, or the next token alone."""
    while tokens and tokens[-1].isspace():
        tokens.pop()
    if not tokens or tokens[-1] == "}":
        raise ValueError("an argument is missing")
    return _join(_atoms(tokens, tokens.pop()))


def _text(tokens: list[str]) -> str:
    """The words of a group as they are; formulas between dollars in it are read."""
    if not tokens or tokens.pop() != "{":
        raise ValueError("a text without braces")
    depth, words = 1, ""
    while tokens:
        token = tokens.pop()
        depth += (token == "{") - (token == "}")
        if depth == 0:
            return prose(words)
        words += token
    raise ValueError("no } at the end of a text")


def _with_script(base: Atom, mark: str, script: str) -> Atom:
    """An atom with an index or exponent, in small letters where all of it has some."""
    small = symbols.SUBSCRIPTS if mark == "_" else symbols.SUPERSCRIPTS
    text = _tight(base.text) if base.kind == "fraction" else base.text
    kind = "ord" if base.kind == "fraction" else base.kind
    tight = script.replace(" ", "")
    if tight and all(c in small for c in tight) and base.kind not in ("big", "function"):
        return Atom(kind, text + "".join(small[c] for c in tight))
    if mark == "^" and base.kind == "function" and script == "2":
        return Atom(kind, f"{text}²")
    return Atom(kind, text + mark + (script if len(script) == 1 else f"{{{script}}}"))


def _tight(text: str) -> str:
    """In parentheses, unless nothing could come apart."""
    return text if ATTACHED.fullmatch(text) else f"({text})"


def _join(row: list[Atom]) -> str:
    """The atoms as one text, with the spaces that their classes ask for."""
    solid = [(n, atom) for n, atom in enumerate(row) if atom != SPACE]
    text, last = "", Atom("open", "")
    for (n, atom), (_, after) in zip(solid, [*solid[1:], (0, Atom("close", ""))], strict=True):
        shown = atom.text
        if atom.kind == "fraction" and (
            last.kind == "function" or after.kind in ("ord", "open", "function", "big", "fraction")
        ):
            shown = f"({shown})"
        if text and _apart(last, atom, n > 0 and row[n - 1] == SPACE):
            text += " "
        text, last = text + shown, atom
    alone = len(solid) == 1 and last.kind == "relation"
    return text.strip() if alone else text


def _apart(left: Atom, right: Atom, spaced: bool) -> bool:
    """Whether there is a space between two atoms; `spaced` if the source has one."""
    if left.kind in ("open", "sign", "slash") or right.kind in ("close", "comma", "slash"):
        return False
    if "relation" in (left.kind, right.kind) or left.kind in ("comma", "big", "fraction"):
        return True
    if left.kind == "function":
        return right.kind != "open"
    if right.kind in ("big", "function", "fraction"):
        return True
    return spaced or (left.kind == "close" and right.kind == "ord")
