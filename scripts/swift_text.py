# SPDX-License-Identifier: Apache-2.0
"""Swift source as the checks read it: the code alone, without comments and without what strings say.

`code_only` keeps every line break, so that line numbers stay true. It knows nested block comments, raw strings
(#"..."#), multi-line strings and interpolation (what an interpolation says is dropped with its string).
"""


def code_only(text):
    """Returns `text` with the characters of comments and string literals replaced by spaces."""
    out = []
    position = 0
    end = len(text)

    def blank(upto):
        nonlocal position
        upto = min(upto, end)
        out.append("".join(c if c == "\n" else " " for c in text[position:upto]))
        position = upto

    while position < end:
        if text.startswith("//", position):
            line_end = text.find("\n", position)
            blank(end if line_end < 0 else line_end)
        elif text.startswith("/*", position):
            blank(_end_of_block_comment(text, position))
        elif text[position] in '"#':
            string_end = _end_of_string(text, position)
            if string_end is None:
                out.append(text[position])
                position += 1
            else:
                blank(string_end)
        else:
            out.append(text[position])
            position += 1
    return "".join(out)


def _end_of_block_comment(text, start):
    depth = 0
    position = start
    while position < len(text):
        if text.startswith("/*", position):
            depth += 1
            position += 2
        elif text.startswith("*/", position):
            depth -= 1
            position += 2
            if depth == 0:
                return position
        else:
            position += 1
    return len(text)


def _end_of_string(text, start):
    """The index after the literal that begins at `start`, or None when none does (`#if`, `#selector`)."""
    hashes = 0
    while text.startswith("#", start + hashes):
        hashes += 1
    opening = start + hashes
    if not text.startswith('"', opening):
        return None
    multiline = text.startswith('"""', opening)
    quote = ('"""' if multiline else '"') + "#" * hashes
    escape = "\\" + "#" * hashes
    position = opening + (3 if multiline else 1)
    while position < len(text):
        if text.startswith(escape + "(", position):
            position = _end_of_interpolation(text, position + len(escape))
        elif text.startswith(escape, position):
            position += len(escape) + 1
        elif text.startswith(quote, position):
            return position + len(quote)
        elif text[position] == "\n" and not multiline:
            return position
        else:
            position += 1
    return len(text)


def _end_of_interpolation(text, opening):
    """The index after the parenthesis that closes the one at `opening`."""
    depth = 0
    position = opening
    while position < len(text):
        character = text[position]
        if character == "(":
            depth += 1
        elif character == ")":
            depth -= 1
            if depth == 0:
                return position + 1
        elif character in '"#':
            inner = _end_of_string(text, position)
            if inner is not None:
                position = inner
                continue
        position += 1
    return len(text)
