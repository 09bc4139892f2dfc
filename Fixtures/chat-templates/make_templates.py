#!/usr/bin/env python3
"""Makes Fixtures/chat-templates/cases.jsonl: what transformers renders for templates and messages.

    python3 -m pip install transformers jinja2
    python3 Fixtures/chat-templates/make_templates.py Fixtures/chat-templates/*.jinja > cases.jsonl

The templates here are our own, in the shapes of those that models come with. Other templates can be
compared too: give their files, write the output to a file and name it in ERRATA_TEMPLATE_PARITY.
"""

import json
import os
import sys

from transformers.utils.chat_template_utils import _compile_jinja_template

TOOL = {"type": "function", "function": {
    "name": "weather", "description": "The weather \u2600 \"now\"\n",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}, "days": {"type": "integer"}},
                   "required": ["city"]}}}
CALL = {"id": "abcdefghi", "type": "function",
        "function": {"name": "weather", "arguments": {"city": "Bern", "days": 2, "exact": True, "x": 1.5, "n": None}}}


def conversations():
    user = {"role": "user", "content": "  Who runs X? \u4f60\u597d \U0001f600\n"}
    answer = {"role": "assistant", "content": " Linda.\n"}
    system = {"role": "system", "content": "Be \"brief\".\n"}
    thought = {"role": "assistant", "content": "<think>\nHm.\n</think>\n\nLinda."}
    call = {"role": "assistant", "content": "", "tool_calls": [CALL]}
    calls = {"role": "assistant", "content": "Let me see.", "tool_calls": [CALL, CALL]}
    tool = {"role": "tool", "content": "{\"sun\": 1}", "name": "weather"}
    yield [user]
    yield [system, user]
    yield [user, answer, user]
    yield [system, user, answer, user, thought, user]
    yield [user, thought]
    yield [user, {"role": "assistant", "content": "x", "reasoning_content": "because"}]
    yield [user, call, tool, answer, user]
    yield [system, user, calls, tool, tool]
    yield [user, user]
    yield [answer, user]
    yield [system, system]
    yield [{"role": "user", "content": "<result>x</result>"}, answer]
    yield [{"role": "ipython", "content": {"a": [1, 2]}}, {"role": "user", "content": ""}]
    yield [{"role": "user", "content": "\x00\t\u2028 <|im_end|>'{{ x }}'"}]


def main(paths):
    for path in paths:
        with open(path, encoding="utf-8", newline="") as file:
            source = file.read()
        template = _compile_jinja_template(source)
        for messages in conversations():
            for more in ({"add_generation_prompt": True}, {"add_generation_prompt": False, "enable_thinking": False},
                         {"add_generation_prompt": True, "enable_thinking": False, "tools": [TOOL, TOOL]}):
                values = {"messages": messages, "bos_token": "<s>", "eos_token": "</s>",
                          "date_string": "26 Nov 2026", **more}
                case = {"template": os.path.basename(path), "values": values}
                if os.environ.get("WITH_SOURCE"):
                    case["source"] = source
                try:
                    case["text"] = template.render(**values)
                except Exception as error:
                    case["error"] = str(error)
                print(json.dumps(case, ensure_ascii=True, separators=(",", ":")))


if __name__ == "__main__":
    main(sys.argv[1:])
