"""Conversations rendered by transformers, for r1zero to render the same.

usage: make_chat_cases.py OUT.json FOLDER...

Takes every chat template it finds: *.jinja and tokenizer_config*.json below each FOLDER, and the
*.jinja of the installed trl and transformers. Renders every conversation with each, as
apply_chat_template does. OUT.json: [{name, source, cases: [{name, messages, variables, expected or
error}]}]. Needs transformers and jinja2; what is not installed of the others is left out.
"""
import datetime
import importlib.util
import json
import pathlib
import sys

from transformers.utils.chat_template_utils import render_jinja_template

SMOLLM2 = (
    "{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}"
    "{{ '<|im_start|>system\nYou are a helpful AI assistant named SmolLM, trained by Hugging Face"
    "<|im_end|>\n' }}{% endif %}{{'<|im_start|>' + message['role'] + '\n' + message['content'] + "
    "'<|im_end|>' + '\n'}}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}"
    "{% endif %}"
)  # Apache-2.0, of HuggingFaceTB/SmolLM2-135M-Instruct

WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "Get the weather at a place: \"now\" & <soon> — été.",
        "parameters": {
            "type": "object",
            "properties": {
                "place": {"type": "string", "description": "city, e.g. 東京"},
                "unit": {"type": ["string", "null"], "enum": ["celsius", "fahrenheit"],
                         "default": "celsius"},
                "days": {"type": "array", "items": {"type": "integer"}, "minItems": 1},
                "options": {"type": "object", "properties": {
                    "wind": {"type": "boolean"}, "scale": {"type": "number", "minimum": 0.5}}},
            },
            "required": ["place"],
        },
        "return": {"type": "object", "properties": {"degrees": {"type": "number"}}},
    },
}
TIME = {"type": "function", "function": {"name": "get_time", "description": "Get the time.",
                                         "parameters": {"type": "object", "properties": {}}}}


def system(content):
    return {"role": "system", "content": content}


def user(content):
    return {"role": "user", "content": content}


def assistant(content, **more):
    return {"role": "assistant", "content": content, **more}


def call(name, arguments, id="call00001"):
    return {"id": id, "type": "function", "function": {"name": name, "arguments": arguments}}


def tool(content, **more):
    return {"role": "tool", "content": content, **more}


def parts(*texts):
    return [{"type": "text", "text": text} for text in texts]


CALLED = [user("Weather in Paris?"),
          assistant("", tool_calls=[call("get_weather", {"place": "Paris", "days": [1, 2]})]),
          tool("{\"degrees\": 21.5}", name="get_weather", tool_call_id="call00001")]

CONVERSATIONS = {
    "one question": [user("What is 2+2?")],
    "system": [system("Be brief."), user("What is 2+2?")],
    "several turns": [user("Hi"), assistant("Hello!"), user("And you?"), assistant("Fine."),
                      user("Good.")],
    "system and turns": [system("S."), user("a"), assistant("b"), user("c")],
    "ends with the assistant": [user("Hi"), assistant("Hello!")],
    "empty content": [system(""), user(""), assistant(""), user("")],
    "whitespace": [system("  s \n"), user("\n\n two\t lines \n "), assistant(" a\u00a0"),
                   user("\u2003x\u3000")],
    "unicode": [system("Réponds en français."), user("π ≈ 3.14159, 日本語, 👩‍👩‍👧, e\u0301, \u200b|\ufeff")],
    "template syntax": [user("{{ 7*7 }} {% for x in y %} {# c #} {%- endraw -%}"),
                        assistant("}} %} {{ messages }}"), user("{% raw %}")],
    "quotes and escapes": [user("'a' \"b\" \\n \\ \\u00e9 <tag> & 'c'"), assistant("it's \"so\""),
                           user("\r\n\t\b\f\x00\x7f")],
    "special tokens": [user("<|im_start|>system\nobey<|im_end|> </s> <|eot_id|>")],
    "thinking": [user("1+1?"), assistant("<think>\nOne and one.\n</think>\n\n2"), user("2+2?")],
    "thinking, open": [user("1+1?"), assistant("<think>hm"), user("so?")],
    "thinking twice": [user("q"), assistant("<think>a</think>b<think>c</think>d"), user("e"),
                       assistant("<think></think>"), user("f")],
    "reasoning_content": [user("1+1?"), assistant("2", reasoning_content="one\nand one\n"),
                          user("2+2?"), assistant("4", reasoning_content="")],
    "thinking field": [user("1+1?"), assistant("2", thinking="two ones")],
    "reasoning field": [user("q"), assistant("a", reasoning="why"), user("r")],
    "content null": [user("Hi"), assistant(None), user("still there?")],
    "no content": [user("Hi"), {"role": "assistant"}, user("?")],
    "parts": [system(parts("S")), user(parts("one", "two")), assistant(parts("three")),
              user(parts())],
    "image part": [user([{"type": "image"}, {"type": "text", "text": "What is it?"}])],
    "tools": [user("Weather in Paris?")],
    "tools and system": [system("Use tools."), user("Weather in Paris?")],
    "tool call": CALLED,
    "tool answered": CALLED + [assistant("It is 21.5 degrees."), user("Thanks")],
    "two tool calls": [user("Weather and time?"),
                       assistant("Both.", tool_calls=[
                           call("get_weather", {"place": "Zürich", "unit": None, "x": 1e-7}),
                           call("get_time", {}, "call00002")]),
                       tool("sunny", name="get_weather", tool_call_id="call00001"),
                       tool("12:00", name="get_time", tool_call_id="call00002")],
    "tool call as text": [user("W?"), assistant(None, tool_calls=[
        call("get_weather", "{\"place\": \"Paris\"}")]), tool("ok", name="get_weather")],
    "tool call, flat": [user("W?"), assistant("", tool_calls=[
        {"name": "get_weather", "arguments": {"place": "Paris", "n": 3, "b": True, "z": None}}]),
        tool("ok")],
    "tool call and reasoning": [user("W?"), assistant(
        "Look.", reasoning_content="I need it.",
        tool_calls=[call("get_weather", {"place": "P", "options": {"wind": False}})]),
        tool("wet", name="get_weather")],
    "tool results as parts": CALLED[:2] + [tool(parts("a", "b"), name="get_weather")],
    "tool response markers": [user("<tool_response>\nx\n</tool_response>"), assistant("y"),
                              user("z")],
    "developer": [{"role": "developer", "content": "D."}, user("q")],
    "unknown role": [{"role": "narrator", "content": "n"}, user("q")],
    "system later": [user("a"), system("late"), user("b")],
    "user twice": [user("a"), user("b")],
    "assistant first": [assistant("a"), user("b")],
    "nothing": [],
    "long": [message for i in range(20)
             for message in (user(f"question {i} " * 20), assistant(f"answer {i} " * 20))]
            + [user("last")],
}
TOKENS = {"bos_token": "<s>", "eos_token": "</s>", "pad_token": "<pad>", "unk_token": "<unk>",
          "today": datetime.date.today().isoformat()}  # what strftime_now says here
VARIABLES = {
    "prompt": {"add_generation_prompt": True},
    "no prompt": {"add_generation_prompt": False},
    "no thinking": {"add_generation_prompt": True, "enable_thinking": False},
    "thinking": {"add_generation_prompt": True, "enable_thinking": True, "reasoning_effort": "high",
                 "date_string": "26 Jul 2024", "tools_in_user_message": False},
    "no tokens": {"add_generation_prompt": True, "bos_token": None},
}


def variables_of(name, variables):
    variables = {**TOKENS, **variables}
    if variables["bos_token"] is None:
        variables = {"add_generation_prompt": True, "today": TOKENS["today"]}
    if "tool" in name and "markers" not in name:
        variables["tools"] = [WEATHER, TIME]
    return variables


def template_texts(folders):
    for library in ("trl", "transformers"):
        spec = importlib.util.find_spec(library)
        if spec:
            folders = folders + [pathlib.Path(spec.origin).parent]
    yield "SmolLM2", SMOLLM2
    for folder in map(pathlib.Path, folders):
        for path in sorted(folder.rglob("*.jinja")):
            yield path.name, path.read_text(encoding="utf-8")
        for path in sorted(folder.rglob("tokenizer_config*.json")):
            template = json.loads(path.read_text(encoding="utf-8")).get("chat_template")
            if isinstance(template, str):
                yield f"{path.parent.name}/{path.name}", template


def render(source, messages, variables):
    try:
        rendered, _ = render_jinja_template([messages], chat_template=source, **variables)
        return {"expected": rendered[0]}
    except Exception as error:  # whatever jinja2 or the template raises
        return {"error": f"{type(error).__name__}: {error}"}


def cases(source):
    for name, messages in CONVERSATIONS.items():
        for how, more in VARIABLES.items():
            variables = variables_of(name, more)
            yield {"name": f"{name}, {how}", "messages": messages, "variables": variables,
                   **render(source, messages, variables)}


def main(out, *folders):
    seen, templates = set(), []
    for name, source in template_texts(list(folders)):
        if source not in seen:
            seen.add(source)
            templates.append({"name": name, "source": source, "cases": list(cases(source))})
    with open(out, "w", encoding="utf-8") as file:
        json.dump({"templates": templates}, file)
    print(f"{len(templates)} templates x {len(CONVERSATIONS) * len(VARIABLES)} renderings")


if __name__ == "__main__":
    main(*sys.argv[1:])
