"""Reads C++ just well enough for the architecture test: what is code, where functions are."""

import re
from typing import NamedTuple

_TOKEN = re.compile(
    r"""
    (?P<comment>//(?:\\\n|[^\n])*|/\*.*?\*/)
  | (?P<raw>\b(?:u8|[uUL])?R"(?P<mark>[^\s()\\]{0,16})\(.*?\)(?P=mark)")
  | (?P<string>"(?:\\.|[^"\\\n])*")
  | (?P<char>(?<![0-9a-fA-F])'(?:\\.|[^'\\\n])+')
    """,
    re.VERBOSE | re.DOTALL,
)


def _blank(text):
    return re.sub(r"[^\n]", " ", text)


def without_comments(text):
    """Comments become blanks; every line keeps its number and its length."""
    return _TOKEN.sub(lambda m: _blank(m[0]) if m["comment"] else m[0], text)


def code_only(text):
    """Comments and the insides of literals become blanks."""

    def blank(match):
        if match["comment"]:
            return _blank(match[0])
        return '"' + _blank(match[0][1:-1]) + '"'

    return _TOKEN.sub(blank, text)


class Function(NamedTuple):
    name: str
    line: int
    lines: int


_CONTAINER = re.compile(
    r"^(?:(?:inline|static|constexpr|typedef|export)\s+)*"
    r"(?:namespace|class|struct|union|enum|extern\s*\")"
)
_ATTRIBUTE = re.compile(r"\[\[[^\]]*\]\]")


def _skip_template(header):
    """`template <…> requires …` in front of a declaration says nothing about its kind."""
    while header.startswith("template"):
        depth = 0
        for i, c in enumerate(header):
            depth += (c == "<") - (c == ">" and header[i - 1] != "-")
            if c == ">" and depth == 0:
                header = header[i + 1 :].lstrip()
                break
        else:
            return header
    return header


def _opens_function(header):
    header = _skip_template(_ATTRIBUTE.sub("", header).strip())
    return "(" in header and not _CONTAINER.match(header)


def _without_directives(code):
    """Preprocessor lines, with their continuations, hold unbalanced braces."""
    return re.sub(r"^[ \t]*#(?:\\\n|[^\n])*", lambda m: _blank(m[0]), code, flags=re.MULTILINE)


def functions(text):
    """Outermost functions of a file, in order; tests count, a lambda belongs to its function."""
    code = _without_directives(code_only(text))
    found = []
    stack = []  # per open brace: None, or (header, line) of a function
    inside = 0  # functions open now
    parentheses = 0
    header_begin = 0
    line = 1
    for i, c in enumerate(code):
        if c == "\n":
            line += 1
        elif c in "()":
            parentheses += 1 if c == "(" else -1
        elif c == "{":
            header = code[header_begin:i]
            opens = inside == 0 and parentheses == 0 and _opens_function(header)
            first = line - header.lstrip().count("\n")
            stack.append((header, first) if opens else None)
            inside += opens
        elif c == "}" and stack:
            begun = stack.pop()
            if begun:
                inside -= 1
                header, first = begun
                found.append(Function(_name(header), first, line - first + 1))
        if c in ";{}" and (parentheses == 0 or inside > 0):
            header_begin = i + 1
    return found


def _name(header):
    match = re.search(r"(?!(?:requires|decltype|alignas)\b)(\b[\w:~]+|operator\S+)\s*\(",
                      _skip_template(_ATTRIBUTE.sub("", header).strip()))
    return match[1] if match else header.strip()[:40]
