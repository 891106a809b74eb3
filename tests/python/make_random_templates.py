"""Random templates of r1zero's Jinja subset, as jinja2 renders them.

usage: make_random_templates.py OUT.json [COUNT [SEED]]

Templates are drawn from a grammar: statements, operators, filters, tests and methods over a few
variables of every type. Most of them mean nothing; both sides must agree on what they print, or
that they are errors. OUT.json is as make_chat_cases.py writes it.
"""
import json
import random
import sys
import warnings

from transformers.utils.chat_template_utils import render_jinja_template

MESSAGES = [{"role": "user", "content": " a<b> "}, {"role": "assistant", "content": None, "n": [1, {"k": 2}]}]
VARIABLES = {"s": "Héllo wor-ld", "e": "", "i": 5, "f": -2.5, "t": True, "z": None, "l": [3, "b", 1.0, None],
             "w": ["b", "A", "c"], "d": {"b": 1, "a": "x", "C": [1]}, "o": {}}
NAMES = [*VARIABLES, "messages", "missing", "x", "y"]
LITERALS = ["0", "1", "2", "-1", "3.5", "'a'", "'l'", "''", "'a b'", "\"it's\"", "true", "none", "[]", "[1, 'a']",
            "{}", "{'b': 2}", "(1, 2)", "'<x>'", "' \\n'"]
FILTERS = ["trim", "length", "upper", "lower", "string", "int", "float", "list", "first", "last", "join", "join('-')",
           "default('D')", "default('D', true)", "tojson", "tojson(indent=2)", "items|list", "dictsort", "abs",
           "reverse|list", "replace('l', 'L')", "capitalize", "title", "safe", "e", "sort", "unique|list",
           "map('string')|list", "map('upper')|join", "select|list", "reject|list", "select('string')|list",
           "map(attribute='role')|list", "selectattr('role')|list|length", "indent(2)", "sum", "min", "max", "count"]
TESTS = ["defined", "undefined", "none", "string", "number", "integer", "float", "boolean", "mapping", "iterable",
         "sequence", "true", "false", "odd", "even", "eq 1", "in [1, 'a']", "divisibleby 2", "not none", "not string"]
METHODS = ["upper()", "strip()", "strip('a')", "split()", "split('l')", "split('l', 1)", "rsplit(none, 1)",
           "startswith('a')", "endswith(('d', 'x'))", "replace('l', '')", "title()", "items()|list", "get('b')",
           "get('q', 1)", "keys()|list", "find('l')", "count('l')", "join(['a', 'b'])", "lstrip()", "rstrip()",
           "splitlines()", "index('b')", "isdigit()", "removeprefix('H')", "capitalize()", "lower()"]
BINARY = ["+", "-", "*", "/", "//", "%", "~", "==", "!=", "<", "<=", ">", ">=", "in", "not in", "and", "or"]
SLICES = ["[0]", "[-1]", "[1:]", "[:2]", "[::-1]", "['b']", "[::2]", "[-2:]", "[5]", ".b", ".role", ".0", "[1:][0]"]


class Grammar:
    def __init__(self, seed):
        self.random = random.Random(seed)

    def pick(self, options):
        return self.random.choice(options)

    def atom(self):
        return self.pick(NAMES) if self.random.random() < 0.6 else self.pick(LITERALS)

    def expression(self, depth):
        if depth == 0:
            return self.atom()
        inner = lambda: self.expression(depth - 1)
        kind = self.random.randrange(12)
        if kind < 3:
            return f"{inner()} {self.pick(BINARY)} {inner()}"
        if kind < 5:
            return f"{inner()}|{self.pick(FILTERS)}"
        return [lambda: f"({inner()} is {self.pick(TESTS)})",
                lambda: f"({inner()}).{self.pick(METHODS)}",
                self.part,
                lambda: f"{self.pick(['not ', '-', ''])}{inner()}",
                lambda: f"({inner()} if {inner()} else {inner()})",
                lambda: f"[{inner()}, {inner()}]",
                lambda: f"({inner()})"][kind - 5]()

    def part(self):
        # jinja2 folds slices of constants by other rules than those of variables.
        return self.pick(NAMES) + self.pick(SLICES)

    def block(self, depth):
        return "".join(self.statement(depth) for _ in range(self.random.randrange(1, 4)))

    def tag(self, text):
        return "{%" + self.pick(["", "", "-", "+"]) + f" {text} " + self.pick(["", "", "-", "+"]) + "%}"

    def statement(self, depth):
        kind = self.random.randrange(9 if depth else 4)
        e = lambda: self.expression(self.random.randrange(3))
        if kind == 0:
            return self.pick([" ", "\n", "text\n", "  \n  ", "\n\n", "é ", "{# c #}", "{#- c -#}", "a"])
        if kind < 3:
            return "{{" + self.pick(["", "-"]) + f" {e()} " + self.pick(["", "-"]) + "}}"
        if kind == 3:
            return self.tag(f"set {self.pick('xy')} = {e()}")
        body = lambda: self.block(depth - 1)
        if kind == 4:
            return self.tag(f"if {e()}") + body() + self.pick(["", self.tag("else") + body()]) + self.tag("endif")
        if kind < 7:
            jump = self.pick(["", "", self.tag("if loop.index > 1") + self.tag(self.pick(["break", "continue"])) + self.tag("endif")])
            return (self.tag(f"for {self.pick('xy')} in {e()}" + self.pick(["", f" if {e()}"])) + body() + jump + "{{ loop.index }}"
                    + self.tag("endfor"))
        if kind == 7:
            return self.tag("set x") + body() + self.tag("endset")
        return self.tag("generation") + body() + self.tag("endgeneration")

    def template(self):
        return self.block(3)


def render(source):
    try:
        return {"expected": render_jinja_template([MESSAGES], chat_template=source, **VARIABLES)[0][0]}
    except Exception as error:  # whatever jinja2 raises
        return {"error": f"{type(error).__name__}: {error}"}


def main(out, count="5000", seed="1"):
    warnings.simplefilter("ignore")  # Python's, about what the templates compile to
    grammar = Grammar(int(seed))
    sources = [grammar.template() for _ in range(int(count))]
    templates = [{"name": f"random {i}", "source": source, "cases": [
        {"name": source, "messages": MESSAGES, "variables": VARIABLES, **render(source)}]}
        for i, source in enumerate(sources)]
    with open(out, "w", encoding="utf-8") as file:
        json.dump({"templates": templates}, file)
    errors = sum("error" in one["cases"][0] for one in templates)
    print(f"{len(templates)} random templates, {errors} errors")


if __name__ == "__main__":
    main(*sys.argv[1:])
