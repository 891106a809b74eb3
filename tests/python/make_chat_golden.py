"""Writes tests/data/chat_templates.json: small templates, one a feature, as jinja2 renders them.

usage: make_chat_golden.py OUT.json

Rendered in the environment in which transformers renders chat templates. An error is kept as null:
r1zero must raise one too.
"""
import json
import sys

from transformers.utils.chat_template_utils import render_jinja_template

MESSAGES = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": " What is 'ß' & \"é\"?\n"},
    {"role": "assistant", "content": None, "tool_calls": [
        {"function": {"name": "look_up", "arguments": {"word": "ß", "n": [1, 2.5, True, None]}}}]},
    {"role": "tool", "content": "<tool_response>a letter</tool_response>"},
    {"role": "user", "content": [{"type": "text", "text": "日本"}, {"type": "image"}]},
]
VARIABLES = {"bos_token": "<s>", "add_generation_prompt": True, "number": 7, "half": 0.5,
             "empty": {}, "words": ["b", "A", "c"], "nothing": None,
             "mapping": {"b": 1, "A": [1, "x"], "c": {"d": None}}}

TEMPLATES = [
    # Whitespace around tags.
    "a\n  {% if true %}  \n  b\n  {% endif %}\n  c\n",
    "a \n {%- if true -%} \n b \n {%- endif -%} \n c",
    "a\n {%+ if true +%}\n b\n {%+ endif %} c\n\n",
    "x  {{- 1 -}}  y {{ 2 }}\n{{ 3 }}\n",
    "a\n  {# comment #}\n  b {#- c -#} d\n{# e +#}\nf",
    "{% if true %}\r\na\rb{% endif %}\n\n",
    "  {% set x = 1 %}  {% set y = 2 %}\n{{ x }}",
    "a{% raw %} {{ x }} {% if %} {%- endraw -%}  b",
    " {% raw -%} \n {{ y }}\n {% endraw %}\nz",
    "\u00a0 {%- if true %}\u3000{%- endif %}",
    # Literals and printing.
    "{{ 1 }}|{{ 1.0 }}|{{ 1e20 }}|{{ 1.5e-7 }}|{{ 123456789012345.6 }}|{{ 0.1 + 0.2 }}|{{ 1e16 }}",
    "{{ true }}{{ False }}{{ none }}{{ None }}{{ missing }}",
    "{{ [1, 'a', \"it's\", none, [2.0]] }}{{ (1,) }}{{ () }}{{ {'a': 1, 2: 'b'} }}{{ {} }}",
    "{{ ['\\n\\t\\\\', 'é\u200b', '\"', '\\'\"', '\\x00'] }}",
    "{{ 'a\\n\\t\\'\\x41\\u00e9\\101\\q\\\n' }}{{ 'one' 'two' }}",
    "{{ 0x1F }} {{ 0b101 }} {{ 0o17 }} {{ 1_000 }} {{ 1_0.5_0 }}",
    "{{ messages[1] }}{{ mapping }}",
    "{{ 1, 'a' }}",
    # Operators.
    "{{ 7 // 2 }} {{ -7 // 2 }} {{ -7 % 3 }} {{ 7 % -3 }} {{ 7 / 2 }} {{ 2 ** 10 }} {{ 2 ** -1 }}",
    "{{ -7.5 // 2 }} {{ -7.5 % 2 }} {{ 1 + 2 * 3 - 4 }} {{ -2 ** 2 }} {{ 2 ** 3 ** 2 }} {{ true + 1 }}",
    "{{ 'a' + 'b' * 3 }} {{ [1] + [2] * 2 }} {{ 'a' ~ 1 ~ none ~ missing ~ 2.0 ~ [1] }}",
    "{{ 1 < 2 < 3 }} {{ 1 < 3 < 2 }} {{ 'a' < 'b' }} {{ [1, 2] < [1, 3] }} {{ 1 == 1.0 == true }}",
    "{{ 'a' in 'cat' }} {{ 'x' not in 'cat' }} {{ 2 in [1, 2] }} {{ 'b' in mapping }} {{ 1 in missing }}",
    "{{ 0 or 'x' }} {{ 1 and [] }} {{ not '' }} {{ not not 1 }} {{ none or missing or 0 }}",
    "{{ 'y' if number > 3 else 'n' }}{{ 'y' if number > 9 }}{{ 1 if 0 else 2 if 0 else 3 }}",
    "{{ 1 if 0 if 0 else 5 }}|{{ -number|abs }}|{{ (-number)|abs }}|{{ 1 + 2|string|length }}",
    "{{ missing == other }} {{ missing != 1 }} {{ none == missing }} {{ [1] == (1,) }} {{ {} == {} }}",
    # Attributes, items, slices.
    "{{ messages[0].role }}{{ messages[0]['role'] }}{{ messages[-1].content[0].text }}{{ messages.0.role }}",
    "{{ 'héllo'[1] }}{{ 'héllo'[-1] }}{{ 'héllo'[1:3] }}{{ 'héllo'[::-1] }}{{ words[::-1] }}{{ words[:-1] }}",
    "{{ words[5] }}{{ 'abc'[9] }}{{ mapping.zzz }}{{ none.a }}{{ 'a'.b }}{{ (1).c }}{{ words['x'] }}",
    "{{ words[1:][0] }}{{ range(10)[2:8:3]|list }}{{ 'abc'[:100] }}{{ 'abc'[3:1] }}{{ words[2::-2] }}",
    "{{ {'items': 1}['items'] }}{{ {'items': 1}.items() | list }}{{ {'get': 2}['get'] }}",
    # Statements.
    "{% for m in messages %}{{ loop.index }}{{ loop.index0 }}{{ loop.first }}{{ loop.last }}{{ loop.length }}"
    "{{ loop.revindex }}{{ loop.revindex0 }}{{ (loop.previtem or {}).role }}{{ loop.nextitem is defined }};{% endfor %}",
    "{% for m in messages if m.role == 'user' %}{{ loop.index }}/{{ loop.length }} {% else %}none{% endfor %}",
    "{% for m in [] %}{{ m }}{% else %}none{% endfor %}{% for c in 'héy' %}{{ c }}.{% endfor %}",
    "{% for k, v in mapping.items() %}{{ k }}={{ v }};{% endfor %}{% for k in mapping %}{{ k }}{% endfor %}",
    "{% for (a, b), c in [((1, 2), 3)] %}{{ a }}{{ b }}{{ c }}{% endfor %}",
    "{% for i in range(6) %}{% if i == 1 %}{% continue %}{% endif %}{% if i == 4 %}{% break %}{% endif %}{{ i }}{% endfor %}",
    "{% for i in range(3) %}{{ loop.cycle('a', 'b') }}{% for j in 'xy' %}{{ loop.index }}{% endfor %}{{ loop.index }}{% endfor %}",
    "{% set x = 0 %}{% for i in range(3) %}{{ x }}{% set x = i %}{{ x }}{% endfor %}{{ x }}",
    "{% set ns = namespace(x=0, y='a') %}{% for i in range(3) %}{% set ns.x = ns.x + i %}{% endfor %}{{ ns.x }}{{ ns.y }}{{ ns.z }}{{ ns }}",
    "{% if false %}a{% elif missing %}b{% elif 1 %}c{% else %}d{% endif %}{% if true %}{% set q = 1 %}{% endif %}{{ q }}",
    "{% set a, b = 1, 2 %}{{ a }}{{ b }}{% set c = 1, %}{{ c }}{% set d %}x{{ a }} {% endset %}[{{ d }}]",
    "{% set e | trim | upper %}  y {% endset %}[{{ e }}]{% filter upper %}a{{ 'b' }}{% endfilter %}",
    "{% with a = 1, b = number %}{{ a }}{{ b }}{% set a = 2 %}{{ a }}{% endwith %}{{ a }}",
    "{% generation %}x{% set inside = 1 %}{{ inside }}{% endgeneration %}{{ inside }}",
    # Macros.
    "{% macro f(a, b='d', c=b) %}{{ a }}{{ b }}{{ c }}{{ number }}{{ later }} {% endmacro %}{{ f(1) }}{{ f(1, 2) }}{{ f(b=3, a=4) }}{{ f() }}"
    "{% set later = 'L' %}{{ f(5) }}",
    "{% macro g(n) %}{{ n }}{% if n > 0 %}{{ g(n - 1) }}{% endif %}{% endmacro %}{{ g(5) }}{{ g(2)|length }}",
    "{% macro h(x) %}{% set x = x ~ '!' %}{{ x }}{% endmacro %}{% set x = 'o' %}{{ h('i') }}{{ x }}{{ h is defined }}",
    "{% macro f(a) %}{{ a }}{% endmacro %}{{ f(1, 2) }}",
    "{% macro f(a) %}{{ a }}{% endmacro %}{{ f(b=2) }}",
    # Filters.
    "[{{ ' a b '|trim }}][{{ 'xaxx'|trim('x') }}][{{ '\u2003a\u00a0'|trim }}]{{ 12|trim }}{{ missing|trim }}",
    "{{ 'héllo'|length }}{{ words|length }}{{ mapping|length }}{{ missing|length }}{{ words|count }}",
    "{{ mapping|tojson }}{{ 'é\"\\\\\n\u2028<>&\\u0001'|tojson }}{{ [1.0, 1e30, none, true]|tojson }}{{ empty|tojson }}",
    "{{ mapping|tojson(indent=2) }}{{ []|tojson(indent=4) }}{{ 'é😀'|tojson(ensure_ascii=true) }}",
    "{{ mapping|tojson(separators=(',', ':'), sort_keys=true) }}{{ {1: 2, none: 3, true: 4.5}|tojson }}",
    "{{ words|join }}{{ words|join(', ') }}{{ [1, none, 'a']|join('-') }}{{ messages|join('|', attribute='role') }}",
    "{{ words|first }}{{ words|last }}{{ []|first }}{{ 'abc'|last }}{{ mapping|first }}",
    "{{ missing|default('d') }}{{ none|default('d') }}{{ ''|default('d', true) }}{{ missing|d }}{{ 0|default('x', boolean=true) }}",
    "{{ 'aBc dEf'|upper }}{{ 'aBc'|lower }}{{ 'aBc dEf'|capitalize }}{{ \"it's a-b (c) d_e\"|title }}{{ \"it's a-b\".title() }}",
    "{{ '42'|int + 1 }}{{ '4.9'|int }}{{ 'x'|int }}{{ 'x'|int(5) }}{{ 4.9|int }}{{ ' 7 '|int }}{{ '3.5'|float }}{{ 'y'|float }}{{ none|int }}",
    "{{ 'abc'|list }}{{ mapping|list }}{{ mapping|items|list }}{{ missing|list }}{{ mapping.values()|list }}{{ mapping.keys()|list }}",
    "{{ 'a-b-a'|replace('a', 'x') }}{{ 'aaa'|replace('a', 'b', 2) }}{{ 'ab'|replace('', '.') }}{{ 1.5|replace('.', ',') }}",
    "{{ words|map('upper')|list }}{{ messages|map(attribute='role')|list }}{{ ['1', 'x']|map('int', 9)|list }}",
    "{{ messages|selectattr('role', 'equalto', 'user')|list|length }}{{ messages|rejectattr('content')|list|length }}"
    "{{ [0, 1, 2]|select|list }}{{ [1, 2, 3]|reject('odd')|list }}{{ messages|selectattr('tool_calls', 'defined')|map(attribute='role')|join }}",
    "{{ mapping|dictsort }}{{ mapping|dictsort(true) }}{{ {'a': 2, 'b': 1}|dictsort(false, 'value') }}{{ mapping|dictsort(reverse=true) }}",
    "{{ words|sort }}{{ words|sort(case_sensitive=true) }}{{ [3, 1, 2]|sort(reverse=true) }}{{ messages|sort(attribute='role')|map(attribute='role')|list }}",
    "{{ [1, 2]|sum }}{{ [3, 1]|min }}{{ ['b', 'C']|max }}{{ ['a', 'A', 'b']|unique|list }}{{ 'abc'|reverse }}{{ words|reverse|list }}",
    "{{ 'a\n\nb'|indent }}|{{ 'a\n\nb'|indent(2, true) }}|{{ 'a\n\nb'|indent(width='> ', blank=true) }}|",
    "{{ '<'|safe + '<' }}{{ '<' + '<'|safe }}{{ ('<'|safe) ~ '<' }}{{ '<&>\"\\''|e }}{{ '<'|e|e }}{{ ['<'|safe] }}",
    "{{ ('a,<b'|safe).split(',') }}{{ ('<'|safe).replace('<', '<i>') }}{{ ','.join(['<'|safe]) }}{{ (','|safe).join(['<', 1]) }}",
    "{{ 3|string + 'x' }}{{ [1]|string }}{{ none|string }}",
    # Tests.
    "{{ missing is defined }}{{ number is defined }}{{ missing is undefined }}{{ none is none }}{{ 0 is none }}{{ mapping.q is defined }}",
    "{{ 'a' is string }}{{ 1 is string }}{{ mapping is mapping }}{{ words is mapping }}{{ words is iterable }}{{ 'a' is iterable }}{{ 1 is iterable }}"
    "{{ words is sequence }}{{ mapping is sequence }}{{ missing is iterable }}{{ missing is sequence }}{{ none is iterable }}",
    "{{ 1 is number }}{{ true is number }}{{ 1.0 is float }}{{ true is integer }}{{ true is boolean }}{{ 1 is boolean }}{{ true is true }}{{ 1 is true }}{{ false is false }}",
    "{{ 3 is odd }}{{ 3 is even }}{{ 9 is divisibleby 3 }}{{ 1 is eq 1 }}{{ 1 is ne(1) }}{{ 2 is gt 1 }}{{ 1 is in [1] }}{{ 'a' is lower }}{{ 'aB' is upper }}",
    "{{ missing is not defined and number is not none or false }}{{ not number is string }}{{ raise_exception is defined }}{{ range is callable }}",
    # Methods.
    "{{ ' a '.strip() }}|{{ ' a '.lstrip() }}|{{ ' a '.rstrip() }}|{{ 'xyax'.strip('xy') }}|{{ '\\n a\\n'.lstrip('\\n') }}|{{ 'a\\n\\n'.rstrip('\\n') }}",
    "{{ 'a,b,,c'.split(',') }}{{ ' a  b '.split() }}{{ 'a,b,c'.split(',', 1) }}{{ 'a,b,c'.rsplit(',', 1) }}{{ ''.split() }}{{ ''.split(',') }}{{ ' a b c '.split(none, 1) }}",
    "{{ 'abc'.startswith('ab') }}{{ 'abc'.endswith(('x', 'c')) }}{{ 'abc'.startswith('b', 1) }}{{ 'aXbX'.replace('X', '-', 1) }}{{ 'a\\nb\\r\\nc'.splitlines() }}",
    "{{ 'héllo'.find('l') }}{{ 'hello'.rfind('l') }}{{ 'a'.find('b') }}{{ 'banana'.count('an') }}{{ 'x'.join(['a', 'b']) }}{{ 'unprefix'.removeprefix('un').removesuffix('fix') }}",
    "{{ mapping.get('b') }}{{ mapping.get('q') }}{{ mapping.get('q', 'd') }}{{ '12'.isdigit() }}{{ 'ab'.isalpha() }}{{ ''.isdigit() }}{{ words.index('A') }}{{ words.count('b') }}",
    "{{ dict(a=1, b='x') }}{{ dict(mapping, b=2)['b'] }}{{ range(3)|list }}{{ range(2, 8, 3)|list }}{{ range(3, 0, -1)|list }}{{ range(0)|list }}",
    # Errors.
    "{{ raise_exception('no') }}", "{{ missing.attribute }}", "{{ missing['x'] }}", "{{ missing() }}", "{{ missing + 1 }}",
    "{{ 1 + 'a' }}", "{{ 'a' + none }}", "{{ 1 / 0 }}", "{{ none < 1 }}", "{{ for }}{% endfor %}", "{% if true %}", "{{ 1 + }}", "{{ 'a }}",
    "{% for x in 5 %}{% endfor %}", "{% for a, b in [1] %}{% endfor %}", "{% set x.y = 1 %}", "{{ {[1]: 2} }}", "{{ 'a' in 5 }}", "{{ 5 in 'a' }}",
    "{{ [1, 2]|tojson(indent=missing) }}", "{{ missing|tojson }}", "{{ ''.split('') }}", "{{ range(1000000) }}", "{{ words.append(1) }}", "{{ mapping.update({}) }}",
    "{{ 'a'|int + missing }}", "{{ [}] }}", "{% endif %}", "{% set ns = namespace() %}{% set ns._x = 1 %}", "{{ missing|int }}", "{{ none|length }}", "{{ 'a'[1:2:0] }}",
    "{{ mapping.update is defined }}{{ mapping.__class__ is defined }}{{ 'a'.__class__ }}",
]


def render(source):
    try:
        return render_jinja_template([MESSAGES], chat_template=source, **VARIABLES)[0][0]
    except Exception:  # whatever jinja2 raises
        return None


def main(out):
    cases = [{"template": source, "expected": render(source)} for source in TEMPLATES]
    golden = {"messages": MESSAGES, "variables": VARIABLES, "cases": cases}
    with open(out, "w", encoding="utf-8") as file:
        json.dump(golden, file, ensure_ascii=False, indent=0)
        file.write("\n")
    print(f"{len(cases)} templates, {sum(case['expected'] is None for case in cases)} errors")


if __name__ == "__main__":
    main(*sys.argv[1:])
