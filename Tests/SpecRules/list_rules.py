"""Lists the authorisation rules of all room versions as a checkout of the specification has them.

    list_rules.py path/to/matrix-spec > Tests/SpecRules/rules.txt

A line for each rule that has no parts: room version, number as it is displayed, what it can say.
"""
import re
import sys
from pathlib import Path

VERSIONS = range(1, 13)
HEADING = re.compile(r"^#+ ")
FRAGMENT = re.compile(r'\{\{% rver-fragment name="([\w-]+)" %\}\}')
ITEM = re.compile(r"^( *)\d+\. +(.*)")
WORDS = {"allow": "allow", "refuse": "reject"}


def section(rooms, version):
    """The lines under the heading on authorisation rules, fragments put in."""
    lines, is_inside = [], False
    for line in (rooms / f"v{version}.md").read_text("utf-8").splitlines():
        if HEADING.match(line):
            is_inside = "authorisation rules" in line.lower()
        elif is_inside and (name := FRAGMENT.search(line)):
            text = (rooms / "fragments" / f"{name[1]}.md").read_text("utf-8")
            lines += text.splitlines()
        elif is_inside:
            lines.append(line)
    return lines


def rules(lines):
    """(number, text) of each item of the list, numbers as a browser counts them."""
    path, indents, found = [], [], []
    for line in lines:
        if item := ITEM.match(line):
            indent = len(item[1])
            while indents and indents[-1] > indent:
                indents.pop()
                path.pop()
            if indents and indents[-1] == indent:
                path[-1] += 1
            else:
                indents.append(indent)
                path.append(1)
            found.append([tuple(path), item[2]])
        elif found and line.startswith("  ") and "**Note**" not in found[-1][1]:
            found[-1][1] += " " + line.strip()
        elif found and line and not line.startswith(" "):
            break
    return found


def leaves(found):
    """(number, outcomes) of the rules without parts; one that says nothing means what it is part
    of."""
    texts = {number: text.split("**Note**")[0].lower() for number, text in found}
    inner = {number[:-1] for number in texts}
    return [(number, outcomes(texts[number]) or outcomes(texts[number[:-1]]))
            for number in texts if number not in inner]


def outcomes(text):
    if "if and only if" in text:
        return list(WORDS)
    return [name for name, word in WORDS.items() if word in text]


def main(checkout):
    rooms = Path(checkout) / "content" / "rooms"
    for version in VERSIONS:
        found = rules(section(rooms, version))
        assert found, f"room version {version} has no rules"
        for number, words in leaves(found):
            print(version, ".".join(map(str, number)), *words)


if __name__ == "__main__":
    main(sys.argv[1])
