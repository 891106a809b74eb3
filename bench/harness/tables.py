"""Cells and tables of Markdown."""


def number(value, unit=""):
    if value is None:
        return ""
    if unit == "share":
        return f"{value:.1%}"
    digits = 0 if abs(value) >= 1000 else 1 if abs(value) >= 10 else 2 if abs(value) >= 1 else 3
    return f"{value:,.{digits}f}" + (f" {unit}" if unit else "")


def spread(samples):
    """The range of several rounds, to stand behind their median."""
    return f" ({number(min(samples))} to {number(max(samples))})" if len(samples or []) > 1 else ""


def table(head, lines):
    rows = [head, ["---"] * len(head), *lines]
    return "\n".join("| " + " | ".join(str(cell).replace("|", "/") for cell in row) + " |" for row in rows) + "\n"
